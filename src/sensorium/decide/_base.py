"""What a decision rule is: the numbers of several members -> one (decision-level fusion)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sensorium.members._base import Numbers


class Decide(ABC):
    """Row weights for members. ``__init__(self, *, choices)``. A member that abstains gets 0."""

    @abstractmethod
    def weights(self, members: Sequence[Numbers], target: str) -> list[NDArray[np.float64]]:
        """One (N,) per member, non-negative; ``Task.combine`` takes them."""
