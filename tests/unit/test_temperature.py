"""A mix is as sure as it is right, its answers stay, and few rows change little."""

from dataclasses import replace

import numpy as np
import pytest

from sensorium.members._base import Goal, Numbers
from sensorium.members.ensemble import Ensemble
from sensorium.members.prior import Prior
from sensorium.plan_parse import parse
from sensorium.table.prepared import Prepared, Target
from sensorium.tasks import tasks
from sensorium.train.climb import Budget, Climb
from sensorium.train.temperature import temperatures

CLASSES = 4


def asked(rows: int, sure: float, seed: int = 0) -> tuple[Climb, Numbers, np.ndarray]:
    """Labels drawn from probabilities, and these probabilities told ``sure`` times too surely."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (rows, CLASSES))
    share = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = np.array([rng.choice(CLASSES, p=p) for p in share])
    facts = tasks.get("classify")().fit([0, 1, 2, 3] * 3, "y") | {"prior": [0.0] * CLASSES}
    plan = parse({"inputs": {"age": "number"}, "targets": {"y": "classify"}})
    data = Prepared(np.arange(rows), {}, {}, {"y": Target(truth, np.ones(rows, bool))})
    every = np.arange(rows)
    ask = Climb(plan, {"targets": {"y": facts}, "inputs": {}}, data, every[:0], every, Budget(None, {}))
    return ask, Numbers({"y": logits * sure}, np.ones(rows, bool)), truth


@pytest.mark.parametrize("sure", [0.25, 0.5, 1.0, 2.0, 4.0])
def test_the_temperature_undoes_what_was_told_too_surely(sure: float) -> None:
    ask, said, _ = asked(4000, sure)
    assert temperatures(ask, said)["y"] == pytest.approx(sure, rel=0.08)


def test_few_rows_change_little() -> None:
    ask, said, _ = asked(4, 1.0, seed=3)
    assert 0.3 < temperatures(ask, said)["y"] < 3
    nobody = Numbers(said.values, np.zeros(4, bool))
    assert temperatures(ask, nobody) == {}


def test_an_ensemble_answers_with_its_temperature_and_the_prior_stays() -> None:
    ask, said, _ = asked(50, 0.3)
    goal = Goal("classify", {}, ask.facts["targets"]["y"])
    said.answered[7] = False
    plain = Ensemble({"a": Prior({"y": goal})}, {"y": {"a": 1.0}}, {"y": goal})
    cooled = Ensemble({"a": Prior({"y": goal})}, {"y": {"a": 1.0}}, {"y": goal}, None, {"y": 0.5})
    before, after = (one.of({"a": said}).values["y"] for one in (plain, cooled))
    np.testing.assert_allclose(np.delete(after, 7, 0), np.delete(before, 7, 0) / 0.5)
    np.testing.assert_array_equal(after[7], goal.prior())
    again = Ensemble.restore(cooled.state()[0], {}, cooled.parts())
    np.testing.assert_array_equal(again.of({"a": said}).values["y"], after)


def test_a_number_has_no_temperature() -> None:
    ask, said, _ = asked(50, 1.0)
    task = tasks.get("regress")(log="no")
    facts = task.fit([1.0, 2.0, 3.0], "y")
    targets = {"y": replace(ask.plan.targets["y"], task=replace(ask.plan.targets["y"].task, name="regress"))}
    data = replace(ask.data, targets={"y": Target(np.arange(50.0), np.ones(50, bool))})
    plan = replace(ask.plan, targets=targets)
    other = replace(ask, plan=plan, data=data, facts={"targets": {"y": facts}, "inputs": {}})
    assert temperatures(other, Numbers({"y": said.values["y"][:, :1]}, said.answered)) == {}
