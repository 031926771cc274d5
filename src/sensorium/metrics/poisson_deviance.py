import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, RowMetric, ratio


class PoissonDeviance(RowMetric):
    """The mean Poisson deviance of rates from counts, 2 (y log(y / rate) - y + rate).

    Rates are cut at 2.2e-16; not defined for negative counts or rates.
    """

    kind, better, shown = "numbers", "low", "Poisson deviance"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        true, rate = truth.astype(np.float64), np.maximum(answer, np.finfo(np.float64).eps)
        logs = np.where(true > 0, true * np.log(np.where(true > 0, true, 1.0) / rate), 0.0)
        known = np.where((true >= 0) & (answer >= 0), 2 * (logs - true + rate), np.nan)
        return np.stack([np.ones(len(true)), known], axis=1)

    def reduce(self, sums: Floats) -> Floats:
        return ratio(sums[..., 1], sums[..., 0])
