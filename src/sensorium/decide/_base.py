"""What a decision rule is: what several members say of one target -> one answer (late fusion).

Letters: M members, N rows, n rows that are learned from, W numbers a row, K classes.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from sensorium.members._base import Arrays, Floats, Goal, Numbers, Rows
from sensorium.types import Facts

Kind = Literal["classify", "regress"]
TINY = 1e-12
"""Probabilities are cut here before the logarithm."""


@dataclass(frozen=True, slots=True)
class Voices:
    """What members say of one target. names: (M,). values: float64 (M, N, W). answered: bool (M, N).

    Where a member abstains its values are the goal's prior, whatever it left there; a rule that reads
    them must look at ``answered``.
    """

    names: tuple[str, ...]
    values: Floats
    answered: NDArray[np.bool_]
    goal: Goal

    @classmethod
    def of(cls, said: Mapping[str, Numbers], target: str, goal: Goal) -> Self:
        """From the members' numbers, in their order. A member without the target abstains everywhere."""
        prior, rows = goal.prior(), len(next(iter(said.values())).answered)
        values = np.tile(prior, (len(said), rows, 1))
        answered = np.zeros((len(said), rows), bool)
        for place, one in enumerate(said.values()):
            if target in one.values:
                answered[place] = one.answered & np.isfinite(one.values[target]).all(1)
                values[place][answered[place]] = one.values[target][answered[place]]
        return cls(tuple(said), values, answered, goal)

    def rows(self, rows: Rows) -> Self:
        """Some rows, in that order; they may repeat."""
        return type(self)(self.names, self.values[:, rows], self.answered[:, rows], self.goal)

    def ordered(self, names: Sequence[str]) -> Self:
        """The members by these names, in this order; one that is not there abstains everywhere."""
        if tuple(names) == self.names:
            return self
        place = {name: i for i, name in enumerate(self.names)}
        rows = self.answered.shape[1]
        values = np.tile(self.goal.prior(), (len(names), rows, 1))
        answered = np.zeros((len(names), rows), bool)
        for i, name in enumerate(names):
            if name in place:
                values[i], answered[i] = self.values[place[name]], self.answered[place[name]]
        return type(self)(tuple(names), values, answered, self.goal)

    def hiding(self, gone: NDArray[np.bool_]) -> Self:
        """The same with members silent where ``gone``, bool (M, N), is true."""
        values = np.where(gone[:, :, None], self.goal.prior(), self.values)
        return type(self)(self.names, values, self.answered & ~gone, self.goal)

    def shares(self) -> Floats:
        """(M, N, K): the members' probabilities, the prior's where they abstain."""
        task, flat = self.goal.build(), self.values.reshape(-1, self.values.shape[2])
        found = task.answers(flat, self.goal.facts)
        return found.reshape(*self.values.shape[:2], found.shape[1])

    def logs(self) -> Floats:
        """(M, N, K): the logarithms of ``shares``."""
        logs: Floats = np.log(np.maximum(self.shares(), TINY))
        return logs

    def prior_shares(self) -> Floats:
        """(K,): the probabilities that answer without any input."""
        found: Floats = self.goal.build().answers(self.goal.prior()[None], self.goal.facts)[0]
        return found

    def spoken(self, shares: Floats) -> Floats:
        """Probabilities (N, K), of any sum above 0, as the task's numbers (N, W)."""
        whole = shares / shares.sum(1, keepdims=True)
        return self.goal.build().numbers(whole, self.goal.facts)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of n rows that no member learned from. rows: their numbers in the goal's score.

    values: (n,), class numbers or standardised values. weight: (n,), mean 1.
    """

    rows: Rows
    values: NDArray[np.generic]
    weight: Floats
    seed: int = 0


class Decide(ABC):
    """Several members' numbers for one target -> one. ``__init__(self, *, choices)``.

    A member that abstains is passed over; rows are independent; where every member abstains the answer is
    the prior. ``numbers`` sees to the last, so that ``decide`` only meets rows that somebody answers.
    """

    learns: ClassVar[bool] = False
    """Whether it must be fitted on rows that no member learned from."""
    kinds: ClassVar[tuple[Kind, ...] | None] = None
    """The kinds of answers that it decides (``Task.trees``); None: those of every task."""

    @abstractmethod
    def decide(self, voices: Voices) -> Floats:
        """(N, W): the rows' numbers; somebody answers each of them."""

    def numbers(self, voices: Voices) -> Floats:
        """(N, W): the rule's numbers, and the prior where every member abstains."""
        found = np.flatnonzero(voices.answered.any(0))
        numbers = np.tile(voices.goal.prior(), (voices.answered.shape[1], 1))
        if len(found):
            numbers[found] = self.decide(voices.rows(found))
        return numbers


class Learned(Decide):
    """A rule that learns. A fitted one is kept as JSON and arrays: no pickle."""

    learns = True

    @abstractmethod
    def fit(self, voices: Voices, known: Known) -> None:
        """Learn from what the members say of rows that they have not learned from. voices: (M, n)."""

    @abstractmethod
    def state(self) -> tuple[Facts, Arrays]:
        """What was learned, for ``load``."""

    @abstractmethod
    def load(self, facts: Facts, arrays: Arrays) -> None:
        """The reverse of ``state``, for a rule that was built with the same choices."""
