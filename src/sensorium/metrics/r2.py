import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, WeightedMetric, ratio


class R2(WeightedMetric):
    """The share of the truth's variance that the answer explains: 1 - squared error / variance.

    A constant truth gives 1 when it is answered exactly and 0 otherwise, as in scikit-learn; one row
    gives nan.
    """

    kind, better, shown = "numbers", "high", "R2"

    def values(self, truth: NDArray[np.generic], answer: Floats, weights: Floats) -> Floats:
        true = truth.astype(np.float64)
        centred = true - np.median(true)
        total = weights.sum(0)
        error = weights.T @ (answer - true) ** 2
        square = weights.T @ centred**2
        variance = square - ratio((weights.T @ centred) ** 2, total, 0.0)
        variance = np.where(variance > 1e-12 * square, variance, 0.0)
        constant = np.where(error == 0, 1.0, 0.0)
        found = np.where(variance > 0, 1 - ratio(error, variance, 0.0), constant)
        return np.where((weights > 0).sum(0) >= 2, found, np.nan)
