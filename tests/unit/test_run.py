"""A whole run: test rows choose nothing, every row is measured once, groups stay whole, plans replay."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import toy
from sensorium.evaluate import judge
from sensorium.load_table import load_table
from sensorium.plan import Plan
from sensorium.plan_write import to_dict
from sensorium.report.files import card
from sensorium.train import run as running
from sensorium.train import tell as telling
from sensorium.train.climb import Climbed
from sensorium.train.division import groups_of
from sensorium.train.measure import pooled
from sensorium.train.run import Request, Run, run
from sensorium.train.tell import evaluated, report_of

LIGHT = ["linear", "age alone (linear)", "kind alone (linear)", "fusion", "mean", "ensemble"]


def shuffled(made: list[toy.Row]) -> list[toy.Row]:
    """The same rows with the test rows' labels turned round."""
    turned = {"x": "y", "y": "x"}
    return [r | {"label": turned[str(r["label"])]} if r["split"] == "test" else r for r in made]


def arrays(found: Run) -> dict[str, Any]:
    return {f"{name} {key}": value for name, one in found.done.candidates.items()
            for key, value in flat(one.member).items()}  # fmt: skip


def flat(member: Any, prefix: str = "") -> dict[str, Any]:
    own = {f"{prefix}{key}": value for key, value in member.state()[1].items()}
    for name, part in member.parts().items():
        own |= flat(part, f"{prefix}{name}/")
    return own


def test_the_true_answers_of_test_rows_change_no_choice_and_no_weight() -> None:
    made = toy.given(toy.rows(60))
    raw = toy.plan_of("age", "kind", train={"rungs": LIGHT})
    first = run(Request(load_table(made), ("label",), raw))
    other = run(Request(load_table(shuffled(made)), ("label",), raw))
    assert first.split == "test"
    assert len(first.measured.rows) == 12
    assert first.done.chosen == other.done.chosen
    assert first.facts == other.facts
    one, two = arrays(first), arrays(other)
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert not np.array_equal(first.measured.targets["label"].values, other.measured.targets["label"].values)


def crossed(made: list[toy.Row], **rest: Any) -> Run:
    raw = toy.plan_of("age", train={"rungs": ["linear"]}, **rest)
    return run(Request(load_table(made), ("label",), raw))


def test_small_tables_are_cross_validated_and_every_row_is_measured_once() -> None:
    found = crossed(toy.rows(50))
    assert found.split == "cross-validation"
    assert found.how.startswith(
        "5-fold cross-validation (stratified by 'label'; 10 test rows each); the verdict"
    )
    assert sorted(found.measured.rows.tolist()) == list(range(50))
    assert all(len(v["label"]) == 50 for v in found.measured.candidates.values())


def test_groups_stay_whole_in_every_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [row | {"voice": f"v{number // 5}"} for number, row in enumerate(toy.rows(60))]
    kept: list[Any] = []
    climbed = running._Shared.climbed

    def noted(self: Any, name: str, train: Any, val: Any) -> Any:
        kept.append((name, train, val))
        return climbed(self, name, train, val)

    monkeypatch.setattr(running._Shared, "climbed", noted)
    found = crossed(made, split={"how": "group", "column": "voice", "folds": 3})
    assert [name for name, *_ in kept] == ["fold 0", "fold 1", "fold 2", ""]
    for _, train, val in kept:
        assert not set(train // 5) & set(val // 5)
    for name, train, val in kept[:3]:
        held = np.setdiff1d(np.arange(60), np.concatenate([train, val]))
        assert len(held) >= 15, name
        assert not set(held // 5) & set(np.concatenate([train, val]) // 5)
    assert found.groups is not None
    assert len(set(found.groups.tolist())) == 12


def test_settled_networks_of_every_fold_are_written_and_read_back() -> None:
    raw = toy.plan_of("age", "kind", train={"rungs": ["linear", "fusion"], "epochs": 1}, split={"folds": 2})
    made = load_table(toy.rows(40))
    found = run(Request(made, ("label",), raw, time_limit=3000))
    names = [
        f"{fold}{name}" for fold in ("", "fold 0: ", "fold 1: ") for name in ("fusion", "ladder", "refit")
    ]
    assert sorted(found.plan.train.settled) == sorted(names)
    again = run(Request(made, ("label",), to_dict(found.plan)))
    one, two = arrays(found), arrays(again)
    assert all(np.array_equal(one[name], two[name]) for name in one)
    for name, values in found.measured.candidates.items():
        assert np.array_equal(values["label"], again.measured.candidates[name]["label"]), name
    assert again.plan.train.settled == found.plan.train.settled


def test_a_time_limit_that_is_too_short_for_folds_measures_on_one_part_and_says_so() -> None:
    raw = toy.plan_of("age", train={"rungs": ["linear"]})
    made = load_table(toy.rows(60))
    found = run(Request(made, ("label",), raw, time_limit=100))
    assert found.split == "test"
    assert len(found.measured.rows) == 9
    assert found.notes[0] == (
        "a time limit of 100 s is too short for cross-validation: one test part of the rows measures; 360 s "
        "or more, or split.folds, cross-validates"
    )
    long = run(Request(made, ("label",), raw, time_limit=360))
    assert long.split == "cross-validation"
    assert not any("too short" in note for note in long.notes)
    asked = toy.plan_of("age", train={"rungs": ["linear"]}, split={"folds": 2})
    assert run(Request(made, ("label",), asked, time_limit=100)).split == "cross-validation"


def test_a_test_table_brings_its_own_groups() -> None:
    made = [row | {"voice": f"v{number // 4}"} for number, row in enumerate(toy.rows(40))]
    raw = toy.plan_of("age", train={"rungs": ["linear"]}, split={"how": "group", "column": "voice"})
    other = [row | {"voice": "w"} for row in toy.rows(12, seed=5)]
    other[0]["voice"] = None
    found = run(Request(load_table(made), ("label",), raw, test=load_table(other)))
    assert found.groups is not None
    assert found.groups.tolist() == [1] + [0] * 11
    assert found.measured.rows.tolist() == list(range(12))
    bare = [{n: c for n, c in row.items() if n != "voice"} for row in other]
    assert run(Request(load_table(made), ("label",), raw, test=load_table(bare))).groups is None


def test_a_division_without_groups_has_none() -> None:
    plan: Plan = toy.ladder(toy.plan_of("age")).plan
    assert groups_of(plan, load_table(toy.rows(4))) is None
    assert Climbed().best_single() is None


def twins() -> list[toy.Row]:
    """Rows of which one stands in the table twice."""
    made = toy.rows(40)
    return [*made[:39], made[0]]


def test_rows_of_a_test_table_are_searched_for_twins_among_the_rows_learned_from() -> None:
    raw = toy.plan_of("age", "kind", train={"rungs": ["linear"]})
    made, other = toy.rows(40), toy.rows(10, seed=5)
    found = run(Request(load_table(made), ("label",), raw, test=load_table([*other, made[3], made[4]])))
    leaks = {(leak.first, leak.second): leak.count for leak in found.leaks if leak.kind == "row"}
    assert sum(count for (_, second), count in leaks.items() if second == "test") == 2
    assert found.searched is not None
    assert found.searched.num_rows == 52
    assert run(Request(load_table(made), ("label",), raw, test=load_table(other))).leaks == []


def test_twins_in_different_folds_are_told_and_twins_in_one_fold_are_not() -> None:
    raw = toy.plan_of("age", "kind", train={"rungs": ["linear"]}, split={"folds": 2})
    found = run(Request(load_table(twins()), ("label",), raw))
    ours = {fold for fold, held in enumerate(np.split(found.measured.rows, 2)) if {0, 39} & set(held)}
    assert [leak.count for leak in found.leaks] == ([2] if len(ours) == 2 else [])
    group = toy.plan_of(
        "age", "kind", train={"rungs": ["linear"]}, split={"how": "group", "column": "amount", "folds": 2}
    )
    voiced = [row | {"amount": number % 39 // 3} for number, row in enumerate(twins())]
    assert run(Request(load_table(voiced), ("label",), group)).leaks == []


def test_what_ships_after_cross_validation_is_said_to_be_chosen_on_rows_of_its_own() -> None:
    found = crossed(toy.rows(50), split={"folds": 2})
    assert found.how.startswith("2-fold cross-validation (")
    assert found.how.endswith("what ships learns from 42 rows and is chosen on 8 others")


def test_after_cross_validation_every_candidate_has_its_own_numbers_and_chosen_is_what_ships() -> None:
    raw = toy.plan_of("age", "kind", train={"rungs": LIGHT[:3]}, split={"folds": 2})
    found = run(Request(load_table(toy.rows(40)), ("label",), raw))
    result = report_of(found).targets["label"]
    assert result.chosen == found.done.chosen
    assert list(result.to_dict()["candidates"])[-1] == "chosen in each fold"  # type: ignore[arg-type]
    own = found.measured.candidates[found.done.chosen]["label"]
    known = found.measured.targets["label"].values
    value = result.candidates[result.chosen].metrics["accuracy"].value
    assert value == pytest.approx(float((own.argmax(1) == known).mean()))
    each = found.measured.chosen["label"]
    value = result.candidates["chosen in each fold"].metrics["accuracy"].value
    assert value == pytest.approx(float((each.argmax(1) == known).mean()))
    assert f"chosen in each of 2 folds, while `{result.chosen}` ships" in str(result.verdict["sentence"])
    told = card(found, report_of(found))
    assert f"- shipped: {result.chosen}" in told
    assert "- chosen in each fold, which choosing did not flatter: accuracy" in told


def test_a_candidate_that_ships_but_was_skipped_in_a_fold_is_told() -> None:
    found = crossed(toy.rows(50), split={"folds": 2}).measured
    part = replace(found, folds=1)
    names = {n: v for n, v in part.candidates.items() if n == "prior"}
    both = pooled([part, replace(part, candidates=names)], "linear")
    assert set(both.candidates) == {"prior", "linear"}
    assert np.array_equal(
        both.candidates["linear"]["label"],
        np.concatenate([part.candidates["linear"]["label"], part.chosen["label"]]),
    )
    assert both.notes == (
        "linear ships but was skipped in 1 of 2 folds; on their rows its numbers are those of what the fold "
        "chose",
    )


def test_an_evaluation_resamples_the_groups_that_the_plan_kept_whole() -> None:
    made = [row | {"voice": f"v{number // 5}"} for number, row in enumerate(toy.rows(60))]
    raw = toy.plan_of(
        "age", train={"rungs": ["linear"]}, split={"how": "group", "column": "voice", "folds": 2}
    )
    found = run(Request(load_table(made), ("label",), raw))
    asked: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telling, "judge", lambda *given: (asked.append(given[4]), judge(*given))[1])
        evaluated(found.predictor, load_table(made))
        evaluated(found.predictor, load_table([{n: c for n, c in r.items() if n != "voice"} for r in made]))
    assert asked[0].tolist() == [number // 5 for number in range(60)]
    assert asked[1] is None
