"""What a member is: prepared columns -> a row's numbers. Prediction, ensemble and bundle know only this."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sensorium.table.prepared import Prepared
from sensorium.types import Facts


@dataclass(frozen=True, slots=True)
class Numbers:
    """values: {target: float64 (N, W)}. answered: bool (N,), False where the member abstains."""

    values: dict[str, NDArray[np.float64]]
    answered: NDArray[np.bool_]


class Member(ABC):
    """A fitted part of the answer. It abstains where all of its inputs are missing."""

    inputs: tuple[str, ...]
    """The inputs it reads."""

    @abstractmethod
    def numbers(self, data: Prepared) -> Numbers: ...

    @abstractmethod
    def state(self) -> tuple[Facts, dict[str, NDArray[np.generic]]]:
        """Everything that ``restore`` needs: JSON, and arrays by name. No pickle."""

    def parts(self) -> "dict[str, Member]":
        """The members inside this one, by name; the bundle stores and restores them first."""
        return {}

    @classmethod
    @abstractmethod
    def restore(
        cls, facts: Facts, arrays: dict[str, NDArray[np.generic]], parts: "dict[str, Member] | None" = None
    ) -> Self: ...
