"""Which subsets of inputs are asked, that asking together is asking one by one, and the worst of them."""

from itertools import combinations

import numpy as np
import pytest

import toy
from sensorium.chained import Chained
from sensorium.evaluate import Judge, evaluate_subsets, judge
from sensorium.members.mean import Mean
from sensorium.network import Network
from sensorium.results import Subset, TargetReport, TargetResult
from sensorium.subsets import ALL_OF, DRAWN, MOST_ROWS, Asked, drawn_rows, hidden_sets
from sensorium.table.prepared import Prepared
from sensorium.tasks.classify import Classify
from sensorium.train.ladder import climb
from sensorium.train.missing import with_subsets

INPUTS = ["photo", "age", "kind"]
EVERY = [frozenset(c) for size in range(4) for c in combinations(INPUTS, size)]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_of_few_inputs_every_subset_is_asked() -> None:
    for count in range(ALL_OF + 1):
        found = hidden_sets(list("abcdef"[:count]), rng())
        assert len(found) == len(set(found)) == max(0, 2**count - 2)
        assert [len(s) for s in found] == sorted(len(s) for s in found)


def test_of_many_inputs_all_without_one_or_two_and_drawn_ones_are_asked() -> None:
    names = [f"i{i}" for i in range(9)]
    found = hidden_sets(names, rng())
    assert found == hidden_sets(names, rng())
    assert found != hidden_sets(names, rng(1))
    assert set(found[:45]) == {frozenset(c) for size in (1, 2) for c in combinations(names, size)}
    drawn = found[45:]
    assert len(drawn) == len(set(drawn)) == DRAWN
    assert {len(s) for s in drawn} == set(range(3, 9))


def test_many_rows_are_drawn_from_in_order() -> None:
    assert drawn_rows(5, rng()).tolist() == [0, 1, 2, 3, 4]
    found = drawn_rows(MOST_ROWS + 1, rng())
    assert len(found) == MOST_ROWS
    assert (np.diff(found) > 0).all()


@pytest.fixture(scope="module")
def climbed() -> tuple[dict[str, object], Prepared]:
    """Every rung over three inputs, and rows of which a third lack something."""
    asked = toy.ladder(toy.plan_of(train={"epochs": 1}))
    made = toy.rows(24, seed=5)
    for number, row in enumerate(made):
        row[INPUTS[number % 3]] = None if number % 2 else row[INPUTS[number % 3]]
    made[5] |= dict.fromkeys(INPUTS)
    _, _, data = toy.fitted(toy.plan_of(), [*made, *toy.rows(4)])
    return {n: c.member for n, c in climb(asked).candidates.items()}, data.rows(np.arange(24))


def test_asking_together_is_asking_one_by_one(climbed: tuple[dict[str, object], Prepared]) -> None:
    members, data = climbed
    kinds = {type(m) for m in members.values()}
    assert {Network, Chained, Mean} < {
        *kinds,
        *(type(p) for m in members.values() for p in m.parts().values()),
    }
    asked = Asked(data, EVERY)
    for name, member in members.items():
        for hidden in EVERY:
            alone, together = member.numbers(data.hiding(sorted(hidden))), asked.of(member, hidden)
            np.testing.assert_array_equal(together.answered, alone.answered, err_msg=f"{name} {hidden}")
            known = alone.answered
            np.testing.assert_allclose(
                together.values["label"][known], alone.values["label"][known], rtol=0, atol=1e-5
            )


def test_encoders_run_once_for_all_subsets(
    climbed: tuple[dict[str, object], Prepared], monkeypatch: pytest.MonkeyPatch
) -> None:
    members, data = climbed
    modes: list[str] = []
    run = Network._outputs
    monkeypatch.setattr(Network, "_outputs", lambda *given: (modes.append(given[-1]), run(*given))[1])
    asked = Asked(data, EVERY)
    for hidden in EVERY:
        asked.of(members["fusion"], hidden)
    assert modes == ["answer", "encode"]


def labels(rows: int) -> Judge:
    task, cells = Classify(), ["ab"[r % 2] if r % 7 else None for r in range(rows)]
    facts = task.fit(cells, "target 'y'")
    return judge(task, facts, task.target(cells, facts, "target 'y'"))


def test_the_worst_subset_comes_first_with_its_interval() -> None:
    known, drawn = labels(60), np.arange(0, 60, 2) + np.arange(30) % 2
    truth = np.arange(60)[drawn] % 2
    right, wrong = np.eye(2)[truth] * 4, np.eye(2)[1 - truth] * 4
    numbers = {frozenset("a"): right, frozenset("b"): np.where(np.arange(30)[:, None] < 20, right, wrong)}
    found = evaluate_subsets(known, drawn, numbers, ["a", "b"], "accuracy", rng())
    kept = drawn % 7 != 0
    assert [(s.given, s.hidden) for s in found] == [(("a",), ("b",)), (("b",), ("a",))]
    assert found[0].score.value == pytest.approx((np.arange(30) < 20)[kept].mean())
    assert found[0].score.low < found[0].score.value < found[0].score.high
    assert found[0].score.rows == kept.sum()
    assert found[1].score.value == 1.0
    assert np.isnan(found[1].score.low)
    low = evaluate_subsets(known, drawn, numbers, ["a", "b"], "log_loss", rng())
    assert low[0].hidden == ("b",)


def test_a_subset_is_called_by_what_is_fewer() -> None:
    worst = Subset(("a",), ("b", "c"), None)  # type: ignore[arg-type]
    assert worst.name == "only a"
    assert Subset(("a",), ("b",), None).name == "without b"  # type: ignore[arg-type]


def test_a_report_tells_the_worst_subset_in_words_and_as_json() -> None:
    known, drawn = labels(40), np.arange(40)
    numbers = {frozenset("a"): np.zeros((40, 2)), frozenset("b"): np.eye(2)[drawn % 2]}
    found = evaluate_subsets(known, drawn, numbers, ["a", "b"], "accuracy", rng())
    report = TargetReport("labels", 34, 6, {"accuracy": found[0].score}, subsets=found)
    assert report.worst_words() == "worst of 2 subsets: without a"
    assert "worst of 2 subsets: without a" in str(report)
    told = TargetResult("accuracy", {"shipped": report}, "shipped").to_dict()["missing"]
    assert told["worst"] == told["subsets"][0]  # type: ignore[index, call-overload]
    assert told["worst"]["hidden"] == ["a"]  # type: ignore[index, call-overload]
    fewer = TargetReport("labels", 99, 6, {"accuracy": found[0].score}, subsets=found[:1])
    assert fewer.worst_words() == "worst of 1 subset: without a, 34 of 99 rows"


def test_rows_are_drawn_and_subsets_asked_by_the_seed(climbed: tuple[dict[str, object], Prepared]) -> None:
    members, data = climbed
    plan, facts, _ = toy.fitted(toy.plan_of(), toy.rows(28))
    drawn, found = with_subsets(members["fusion"], facts, data, plan.seed)
    assert drawn.tolist() == list(range(24))
    assert list(found) == EVERY[1:-1]
    gone = found[frozenset(INPUTS[:2])]["label"]
    prior = facts["targets"]["label"]["prior"]
    lacks = ~data.present("kind")
    np.testing.assert_array_equal(gone[lacks], np.tile(prior, (int(lacks.sum()), 1)))
