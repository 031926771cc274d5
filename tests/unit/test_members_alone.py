"""Rows with one input only are answered by the members that are best with it."""

import json
from dataclasses import replace

import numpy as np
import pytest

import toy
from sensorium.members._base import Arrays, Goal, Member, Numbers
from sensorium.members.ensemble import Ensemble
from sensorium.subsets import Asked
from sensorium.table.prepared import Prepared, Target
from sensorium.tasks import tasks
from sensorium.train import alone as module
from sensorium.train.alone import SETTLED, weights_alone
from sensorium.train.climb import Budget, Climb
from sensorium.types import Facts


class _Always(Member):
    """Says one number wherever one of its inputs is."""

    def __init__(self, value: float, inputs: tuple[str, ...]) -> None:
        self.value, self.inputs = value, inputs
        self.seen: list[int] = []

    def numbers(self, data: Prepared) -> Numbers:
        self.seen += data.numbers.tolist()
        there = np.logical_or.reduce([data.present(n) for n in self.inputs])
        return Numbers({"t": np.full((len(data), 1), self.value)}, there)

    def state(self) -> tuple[Facts, Arrays]:
        raise AssertionError("not stored here")

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays, parts: dict[str, Member] | None = None) -> "_Always":
        raise AssertionError("not stored here")


def goal() -> Goal:
    facts = tasks.get("regress")(log="no").fit([0.0, 1.0, 2.0], "t") | {"prior": [-1.0]}
    return Goal("regress", {"log": "no"}, facts)


def table() -> Prepared:
    """Six rows: both, the age, the kind, neither, the age, both."""
    made = toy.rows(6)
    for row, gone in ((1, "kind"), (2, "age"), (4, "kind")):
        made[row][gone] = None
    made[3] |= {"age": None, "kind": None}
    _, _, data = toy.fitted(toy.plan_of("age", "kind"), [*made, *toy.rows(4)])
    return data.rows(np.arange(6))


def ensemble() -> tuple[Ensemble, dict[str, _Always]]:
    members = {
        "both": _Always(0.0, ("age", "kind")),
        "own": _Always(1.0, ("age",)),
        "more": _Always(3.0, ("age",)),
    }
    alone = {"age": {"t": {"own": 0.5, "more": 0.5}}}
    return Ensemble(members, {"t": {"both": 1.0}}, {"t": goal()}, alone), members


def test_rows_with_one_input_have_weights_of_their_own() -> None:
    joined, members = ensemble()
    found = joined.numbers(table())
    assert found.values["t"][:, 0].tolist() == [0.0, 2.0, 0.0, -1.0, 2.0, 0.0]
    assert found.answered.tolist() == [True, True, True, False, True, True]
    assert sorted(members["own"].seen) == [1, 4], "who answers no other row is not asked"
    assert joined.inputs == ("age", "kind")


def test_a_row_alone_gets_what_it_gets_among_others() -> None:
    joined, _ = ensemble()
    whole = joined.numbers(table()).values["t"]
    for row in range(6):
        assert joined.numbers(table().rows(np.array([row]))).values["t"][0] == whole[row]
    assert joined.numbers(table().rows(np.zeros(0, np.int64))).values["t"].shape == (0, 1)


def test_what_was_said_already_is_weighed_alike() -> None:
    joined, members = ensemble()
    data = table()
    said = {n: m.numbers(data) for n, m in members.items()}
    found = joined.of(said, {n: data.present(n) for n in joined.inputs})
    np.testing.assert_array_equal(found.values["t"], joined.numbers(data).values["t"])
    np.testing.assert_array_equal(found.answered, joined.numbers(data).answered)
    for hidden in (frozenset(), frozenset({"age"}), frozenset({"kind"}), frozenset({"age", "kind"})):
        one, two = Asked(data).of(joined, hidden), joined.numbers(data.hiding(sorted(hidden)))
        np.testing.assert_array_equal(one.values["t"], two.values["t"])
        np.testing.assert_array_equal(one.answered, two.answered)


def test_the_weights_of_one_input_are_stored_and_old_bundles_have_none() -> None:
    joined, members = ensemble()
    facts = json.loads(json.dumps(joined.state()[0]))
    again = Ensemble.restore(facts, {}, dict(members))
    np.testing.assert_array_equal(again.numbers(table()).values["t"], joined.numbers(table()).values["t"])
    old = Ensemble.restore({n: facts[n] for n in ("weights", "goals")}, {}, dict(members))
    assert set(old.members) == {"both"}
    assert old.numbers(table()).values["t"][:, 0].tolist() == [0.0, 0.0, 0.0, -1.0, 0.0, 0.0]


def climbed(rows: int = 120) -> tuple[Climb, dict[str, Member], dict[str, Goal]]:
    """A climb whose target is 1: one member says it where the age is, another where the kind is missing."""
    ask = toy.ladder(toy.plan_of("age", "kind"), toy.rows(rows))
    truth = Target(np.ones(len(ask.data)), np.ones(len(ask.data), bool))
    ask.data = replace(ask.data, targets={"t": truth})
    members: dict[str, Member] = {"own": _Always(1.0, ("age",)), "both": _Always(0.0, ("age", "kind"))}
    near = replace(goal(), score=lambda numbers, _: -float(np.square(numbers[:, 0] - 1).mean()))
    return ask, members, {"t": near}


def test_weights_are_chosen_with_all_other_inputs_hidden() -> None:
    ask, members, goals = climbed()
    assert weights_alone(ask, members, goals) == {"age": {"t": {"own": 1.0}}, "kind": {"t": {"both": 1.0}}}
    assert SETTLED not in ask.settled, "without a clock there is nothing to write down"
    assert weights_alone(ask, {"own": members["own"]}, goals) == {}


def test_too_few_rows_choose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ask, members, goals = climbed(60)
    assert len(ask.val) == 20
    assert set(weights_alone(ask, members, goals)) == {"age", "kind"}
    monkeypatch.setattr(module, "FEWEST_ROWS", 21)
    assert weights_alone(ask, members, goals) == {}


def test_many_validation_rows_are_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    ask, members, goals = climbed()
    monkeypatch.setattr(module, "MOST_ROWS", 25)
    assert weights_alone(ask, members, goals)["age"] == {"t": {"own": 1.0}}
    own = members["own"]
    assert isinstance(own, _Always)
    assert len(set(own.seen)) == 25
    assert set(own.seen) <= set(ask.val.tolist())


def test_no_time_left_means_no_weights_and_a_plan_repeats_it() -> None:
    ask, members, goals = climbed()
    ask.budget = Budget(0.0, {})
    assert weights_alone(ask, members, goals) == {}
    assert ask.settled[SETTLED] == {"done": 0}
    settled = {"ladder": {"rungs": 1}, SETTLED: {"done": 0}}
    again = replace(ask, budget=Budget(None, {}), settled={})
    again.plan = replace(ask.plan, train=replace(ask.plan.train, settled=settled))
    assert weights_alone(again, members, goals) == {}
    assert again.settled == {SETTLED: {"done": 0}}
