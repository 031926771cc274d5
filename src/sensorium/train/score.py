"""The score that chooses: weights, members and ensemble, on validation rows."""

import copy
from collections.abc import Mapping

import numpy as np
import torch

from sensorium.batches import task_of
from sensorium.losses import losses
from sensorium.losses._base import Loss
from sensorium.members._base import Numbers
from sensorium.metrics import metrics
from sensorium.options import build
from sensorium.plan import Plan
from sensorium.predict import with_prior
from sensorium.table.prepared import Prepared
from sensorium.types import Arrays, Facts


def loss_of(plan: Plan, target: str, facts: Facts) -> Loss:
    """The loss of one target, built from the plan."""
    asked, where = plan.targets[target].loss, f"targets.{target}.loss"
    return build(losses.get(asked.name, where), facts["targets"][target], choices=asked.choices, where=where)


def scored(
    plan: Plan, facts: Facts, data: Prepared, numbers: Numbers, by: Mapping[str, Loss] | None = None
) -> tuple[float, float]:
    """(mean score over the targets, higher is better; mean loss) of some numbers on some rows.

    Rows that nobody answers get the prior. A score that is not defined counts as -inf.
    """
    full, scores, lost = with_prior(numbers, facts), [], []
    for name, asked in plan.targets.items():
        task, told_of, target = task_of(asked), facts["targets"][name], data.targets[name]
        kept = target.mask
        weight = np.ones(int(kept.sum())) if data.weight is None else data.weight[kept]
        metric = metrics.get(asked.score)()
        answers = task.answers(full.values[name][kept], told_of)
        value = metric.value(task.truth(target, told_of)[kept], answers, weight)
        value = value if metric.better == "high" else -value
        scores.append(value if np.isfinite(value) else -np.inf)
        if by is not None:
            arrays = Arrays(torch.from_numpy(target.values[kept]), torch.from_numpy(target.mask[kept]))
            with torch.inference_mode():
                row = copy.deepcopy(by[name]).cpu()(torch.from_numpy(full.values[name][kept]).float(), arrays)
            lost.append(float((row.numpy() * weight).sum() / max(weight.sum(), 1e-12)))
    return float(np.mean(scores)), float(np.mean(lost)) if lost else 0.0
