"""What the figures of sets hide: every label, and how precision falls as recall grows.

Shape letters: N rows, K labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats, Tally, ranked, ratio
from sensorium.metrics._sets import SAID, pairs
from sensorium.types import Json

CURVES, POINTS = 4, 60
"""Labels that have a curve, the most frequent ones; places of a curve."""


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One of several labels. support: the weight of the rows that have it. threshold: the probability from
    which on it is said. nan: never said, or never true."""

    label: object
    support: float
    threshold: float
    precision: float
    recall: float
    f1: float
    average_precision: float


@dataclass(frozen=True, slots=True)
class SetsFound:
    """labels: the most frequent first. curves: {label: (recall, precision) places}, of the most frequent."""

    labels: tuple[LabelScore, ...]
    curves: dict[str, tuple[tuple[float, float], ...]]


def label_scores(
    truth: NDArray[np.generic], answer: Floats, weight: Floats, labels: Sequence[object],
    thresholds: Sequence[float],
) -> SetsFound:  # fmt: skip
    """What is said of each label by truth and answers (N, K); thresholds: (K,), for people only."""
    true, said = pairs(truth, answer)
    tally = Tally(weight.sum(), weight @ true, weight @ said, weight @ (true & said))
    nan = float("nan")
    columns = (
        tally.true, np.array(thresholds), ratio(tally.right, tally.said, nan),
        ratio(tally.right, tally.true, nan), ratio(2 * tally.right, tally.true + tally.said, nan),
    )  # fmt: skip
    order = np.argsort(-tally.true, kind="stable").tolist()
    found, curves = list[LabelScore](), dict[str, tuple[tuple[float, float], ...]]()
    for place in order:
        precise, curve = _curve(answer[:, place], true[:, place], weight)
        support, threshold, precision, recall, f1 = (float(c[place]) for c in columns)
        found.append(LabelScore(labels[place], support, threshold, precision, recall, f1, precise))
        if len(curves) < CURVES and curve:
            curves[str(labels[place])] = curve
    return SetsFound(tuple(found), curves)


def _curve(
    score: Floats, true: NDArray[np.bool_], weight: Floats
) -> tuple[float, tuple[tuple[float, float], ...]]:
    """(average precision, (recall, precision) from the surest rows on); nan, nothing without a true row."""
    if not (true & (weight > 0)).any():
        return float("nan"), ()
    ranking = ranked(score, true, weight[:, None])
    mass, total = weight[true].sum(), weight.sum()
    recall = (mass - ranking.positive_below[:, 0]) / mass
    precision = ratio(mass - ranking.positive_below[:, 0], total - ranking.below[:, 0], 0.0)
    average = float((ranking.positive[:, 0] * precision).sum() / mass)
    spaced = np.linspace(0, len(recall) - 1, min(POINTS, len(recall))).round()
    kept = np.unique(spaced.astype(np.int64))[::-1].tolist()
    places = [(float(recall[i]), float(precision[i])) for i in kept]
    return average, ((0.0, places[0][1]), *places)


def set_losses(truth: NDArray[np.generic], answer: Floats) -> Floats:
    """(N,): how wrong each row is: the mean over labels of -log(probability of what is true)."""
    own = np.where(truth.astype(bool), answer, 1 - answer)
    found: Floats = -np.log(own.clip(min=float(np.finfo(np.float64).tiny))).mean(1)
    return found


def shown_sets(values: NDArray[np.generic], labels: Sequence[Json]) -> list[list[Json]]:
    """Rows (N, K) of 0 and 1 as lists of labels."""
    return [[labels[k] for k in np.flatnonzero(row).tolist()] for row in np.asarray(values, bool)]


def said_sets(answer: Floats, labels: Sequence[Json]) -> list[list[Json]]:
    """Answers (N, K) as lists of the labels that are said."""
    return shown_sets(answer >= SAID, labels)
