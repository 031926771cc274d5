import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, RowMetric, ratio


class LogLoss(RowMetric):
    """The mean of -log(probability of the true label), in nats; probabilities are cut at 2.2e-16."""

    kind, better, shown = "labels", "low", "log loss"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        smallest = float(np.finfo(np.float64).eps)
        given = answer[np.arange(len(truth)), truth.astype(np.int64)].clip(smallest, 1 - smallest)
        return np.stack([np.ones(len(truth)), -np.log(given)], axis=1)

    def reduce(self, sums: Floats) -> Floats:
        return ratio(sums[..., 1], sums[..., 0])
