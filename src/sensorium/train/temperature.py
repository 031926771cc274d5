"""How sure a mix of members should be: one temperature a target, by the validation rows."""

from functools import partial

import numpy as np
from scipy.optimize import minimize_scalar

from sensorium.fit_facts import task_of
from sensorium.members._base import Floats, Numbers, Rows
from sensorium.tasks._base import Task
from sensorium.train.climb import Climb
from sensorium.types import Facts

WIDTH = 0.5
"""Deviation of the logarithm of a temperature before any row is seen: few rows change little."""
LEAST, MOST = 0.1, 10.0
SMALLEST = 1e-12


def temperatures(ask: Climb, said: Numbers) -> dict[str, float]:
    """{target: temperature} for the targets that are labels, from what is said of the validation rows.

    The temperature that makes the true labels likeliest (Guo et al., On calibration of modern neural
    networks, ICML 2017), with a normal prior on its logarithm. Bagged weights and averaged members are less
    sure than they are right; one number for all rows changes no answer, only its probability.
    """
    found = {}
    for target, asked in ask.plan.targets.items():
        task, facts, told = task_of(asked), ask.facts["targets"][target], ask.data.targets[target]
        kept = np.flatnonzero(told.mask[ask.val] & said.answered)
        if task.trees not in ("classify", "labels") or not len(kept):
            continue
        numbers, truth = said.values[target][kept], told.values[ask.val[kept]].astype(np.int64)
        mass = np.ones(len(kept)) if ask.data.weight is None else ask.data.weight[ask.val[kept]]
        mass = mass * len(kept) / max(float(mass.sum()), SMALLEST)
        against = partial(_unlikely, numbers, truth, mass, task, facts)
        best = minimize_scalar(against, bounds=(np.log(LEAST), np.log(MOST)), method="bounded")
        found[target] = round(float(np.exp(best.x)), 4)
    return found


def _unlikely(numbers: Floats, truth: Rows, mass: Floats, task: Task, facts: Facts, log: float) -> float:
    share = task.answers(task.tempered(numbers, float(np.exp(log))), facts)
    if truth.ndim == 2:  # several labels a row: the mean of their yes/no questions
        logs = np.log(np.maximum(np.where(truth > 0, share, 1 - share), SMALLEST)).mean(1)
    else:
        logs = np.log(np.maximum(share[np.arange(len(truth)), truth], SMALLEST))
    return -float((mass * logs).sum()) + 0.5 * (log / WIDTH) ** 2
