import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, RowMetric, ratio


class Rmsle(RowMetric):
    """The root of the mean squared error of log(1 + x); nan when any truth or answer is -1 or less."""

    kind, better, shown = "numbers", "low", "RMSLE"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        true, given = (np.where(x > -1, x, np.nan) for x in (truth.astype(np.float64), answer))
        return np.stack([np.ones(len(true)), (np.log1p(given) - np.log1p(true)) ** 2], axis=1)

    def reduce(self, sums: Floats) -> Floats:
        root: Floats = np.sqrt(ratio(sums[..., 1], sums[..., 0]))
        return root
