import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, RowMetric, ratio

TINY = 1e-12


class QuadraticWeightedKappa(RowMetric):
    """Agreement of ordered labels beyond chance, distances in ranks counting by their square.

    1 - (mean squared distance of true and said label) / (that of independent ones with the same shares);
    the said label is the most probable one. Not defined where all rows are of, and said, one label.
    Source: Cohen 1968, "Weighted kappa".
    """

    kind, better, shown = "labels", "high", "quadratic weighted kappa"

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        true, said = truth.astype(np.float64), answer.argmax(1).astype(np.float64)
        return np.stack([np.ones(len(true)), true, said, true**2 + said**2, (true - said) ** 2], axis=1)

    def reduce(self, sums: Floats) -> Floats:
        rows, true, said, squares, apart = (sums[..., i] for i in range(5))
        by_chance = rows * squares - 2 * true * said
        by_chance = np.where(by_chance > TINY * rows * squares, by_chance, 0.0)
        return 1 - ratio(rows * apart, by_chance)
