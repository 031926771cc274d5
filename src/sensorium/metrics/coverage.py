import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, RowMetric, ratio


class Coverage(RowMetric):
    """The share of rows whose truth lies within the answer's interval, its ends included."""

    kind, better, percent, shown = "intervals", "high", True, "coverage"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        true = truth.astype(np.float64)
        inside = (answer[:, 0] <= true) & (true <= answer[:, 1])
        return np.stack([np.ones(len(true)), inside], axis=1)

    def reduce(self, sums: Floats) -> Floats:
        return ratio(sums[..., 1], sums[..., 0])
