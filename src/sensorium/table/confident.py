"""Labels that are probably wrong, from probabilities of learners that have not seen them.

Confident learning (Northcutt, Jiang and Chuang, Journal of Artificial Intelligence Research 70, 2021), held
back where classes overlap. Letters: n rows, K classes, i a given label, j the label that learners would say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SUREST = 0.2
"""The share of the rows said j that shows how sure learners ever are of j."""
UNSURE = 0.6
"""A label that learners give its surest rows a smaller share than this, or that fewer of these rows are
given, is suggested for no row."""
TIMES, MORE, LEAST = 2.0, 0.05, 0.06
"""A suspect's own label gets at most so many times its share among the surest rows, at most so much more, or
at most this share."""


@dataclass(frozen=True, slots=True)
class Confident:
    """rows: int64 (S,), places of the suspects, the most suspect first. suggested: int64 (S,), the label j.

    own: float64 (S,), the share of the given label; margin: the share of j less that of the given label.
    thresholds: (K,), the mean share of a label among the rows that are given it. joint: (K, K), how many
    rows given i are estimated to be j. usable: bool (K,), the labels that learners are ever sure of.
    """

    rows: Ints
    suggested: Ints
    own: Floats
    margin: Floats
    thresholds: Floats
    joint: Floats
    usable: NDArray[np.bool_]

    def noise(self) -> float:
        """The estimated share of wrong labels."""
        return float(1 - np.trace(self.joint) / max(self.joint.sum(), 1e-12))


def confident(said: Sequence[Floats], given: Ints) -> Confident:
    """The suspects among rows with these labels. said: what one or more learners say, each (n, K).

    A row is suspected when all of this holds for the learners' mean: the share of some other label reaches
    that label's threshold and is the highest that does (the off-diagonal of the confident joint); the row
    is among those that pruning by noise rate takes for i and j; its own label gets hardly more than
    where learners are surest of j, so that it is no border case; and every learner prefers another label.
    """
    shares = np.mean(said, axis=0)
    rows, classes = np.arange(len(given)), shares.shape[1]
    thresholds = _thresholds(shares, given)
    surest, right = _surest(shares, given)
    usable = (surest.diagonal() >= UNSURE) & (right >= UNSURE)
    likely = _likely(shares, thresholds)
    joint = _joint(likely, given, classes)
    own = shares[rows, given]
    suspect = (likely >= 0) & (likely != given) & usable[likely]
    floor = surest[given, likely]
    suspect &= own <= np.maximum(LEAST, np.minimum(TIMES * floor, floor + MORE))
    for one in said:
        suspect &= one.argmax(1) != given
    suspect &= _pruned(shares, given, joint)
    at = np.flatnonzero(suspect)
    margin = shares[at, likely[at]] - own[at]
    order = np.argsort(-margin, kind="stable")
    at = at[order]
    return Confident(at, likely[at], own[at], margin[order], thresholds, joint, usable)


def _thresholds(shares: Floats, given: Ints) -> Floats:
    """(K,): the mean share of each label over the rows that are given it; above 1 where none is."""
    classes = shares.shape[1]
    total = np.bincount(given, shares[np.arange(len(given)), given], classes)
    count = np.bincount(given, minlength=classes)
    return np.where(count > 0, total / np.maximum(count, 1), 2.0)


def _likely(shares: Floats, thresholds: Floats) -> Ints:
    """(n,): the label with the highest share of those that reach their threshold; -1 where none does."""
    reaching = np.where(shares >= thresholds - 1e-12, shares, -1.0)
    return np.where((reaching >= 0).any(1), reaching.argmax(1), -1)


def _joint(likely: Ints, given: Ints, classes: int) -> Floats:
    """(K, K): how many rows given i are j, from the confident counts, each row scaled to the label's rows."""
    known = likely >= 0
    counts = np.zeros((classes, classes))
    np.add.at(counts, (given[known], likely[known]), 1)
    counts += np.diag(counts.sum(1) == 0)
    share: Floats = counts / counts.sum(1, keepdims=True)
    return share * np.bincount(given, minlength=classes)[:, None]


def _pruned(shares: Floats, given: Ints, joint: Floats) -> NDArray[np.bool_]:
    """bool (n,): for each i and j as many rows given i as are estimated to be j, by the greatest margin."""
    found = np.zeros(len(given), bool)
    for i, j in zip(*np.nonzero(np.round(joint) > 0), strict=True):
        if i != j:
            of = np.flatnonzero(given == i)
            margin = shares[of, j] - shares[of, i]
            found[of[np.argsort(-margin, kind="stable")[: round(joint[i, j])]]] = True
    return found


def _surest(shares: Floats, given: Ints) -> tuple[Floats, Floats]:
    """Of the surest fifth of the rows said j: (K, K), their mean shares in column j; (K,), those given j.

    The second is (hits + 1) / (rows + 2), so that few rows prove little.
    """
    top, classes = shares.argmax(1), shares.shape[1]
    means, right = np.zeros((classes, classes)), np.zeros(classes)
    for j in range(classes):
        of = np.flatnonzero(top == j)
        if len(of):
            best = of[np.argsort(-shares[of, j], kind="stable")[: int(np.ceil(SUREST * len(of)))]]
            means[:, j] = shares[best].mean(0)
            right[j] = ((given[best] == j).sum() + 1) / (len(best) + 2)
    return means, right
