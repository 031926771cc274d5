"""Where a mix of numbers should lie for the score that is asked: one shift a target."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.fit_facts import task_of
from sensorium.members._base import Floats, Member, Numbers, Rows
from sensorium.members.ensemble import Ensemble
from sensorium.metrics import metrics
from sensorium.metrics._base import Metric
from sensorium.plan import Plan
from sensorium.table.prepared import Target
from sensorium.tasks._base import Task
from sensorium.train.climb import Climb
from sensorium.types import Facts

MOST, STEPS = 1.0, 401
"""Shifts that are tried, in standard deviations of what is learned: up to this far either way, so many."""
MOST_ROWS = 5_000
"""Validation rows that are asked; of more a drawn part."""
TINY = 1e-9


def levels(ask: Climb, said: Numbers) -> dict[str, float | list[float]]:
    """{target: what to add to its standardised numbers}, from what is said of the validation rows.

    A task may settle levels of its own, one for each of its numbers (``Task.levels``).

    Members learn means of what they learn, often logarithms; the answer that is best on average depends on
    the score (Gneiting, Making and evaluating point forecasts, JASA 2011): of a skewed number the mean for
    RMSE, the median for MAE, less than the median for MAPE. The shift is the one that scores best when the
    validation rows' errors, centred, lie on either side of every answer: it depends on how wide they
    spread, which few rows tell, and not on where they lie. It is dropped where the validation rows as they
    are score worse with it.
    """
    found: dict[str, float | list[float]] = {}
    for target, asked in ask.plan.targets.items():
        task, facts, told = task_of(asked), ask.facts["targets"][target], ask.data.targets[target]
        kept = np.flatnonzero(told.mask[ask.val] & said.answered)
        metric = metrics.get(asked.score)()
        if task.settles and (own := _own(ask, task, told, said.values[target], kept, metric)):
            found[target] = own
        if metric.kind != "numbers" or len(kept) < 2:
            continue
        if len(kept) > MOST_ROWS:
            rng = seeds.generator(ask.plan.seed, f"level {target}")
            kept = np.sort(rng.choice(kept, MOST_ROWS, replace=False))
        rows = ask.val[kept]
        weight = np.ones(len(rows)) if ask.data.weight is None else ask.data.weight[rows].astype(np.float64)
        asks = _Asks(task, facts, metric)
        if weight.sum() > 0 and (
            level := asks.level(said.values[target][kept], told.values[rows].astype(np.float64), weight)
        ):
            found[target] = level
    return found


def _own(ask: Climb, task: Task, told: Target, numbers: Floats, kept: Rows, metric: Metric) -> list[float]:
    """The levels that the task settles itself, by those of the validation rows that are answered."""
    rows = ask.val[kept]
    weight = np.ones(len(rows)) if ask.data.weight is None else ask.data.weight[rows].astype(np.float64)
    target = Target(told.values[rows], told.mask[rows])
    return task.levels(numbers[kept], target, weight, metric.good) if weight.sum() > 0 else []


def leveled(plan: Plan, facts: Facts, member: Member) -> Facts:
    """The facts of what ships: those of targets whose numbers an ensemble moved say so."""
    if not isinstance(member, Ensemble):
        return facts
    moved = dict(facts["targets"])
    for target, level in member.levels.items():
        if isinstance(level, list):
            moved[target] = task_of(plan.targets[target]).leveled(moved[target], level)
    return facts | {"targets": moved}


def moves(ask: Climb) -> bool:
    """Whether the score of any target wants answers to lie elsewhere than they are learned.

    The same in every fold: it is asked of the training rows' own spread around their mean.
    """
    for target, asked in ask.plan.targets.items():
        if task_of(asked).settles:
            return True
        metric, told = metrics.get(asked.score)(), ask.data.targets[target]
        kept = ask.train[told.mask[ask.train]][:MOST_ROWS]
        if metric.kind != "numbers" or len(kept) < 2:
            continue
        asks = _Asks(task_of(asked), ask.facts["targets"][target], metric)
        truth = told.values[kept].astype(np.float64)
        if asks.shift(np.zeros((len(kept), 1)), truth, np.ones(len(kept))):
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Asks:
    """What a score asks of numbers."""

    task: Task
    facts: Facts
    metric: Metric

    def level(self, numbers: Floats, truth: Floats, weight: Floats) -> float:
        """The shift of numbers (n, 1) against standardised truths (n,); 0: none is better."""
        best, units = self.shift(numbers, truth, weight), self._units(truth)
        before, after = (self._score(numbers + shift, units, weight) for shift in (0.0, best))
        return round(best, 4) if np.isfinite(after) and after > before else 0.0

    def shift(self, numbers: Floats, truth: Floats, weight: Floats) -> float:
        """The smallest of the shifts that are best when errors lie on either side."""
        error = truth - numbers[:, 0]
        error = error - float(np.average(error, weights=weight))
        twice, both = np.concatenate([numbers, numbers]), np.concatenate([weight, weight])
        either = self._units(np.concatenate([numbers[:, 0] + error, numbers[:, 0] - error]))
        if len({self._score(twice + shift, either, both) for shift in (-MOST, 0.0, MOST)}) == 1:
            return 0.0  # ranks: no shift changes them
        tried = np.linspace(-MOST, MOST, STEPS)
        tried = tried[np.argsort(np.abs(tried), kind="stable")]
        scores = np.array([self._score(twice + shift, either, both) for shift in tried])
        least = scores.max() - TINY * max(1.0, abs(scores.max()))
        return float(tried[int(np.argmax(scores >= least))])

    def _units(self, truth: Floats) -> NDArray[np.generic]:
        return self.task.truth(Target(truth, np.ones(len(truth), bool)), self.facts)

    def _score(self, numbers: Floats, units: NDArray[np.generic], weight: Floats) -> float:
        return self.metric.good(units, self.task.answers(numbers, self.facts), weight)
