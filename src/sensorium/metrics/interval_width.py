import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, RowMetric, ratio


class IntervalWidth(RowMetric):
    """The mean width of the answers' intervals, in the column's units."""

    kind, better, shown = "intervals", "low", "interval width"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        return np.stack([np.ones(len(truth)), answer[:, 1] - answer[:, 0]], axis=1)

    def reduce(self, sums: Floats) -> Floats:
        return ratio(sums[..., 1], sums[..., 0])
