import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats
from sensorium.metrics._sets import SamplesMetric, figures, pairs


class SubsetAccuracy(SamplesMetric):
    """The share of rows all of whose labels are right: none too many, none too few."""

    better, percent, shown = "high", True, "exact match"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        true, said = pairs(truth, answer)
        return figures((true == said).all(1))
