import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats
from sensorium.metrics._sets import SamplesMetric, figures, pairs


class HammingLoss(SamplesMetric):
    """The share of all labels of all rows that are true and not said, or said and not true."""

    better, percent, shown = "low", True, "Hamming loss"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        true, said = pairs(truth, answer)
        return figures((true != said).mean(1))
