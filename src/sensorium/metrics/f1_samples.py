import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, ratio
from sensorium.metrics._sets import SamplesMetric, figures, pairs


class F1Samples(SamplesMetric):
    """The mean over rows of the F1 score of each row's labels; 1 where none is true and none is said."""

    better, percent, shown = "high", True, "F1 of rows"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        true, said = pairs(truth, answer)
        both = true.sum(1) + said.sum(1)
        return figures(ratio(2.0 * (true & said).sum(1), both.astype(np.float64), 1.0))
