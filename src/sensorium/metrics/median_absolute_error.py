import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, WeightedMetric


class MedianAbsoluteError(WeightedMetric):
    """The weighted median of the absolute errors, in the column's units; between two middles their mean."""

    kind, better, shown = "numbers", "low", "median absolute error"

    def values(self, truth: NDArray[np.generic], answer: Floats, weights: Floats) -> Floats:
        error = np.abs(answer - truth.astype(np.float64))
        order = np.argsort(error, kind="stable")
        reached = np.cumsum(weights[order], axis=0)
        total = reached[-1]
        low = (reached >= total / 2 * (1 - 1e-12)).argmax(0)
        high = (reached > total / 2 * (1 + 1e-12)).argmax(0)
        middle: Floats = (error[order][low] + error[order][high]) / 2
        return np.where(total > 0, middle, np.nan)
