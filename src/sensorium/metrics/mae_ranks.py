import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, RowMetric, ratio


class MaeRanks(RowMetric):
    """How many labels the said one lies from the true one, on average; the said label is the likeliest."""

    kind, better, shown = "labels", "low", "MAE in ranks"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        away = np.abs(answer.argmax(1) - truth.astype(np.int64)).astype(np.float64)
        return np.stack([np.ones(len(truth)), away], axis=1)

    def reduce(self, sums: Floats) -> Floats:
        return ratio(sums[..., 1], sums[..., 0])
