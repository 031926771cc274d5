"""The answer without any input."""

from collections.abc import Mapping
from typing import Self

import numpy as np

from sensorium.members._base import Arrays, Goal, Job, Member, Numbers
from sensorium.table.prepared import Prepared
from sensorium.types import Facts


class Prior(Member):
    """The same numbers for every row: the classes' frequencies, the mean value. It never abstains."""

    inputs = ()

    def __init__(self, goals: Mapping[str, Goal]) -> None:
        self.goals = dict(goals)

    @classmethod
    def fit(cls, job: Job) -> Self:
        """The prior that each goal's facts hold."""
        return cls(job.goals)

    def numbers(self, data: Prepared) -> Numbers:
        """The prior of every target, in every row."""
        values = {n: np.tile(goal.prior(), (len(data), 1)) for n, goal in self.goals.items()}
        return Numbers(values, np.ones(len(data), bool))

    def state(self) -> tuple[Facts, Arrays]:
        """The goals."""
        return {n: goal.to_json() for n, goal in self.goals.items()}, {}

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays, parts: dict[str, Member] | None = None) -> Self:
        """The reverse of ``state``."""
        return cls({n: Goal.from_json(told) for n, told in facts.items()})
