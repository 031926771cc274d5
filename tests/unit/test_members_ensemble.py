"""Greedy selection: never worse than the best single member, the simplest of equals, and abstaining."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from sensorium.members._base import Arrays, Floats, Goal, Member, Numbers, Rows
from sensorium.members._greedy import greedy
from sensorium.members.ensemble import Ensemble
from sensorium.members.mean import Mean
from sensorium.table.prepared import Prepared
from sensorium.tasks import tasks
from sensorium.types import Facts

ROWS = 400
TRUTH = np.random.default_rng(0).normal(size=ROWS)


class _Given(Member):
    """Says what it was given."""

    inputs = ("x",)

    def __init__(self, said: Numbers) -> None:
        self.said = said

    def numbers(self, data: Prepared) -> Numbers:
        return Numbers(
            {t: v[data.numbers] for t, v in self.said.values.items()}, self.said.answered[data.numbers]
        )

    def state(self) -> tuple[Facts, Arrays]:
        raise AssertionError("not stored here")

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays, parts: dict[str, Member] | None = None) -> "_Given":
        raise AssertionError("not stored here")


def near(numbers: Floats, rows: Rows) -> float:
    return -float(((numbers[:, 0] - TRUTH[rows]) ** 2).mean())


def goal(prior: float = 0.0) -> Goal:
    facts = tasks.get("regress")(log="no").fit([0.0, 1.0, 2.0], "t") | {"prior": [prior]}
    return Goal("regress", {"log": "no"}, facts, near)


def says(noise: float, seed: int, answered: float = 1.0) -> Numbers:
    rng = np.random.default_rng(seed)
    values = (TRUTH + rng.normal(0, noise, ROWS))[:, None]
    return Numbers({"t": values}, rng.random(ROWS) < answered)


def score(said: dict[str, Numbers], weights: dict[str, float]) -> float:
    members = {n: _Given(s) for n, s in said.items()}
    found = Ensemble(members, {"t": weights}, {"t": goal()}).numbers(Prepared(np.arange(ROWS), {}))
    return near(found.values["t"], np.arange(ROWS))


def test_members_that_err_apart_are_mixed_in_equal_parts() -> None:
    said = {"a": says(1.0, 1), "b": says(1.0, 2), "c": says(5.0, 3)}
    weights = greedy(said, "t", goal(), np.arange(ROWS))
    assert sum(weights.values()) == pytest.approx(1.0)
    assert weights["a"] == pytest.approx(0.5, abs=0.1)
    assert weights.get("c", 0.0) < 0.06
    assert score(said, weights) > score(said, {"a": 1.0}) + 0.3


@pytest.mark.parametrize("seed", range(6))
def test_the_mix_is_never_worse_than_the_best_single_member(seed: int) -> None:
    said = {
        n: says(noise, 10 * seed + i) for i, (n, noise) in enumerate([("a", 0.1), ("b", 0.9), ("c", 1.1)])
    }
    weights = greedy(said, "t", goal(), np.arange(ROWS), seed=seed)
    assert score(said, weights) >= max(score(said, {n: 1.0}) for n in said)


def test_equals_leave_the_simplest_alone() -> None:
    said = {"simple": says(1.0, 1), "same": says(1.0, 1), "worse": says(9.0, 2)}
    assert greedy(said, "t", goal(), np.arange(ROWS)) == {"simple": 1.0}


def test_a_member_that_does_not_answer_the_target_is_passed_over() -> None:
    said = {"other": Numbers({"u": np.zeros((ROWS, 1))}, np.ones(ROWS, bool)), "a": says(1.0, 1)}
    assert greedy(said, "t", goal(), np.arange(ROWS)) == {"a": 1.0}


def test_rows_may_be_some_of_the_table() -> None:
    rows = np.arange(100, 300)
    some = {n: Numbers({"t": s.values["t"][rows]}, s.answered[rows]) for n, s in
            {"bad": says(3.0, 1), "good": says(0.1, 2)}.items()}  # fmt: skip
    assert greedy(some, "t", goal(), rows)["good"] > 0.9


def test_members_that_abstain_are_renormalised_and_nobody_is_the_prior() -> None:
    one = Numbers({"t": np.array([[1.0], [1.0], [np.nan], [9.0]])}, np.array([True, True, False, False]))
    two = Numbers({"t": np.array([[5.0], [7.0], [3.0], [9.0]])}, np.array([True, False, True, False]))
    members = {"one": _Given(one), "two": _Given(two)}
    data = Prepared(np.arange(4), {})
    found = Ensemble(members, {"t": {"one": 0.75, "two": 0.25}}, {"t": goal(-4.0)}).numbers(data)
    np.testing.assert_allclose(found.values["t"][:, 0], [2.0, 1.0, 3.0, -4.0])
    assert found.answered.tolist() == [True, True, True, False]
    mean = Mean(members, {"t": goal(-4.0)}).numbers(data)
    np.testing.assert_allclose(mean.values["t"][:, 0], [3.0, 1.0, 3.0, -4.0])
    assert mean.answered.tolist() == [True, True, True, False]


def test_a_target_whose_members_abstain_holds_its_prior_beside_one_that_is_answered() -> None:
    one = Numbers({"t": np.array([[1.0], [1.0]])}, np.array([True, False]))
    two = Numbers({"u": np.array([[5.0], [7.0]])}, np.array([True, True]))
    goals = {"t": goal(-4.0), "u": goal()}
    joined = Ensemble({"one": _Given(one), "two": _Given(two)}, {"t": {"one": 1.0}, "u": {"two": 1.0}}, goals)
    found = joined.numbers(Prepared(np.arange(2), {}))
    assert found.values["t"][:, 0].tolist() == [1.0, -4.0]
    assert found.values["u"][:, 0].tolist() == [5.0, 7.0]
    assert found.answered.tolist() == [True, True]


def test_members_without_a_weight_are_left_out() -> None:
    members = {"a": _Given(says(1.0, 1)), "b": _Given(says(1.0, 2))}
    joined = Ensemble(members, {"t": {"b": 1.0}}, {"t": goal()})
    assert list(joined.parts()) == ["b"]
    assert joined.inputs == ("x",)


def test_labels_are_mixed_by_probability() -> None:
    facts = tasks.get("classify")().fit(["a", "b", "a", "b"], "t")
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, ROWS)

    def right(numbers: Floats, rows: Rows) -> float:
        return float(accuracy_score(truth[rows], numbers.argmax(1)))

    said = {}
    for name in ("a", "b", "c"):
        raw = 2.0 * truth - 1 + rng.normal(0, 1.5, ROWS)
        said[name] = Numbers({"t": np.stack([0 * raw, raw], 1)}, np.ones(ROWS, bool))
    weights = greedy(said, "t", Goal("classify", {}, facts, right), np.arange(ROWS))
    assert len(weights) == 3


def test_weights_from_few_rows_are_drawn_to_even_ones_of_members_that_are_alike() -> None:
    """Five members of equal noise: even weights are the best there are; 30 rows show others by chance."""
    few = np.arange(30)
    gaps, even = [], dict.fromkeys("abcde", 0.2)
    for seed in range(8):
        said = {n: says(1.0, 100 * seed + place) for place, n in enumerate("abcde")}
        some = {n: Numbers({"t": s.values["t"][few]}, s.answered[few]) for n, s in said.items()}
        drawn = greedy(some, "t", goal(), few, seed=seed)
        assert max(drawn.values()) < 0.45
        gaps.append(score(said, even) - score(said, drawn))
    assert np.mean(gaps) < 0.06


def test_members_that_are_weak_alone_and_good_together_keep_their_weights() -> None:
    """a is right but for noise; b and c are far off, each to its own side, and together right."""
    rng = np.random.default_rng(0)
    off = rng.normal(0, 3, ROWS)
    said = {
        "a": says(0.6, 1),
        "b": Numbers({"t": (TRUTH + off)[:, None]}, np.ones(ROWS, bool)),
        "c": Numbers({"t": (TRUTH - off)[:, None]}, np.ones(ROWS, bool)),
    }
    some = {n: Numbers({"t": s.values["t"][:60]}, s.answered[:60]) for n, s in said.items()}
    weights = greedy(some, "t", goal(), np.arange(60))
    assert weights["b"] == pytest.approx(weights["c"], abs=0.05)
    assert weights["b"] > 0.2
    assert score(said, weights) > score(said, {"a": 1.0}) + 0.2
