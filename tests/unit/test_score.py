"""Several targets count alike, whatever their units; one target is scored as it is."""

from typing import Any

import numpy as np
import pytest

import toy
from sensorium.members._base import Numbers
from sensorium.train.score import scored

BOTH = ("label", "amount")
LEAST = {"amount": {"task": {"name": "regress", "log": "no"}, "score": "mae"}}


def parts(unit: float, targets: tuple[str, ...] = BOTH) -> tuple[Any, Any, Any]:
    made = toy.rows(40, targets=targets)
    for row in made:
        row["amount"] = float(str(row["amount"])) * unit
    table = toy.load_table(made)
    asked = {n: c for n, c in LEAST.items() if n in targets}
    plan = toy.infer(table, list(targets), user=toy.plan_of("age", targets=asked)).plan
    facts = toy.fit_facts(plan, table, np.arange(40))
    return plan, facts, toy.prepare(plan, facts, table)


def said(facts: Any, data: Any, closeness: float) -> Numbers:
    """Numbers between the prior (0) and the truth (1)."""
    values = {}
    for name, target in data.targets.items():
        prior = np.broadcast_to(
            np.array(facts["targets"][name]["prior"], float), (40, len(facts["targets"][name]["prior"]))
        )
        if name == "label":
            values[name] = np.eye(2)[target.values.astype(int)] * 9 if closeness == 1 else prior
        else:
            truth = target.values.reshape(40, 1).astype(float)
            values[name] = closeness * truth + (1 - closeness) * prior
    return Numbers(values, np.ones(40, bool))


def test_of_several_targets_the_prior_is_0_and_perfect_answers_1_in_any_unit() -> None:
    for unit in (1.0, 1000.0):
        plan, facts, data = parts(unit)
        assert scored(plan, facts, data, said(facts, data, 0))[0] == pytest.approx(0)
        assert scored(plan, facts, data, said(facts, data, 1))[0] == pytest.approx(1, abs=1e-5)
        assert scored(plan, facts, data, said(facts, data, 0.5))[0] == pytest.approx(0.25, abs=1e-4)


def test_one_target_is_scored_by_its_metric_as_it_is() -> None:
    plan, facts, data = parts(1000.0, ("amount",))
    truth = data.targets["amount"].values
    found = scored(plan, facts, data, said(facts, data, 0))[0]
    assert found < -100
    assert scored(plan, facts, data, said(facts, data, 0.5))[0] == pytest.approx(found / 2, rel=1e-4)
    assert len(truth) == 40
