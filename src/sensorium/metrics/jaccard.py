import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, ratio
from sensorium.metrics._sets import SamplesMetric, figures, pairs


class Jaccard(SamplesMetric):
    """The mean over rows of labels that are true and said, of those that are either; 1 where none is."""

    better, percent, shown = "high", True, "Jaccard"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        true, said = pairs(truth, answer)
        either = (true | said).sum(1).astype(np.float64)
        return figures(ratio((true & said).sum(1).astype(np.float64), either, 1.0))
