"""What metrics of sets share: truth (N, K) of 0 and 1, answers (N, K) that say a label from 0.5 on.

Shape letters: N rows, K labels.
"""

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, RowMetric, Tally

SAID = 0.5


def pairs(truth: NDArray[np.generic], answer: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """bool (N, K) and (N, K): the labels that are true, and those that are said."""
    return truth.astype(bool), answer >= SAID


class LabelsMetric(RowMetric):
    """A metric of sets that reads nothing but the counts true, said and right of each label."""

    kind = "sets"

    @abstractmethod
    def score(self, tally: Tally) -> Floats:
        """(...): the value of the counts, of at least one row."""

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        true, said = pairs(truth, answer)
        one = np.ones((len(true), 1))
        return np.concatenate([one, true, said, true & said], axis=1, dtype=np.float64)

    def reduce(self, sums: Floats) -> Floats:
        true, said, right = np.split(sums[..., 1:], 3, axis=-1)
        score = self.score(Tally(sums[..., 0], true, said, right))
        return np.where(sums[..., 0] > 0, score, np.nan)


class SamplesMetric(RowMetric):
    """A metric of sets that is the mean of one figure of each row: terms (N, 2), see ``figures``."""

    kind = "sets"

    def reduce(self, sums: Floats) -> Floats:
        safe = np.where(sums[..., 0] > 0, sums[..., 0], 1.0)
        return np.where(sums[..., 0] > 0, sums[..., 1] / safe, np.nan)


def figures(each: NDArray[np.generic]) -> Floats:
    """float64 (N, 2): 1 and each row's figure (N,), the terms of a mean."""
    return np.stack([np.ones(len(each)), each.astype(np.float64)], axis=1)
