import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, WeightedMetric, ratio


class Spearman(WeightedMetric):
    """The correlation of the ranks of truth and answer, -1 to 1, ties at their middle rank.

    A weight of 2 counts as two equal rows. nan when either is constant.
    """

    kind, better, shown = "numbers", "high", "Spearman"
    work = 8

    def values(self, truth: NDArray[np.generic], answer: Floats, weights: Floats) -> Floats:
        total = weights.sum(0)
        left = _centred_ranks(truth.astype(np.float64), weights, total)
        right = _centred_ranks(answer, weights, total)
        shared = (weights * left * right).sum(0)
        spread = (weights * left**2).sum(0) * (weights * right**2).sum(0)
        return ratio(shared, np.sqrt(np.where(spread > 1e-18 * total**6, spread, 0.0)))


def _centred_ranks(numbers: Floats, weights: Floats, total: Floats) -> Floats:
    """(N, R): weight below, plus half the weight tied, less the mean of it, which is half of all weight."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    starts, group = np.flatnonzero(new), np.cumsum(new) - 1
    tied = np.add.reduceat(weights[order], starts, axis=0)
    middle = np.cumsum(tied, axis=0) - tied / 2 - total / 2
    ranks = np.empty_like(weights)
    ranks[order] = middle[group]
    return ranks
