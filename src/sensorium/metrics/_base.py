"""What a metric is: true answers and given answers -> one number.

Shape letters: N rows, K classes, S terms, R resamples, G groups of tied scores.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]
AT_ONCE = 20_000
"""Rows whose terms are in memory at a time: those of many labels are wide."""


class Metric(ABC):
    """truth (N,) or (N, K), answer (N,) or (N, K), weight (N,) -> float; nan when it is not defined.

    ``kind`` says what it compares: ``labels``: truth int64 class numbers, answer probabilities (N, K);
    ``numbers``: truth and answer float64 in the column's own units; ``sets``: truth (N, K) of 0 and 1, answer
    (N, K) that says a label from 0.5 on. A row of weight 0 counts as absent,
    one of weight 2 as two rows: bootstraps are made of weights.
    """

    kind: ClassVar[str]
    better: ClassVar[Literal["high", "low"]]
    percent: ClassVar[bool] = False
    """Shown times 100."""
    shown: ClassVar[str] = ""
    """What people read (``macro F1``); empty: the component's name."""

    @abstractmethod
    def value(self, truth: NDArray[np.generic], answer: Floats, weight: Floats) -> float: ...

    def good(self, truth: NDArray[np.generic], answer: Floats, weight: Floats) -> float:
        """The value with errors negated, so that more is better; -inf where it is not defined."""
        value = self.value(truth, answer, weight)
        value = value if self.better == "high" else -value
        return value if np.isfinite(value) else -np.inf


class RowMetric(Metric):
    """A metric that is a function of sums over rows: its bootstrap resamples the sums' terms."""

    @abstractmethod
    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        """(N, S): each row's terms, from that row alone."""

    @abstractmethod
    def reduce(self, sums: Floats) -> Floats:
        """(..., S) weighted sums of the terms -> (...) values. The first term is 1 for every row."""

    def value(self, truth: NDArray[np.generic], answer: Floats, weight: Floats) -> float:
        sums = weight[:AT_ONCE] @ self.rows(truth[:AT_ONCE], answer[:AT_ONCE])
        for start in range(AT_ONCE, len(truth), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            sums = sums + weight[some] @ self.rows(truth[some], answer[some])
        return float(self.reduce(sums))


class WeightedMetric(Metric):
    """A metric that sorts or centres its rows once and is then quick under many weightings."""

    work: ClassVar[int] = 1
    """What weighting one number of one row costs, in plain sums; bootstraps draw less often for more."""

    @abstractmethod
    def values(self, truth: NDArray[np.generic], answer: Floats, weights: Floats) -> Floats:
        """weights (N, R), one weighting a column -> (R,) values."""

    def value(self, truth: NDArray[np.generic], answer: Floats, weight: Floats) -> float:
        return float(self.values(truth, answer, weight[:, None])[0]) if len(truth) else float("nan")


def ratio(top: Floats, bottom: Floats, undefined: float = float("nan")) -> Floats:
    """top / bottom, and ``undefined`` where bottom is 0."""
    safe = np.where(bottom == 0, 1.0, bottom)
    return np.where(bottom == 0, undefined, top / safe)


@dataclass(frozen=True, slots=True)
class Tally:
    """Weighted counts of a confusion matrix: rows (...,), and of each class (..., K) true, said and right."""

    rows: Floats
    true: Floats
    said: Floats
    right: Floats

    def met(self) -> NDArray[np.bool_]:
        """bool (..., K): the classes that were true or said; macro means run over them, as scikit-learn's."""
        return (self.true > 0) | (self.said > 0)

    def precision(self) -> Floats:
        """(..., K): right of said; 0 for a class that was never said."""
        return ratio(self.right, self.said, 0.0)

    def recall(self) -> Floats:
        """(..., K): right of true; 0 for a class that was never true."""
        return ratio(self.right, self.true, 0.0)

    def f1(self) -> Floats:
        """(..., K): harmonic mean of precision and recall; 0 for a class that was never met."""
        return ratio(2 * self.right, self.true + self.said, 0.0)

    def macro(self, value: Floats) -> Floats:
        """(...): the plain mean of ``value`` over the classes that were met."""
        met = self.met()
        return ratio(np.where(met, value, 0.0).sum(-1), met.sum(-1).astype(np.float64))


class ConfusionMetric(RowMetric):
    """A metric of labels that reads nothing but the counts true, said and right of each class.

    The said class is the most probable one, the first of equals.
    """

    @abstractmethod
    def score(self, tally: Tally) -> Floats:
        """(...): the value of the counts; they are never all 0."""

    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        classes = answer.shape[1]
        rows, said = np.arange(len(truth)), answer.argmax(1)
        terms = np.zeros((len(truth), 1 + 3 * classes))
        terms[:, 0] = 1
        terms[rows, 1 + truth.astype(np.int64)] = 1
        terms[rows, 1 + classes + said] = 1
        terms[rows, 1 + 2 * classes + said] = said == truth
        return terms

    def reduce(self, sums: Floats) -> Floats:
        true, said, right = np.split(sums[..., 1:], 3, axis=-1)
        score = self.score(Tally(sums[..., 0], true, said, right))
        return np.where(sums[..., 0] > 0, score, np.nan)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Weights along a ranking of scores, lowest first, at the groups of ties that hold a positive row.

    positive (G, R): positive weight in the group. positive_below (G, R), below (G, R): positive and
    all weight of lower scores. through (G, R): all weight of lower or equal scores.
    """

    positive: Floats
    positive_below: Floats
    below: Floats
    through: Floats


def ranked(score: Floats, positive: NDArray[np.bool_], weights: Floats) -> Ranked:
    """Sort N scores once, then sum weights (N, R) between the groups that hold a positive row."""
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    starts, group = np.flatnonzero(new), np.cumsum(new) - 1
    kept, place = np.unique(group[positive[order]], return_inverse=True)
    edges = np.stack([starts, np.append(starts[1:], len(order))], axis=1)[kept].reshape(-1)
    stretch = np.empty(len(order), np.int64)
    stretch[order] = np.searchsorted(edges, np.arange(len(order)), side="right")
    reached = np.cumsum(_summed(weights, stretch, 2 * len(kept) + 1), axis=0)
    inside = _summed(weights[order[positive[order]]], place, len(kept))
    return Ranked(inside, np.cumsum(inside, axis=0) - inside, reached[0:-1:2], reached[1::2])


def _summed(weights: Floats, place: NDArray[np.int64], places: int) -> Floats:
    """(places, R): the sums of the rows of weights (N, R) that have the same place (N,)."""
    out = torch.zeros(places, weights.shape[1], dtype=torch.float64)
    out.index_add_(0, torch.from_numpy(place), torch.from_numpy(np.ascontiguousarray(weights)))
    found: Floats = out.numpy()
    return found


class RankMetric(WeightedMetric):
    """A metric of one class against the rest by its score: binary, or the plain mean over the classes.

    With two classes the second one's probability is ranked. With more, classes that the rows do not
    define (no positive row) are left out of the mean; nan when none is left.
    """

    @abstractmethod
    def binary(self, ranking: Ranked, positive: Floats, total: Floats) -> Floats:
        """(R,) values from the ranking, the positive weight (R,) > 0 and all weight (R,); nan: undefined."""

    def values(self, truth: NDArray[np.generic], answer: Floats, weights: Floats) -> Floats:
        classes = [1] if answer.shape[1] == 2 else range(answer.shape[1])
        total, found, count = weights.sum(0), np.zeros(weights.shape[1]), np.zeros(weights.shape[1])
        for number in classes:
            positive = truth == number
            if not positive.any():
                continue
            mass = weights[positive].sum(0)
            one = self.binary(
                ranked(answer[:, number], positive, weights), np.where(mass > 0, mass, 1.0), total
            )
            known = (mass > 0) & ~np.isnan(one)
            found, count = found + np.where(known, one, 0.0), count + known
        return ratio(found, count)
