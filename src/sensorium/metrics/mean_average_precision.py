import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, WeightedMetric, ranked, ratio


class MeanAveragePrecision(WeightedMetric):
    """The plain mean over labels of how well rows with the label are ranked before rows without it.

    A label's average precision is not interpolated; labels that no row has are left out; nan when none is
    left. It reads no threshold.
    """

    kind, better, percent, shown = "sets", "high", True, "mean average precision"

    def values(self, truth: NDArray[np.generic], answer: Floats, weights: Floats) -> Floats:
        found, count = np.zeros(weights.shape[1]), np.zeros(weights.shape[1])
        total = weights.sum(0)
        for number in range(answer.shape[1]):
            positive = truth[:, number].astype(bool)
            if not positive.any():
                continue
            mass, ranking = weights[positive].sum(0), ranked(answer[:, number], positive, weights)
            right = np.where(mass > 0, mass, 1.0) - ranking.positive_below
            precision = ratio(right, total - ranking.below, 0.0)
            one = (ranking.positive * precision).sum(0) / np.where(mass > 0, mass, 1.0)
            found, count = found + np.where(mass > 0, one, 0.0), count + (mass > 0)
        return ratio(found, count)
