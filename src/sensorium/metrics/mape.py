import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, RowMetric, ratio


class Mape(RowMetric):
    """The mean of |error| / |truth|. A row whose truth is 0 makes it huge, as in scikit-learn."""

    kind, better, percent, shown = "numbers", "low", True, "MAPE"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        true = truth.astype(np.float64)
        size = np.abs(true).clip(min=float(np.finfo(np.float64).eps))
        return np.stack([np.ones(len(true)), np.abs(answer - true) / size], axis=1)

    def reduce(self, sums: Floats) -> Floats:
        return ratio(sums[..., 1], sums[..., 0])
