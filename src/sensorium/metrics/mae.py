import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, RowMetric, ratio


class Mae(RowMetric):
    """The mean absolute error, in the column's units."""

    kind, better, shown = "numbers", "low", "MAE"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        return np.stack([np.ones(len(truth)), np.abs(answer - truth.astype(np.float64))], axis=1)

    def reduce(self, sums: Floats) -> Floats:
        return ratio(sums[..., 1], sums[..., 0])
