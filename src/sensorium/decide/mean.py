from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sensorium.decide._base import Decide
from sensorium.members._base import Numbers


class Mean(Decide):
    """Every member that answers a row counts the same: the mean of their probabilities or values."""

    def weights(self, members: Sequence[Numbers], target: str) -> list[NDArray[np.float64]]:
        return [(m.answered & (target in m.values)).astype(np.float64) for m in members]
