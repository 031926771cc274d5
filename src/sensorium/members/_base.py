"""What a member is: prepared columns -> a row's numbers. Prediction, ensemble and bundle know only this.

Letters: N rows, W numbers a row, K classes, F features.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sensorium.options import build
from sensorium.table.field import Field
from sensorium.table.prepared import Prepared
from sensorium.tasks import tasks
from sensorium.tasks._base import Task
from sensorium.types import Facts, Json

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.int64]
Arrays: TypeAlias = dict[str, NDArray[np.generic]]
"""A member's arrays by name, as they are stored."""

Score: TypeAlias = Callable[[Floats, Rows], float]
"""Numbers (n, W) of these n rows of the table (rows may repeat) -> how good they are; more is better."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """values: {target: float64 (N, W)}. answered: bool (N,), False where the member abstains."""

    values: dict[str, Floats]
    answered: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Goal:
    """One target: its task by name with its choices, the facts, and (in training) the score that chooses."""

    task: str
    choices: dict[str, Json]
    facts: Facts
    score: Score | None = None

    def build(self) -> Task:
        """The task."""
        return build(tasks.get(self.task), choices=self.choices, where=f"task {self.task}")

    def prior(self) -> Floats:
        """(W,): the numbers that answer without any input."""
        return np.array(self.facts["prior"], np.float64)

    def to_json(self) -> Facts:
        """The goal without its score."""
        return {"task": self.task, "choices": self.choices, "facts": self.facts}

    @classmethod
    def from_json(cls, facts: Facts) -> "Goal":
        """The reverse of ``to_json``."""
        return cls(facts["task"], facts["choices"], facts["facts"])


@dataclass(frozen=True, slots=True)
class Job:
    """What a member is fitted on.

    fields: what it may read. data: the table, with targets. train, val: rows of ``data``; val chooses
    and stops, and is not learned from. groups: int (N,), rows that must stay in one fold together.
    """

    fields: tuple[Field, ...]
    data: Prepared
    train: Rows
    val: Rows
    goals: Mapping[str, Goal]
    seed: int = 0
    groups: NDArray[np.int64] | None = field(default=None)


class Member(ABC):
    """A fitted part of the answer. It abstains where all of its inputs are missing."""

    inputs: tuple[str, ...]
    """The inputs it reads."""
    notes: tuple[str, ...] = ()
    """What the user should be told about its training."""

    @abstractmethod
    def numbers(self, data: Prepared) -> Numbers: ...

    @abstractmethod
    def state(self) -> tuple[Facts, Arrays]:
        """Everything that ``restore`` needs: JSON, and arrays by name. No pickle."""

    def parts(self) -> "dict[str, Member]":
        """The members inside this one, by name; the bundle stores and restores them first."""
        return {}

    @classmethod
    @abstractmethod
    def restore(cls, facts: Facts, arrays: Arrays, parts: "dict[str, Member] | None" = None) -> Self: ...
