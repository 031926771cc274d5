"""Targets of several labels a row for learners that answer one question: each label becomes a yes/no goal.

Letters: N rows, K labels.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sensorium.members._base import Floats, Goal, Job, Rows, Score
from sensorium.table.prepared import Target

BETWEEN = "\x1f"
"""Stands between a target's name and the place of a label; no column has it in its name."""
SURE = 30.0
"""Log odds lie within this: a learner that has never seen a label says so and no more."""


def asked(job: Job) -> Job:
    """The job with every goal of labels as K yes/no goals, the most common label first.

    A question's score is the mean log-probability of its truth: what the asked score makes of thresholds is
    settled later, for all labels together.
    """
    goals, targets = dict[str, Goal](), dict(job.data.targets)
    for name, goal in job.goals.items():
        if goal.build().trees != "labels":
            goals[name] = goal
            continue
        whole = job.data.targets[name]
        for place in np.argsort(-np.array(goal.facts["counts"]), kind="stable").tolist():
            values = whole.values[:, place].astype(np.int64)
            one = f"{name}{BETWEEN}{place}"
            targets[one] = Target(values, whole.mask)
            goals[one] = _question(goal, place, values, whole.mask)
    return replace(job, data=replace(job.data, targets=targets), goals=goals) if goals != job.goals else job


def _question(goal: Goal, place: int, values: NDArray[np.int64], mask: NDArray[np.bool_]) -> Goal:
    odds = float(goal.facts["prior"][place])
    facts = {"labels": [0, 1], "kind": "int", "width": 2, "prior": [0.0, odds]}
    return Goal("classify", {}, facts, None if goal.score is None else _likely(values, mask))


def _likely(values: NDArray[np.int64], mask: NDArray[np.bool_]) -> Score:
    def score(numbers: Floats, rows: Rows) -> float:
        kept = mask[rows]
        if not kept.any():
            return -np.inf
        odds = numbers[kept, 1] - numbers[kept, 0]
        return -float(np.logaddexp(0.0, np.where(values[rows[kept]] > 0, -odds, odds)).mean())

    return score


def of(name: str) -> str:
    """The target that a goal belongs to; its own name where that is no question."""
    return name.split(BETWEEN, maxsplit=1)[0]


def is_question(name: str) -> bool:
    """Whether a goal is one label of a target."""
    return BETWEEN in name


def number(job: Job, name: str) -> int:
    """How many questions the target of a goal is; job: before it was asked as questions."""
    return int(job.goals[of(name)].facts["width"]) if is_question(name) else 1


def count(names: Mapping[str, object], name: str) -> int:
    """How many goals belong to the same target."""
    return sum(of(other) == of(name) for other in names)


def joined(values: Mapping[str, Floats]) -> dict[str, Floats]:
    """{target: numbers}: the questions' log-probabilities (N, 2) as log odds (N, K), others as they are."""
    found: dict[str, Floats] = {}
    for name, said in values.items():
        if not is_question(name):
            found[name] = said
        elif of(name) not in found:
            found[of(name)] = np.zeros((len(said), count(values, name)))
    for name, said in values.items():
        if is_question(name):
            target, place = name.split(BETWEEN)
            found[target][:, int(place)] = (said[:, 1] - said[:, 0]).clip(-SURE, SURE)
    return found
