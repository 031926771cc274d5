import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, RowMetric, ratio


class Rmse(RowMetric):
    """The root of the mean squared error, in the column's units."""

    kind, better, shown = "numbers", "low", "RMSE"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        return np.stack([np.ones(len(truth)), (answer - truth.astype(np.float64)) ** 2], axis=1)

    def reduce(self, sums: Floats) -> Floats:
        root: Floats = np.sqrt(ratio(sums[..., 1], sums[..., 0]))
        return root
