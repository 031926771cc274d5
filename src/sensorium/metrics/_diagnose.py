"""What the figures hide: classes, confusion, calibration, residuals. Pure functions of truth and answer.

Shape letters: N rows, K classes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensorium.metrics._base import Floats
from sensorium.metrics._diagnose_sets import set_losses

BINS = 15
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One label. support: the weight of the rows where it is true. nan: never said, or never true."""

    label: object
    precision: float
    recall: float
    f1: float
    support: float


@dataclass(frozen=True, slots=True)
class Bin:
    """The rows whose highest probability lies in low..high: its mean, and how often it was right."""

    low: float
    high: float
    weight: float
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """error: the mean distance of confidence and accuracy over the bins that hold rows, by weight."""

    error: float
    bins: tuple[Bin, ...]


def confusion(truth: NDArray[np.int64], answer: Floats, weight: Floats) -> Floats:
    """(K, K): the weight of the rows of each true class (first axis) by the class that was said."""
    classes = answer.shape[1]
    flat = np.bincount(truth * classes + answer.argmax(1), weights=weight, minlength=classes**2)
    return flat.reshape(classes, classes).astype(np.float64)


def class_scores(matrix: Floats, labels: list[object]) -> tuple[ClassScore, ...]:
    """Precision, recall, F1 and support of every label from the confusion matrix (K, K)."""
    right, true, said = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    with np.errstate(invalid="ignore"):
        parts = (right / said, right / true, 2 * right / (true + said), true)
    columns = [[float(x) for x in part] for part in parts]
    return tuple(ClassScore(*row) for row in zip(labels, *columns, strict=True))


def calibration(truth: NDArray[np.int64], answer: Floats, weight: Floats) -> Calibration:
    """Reliability of the highest probability in 15 bins of equal width, and their expected error (ECE).

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", equations 2 and 3.
    """
    sure, right = answer.max(1), answer.argmax(1) == truth
    place = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    mass, confident, correct = (
        np.bincount(place, weights=weight * x, minlength=BINS) for x in (np.ones(len(sure)), sure, right)
    )
    total, bins = max(float(mass.sum()), 1e-300), []
    for number in np.flatnonzero(mass > 0):
        means = (float(x[number] / mass[number]) for x in (confident, correct))
        bins.append(Bin(number / BINS, (number + 1) / BINS, float(mass[number]), *means))
    error = sum(b.weight / total * abs(b.confidence - b.accuracy) for b in bins)
    return Calibration(float(error), tuple(bins))


def residual_quantiles(truth: Floats, answer: Floats) -> dict[str, float]:
    """Quantiles of answer - truth, in the column's units."""
    found = np.quantile(answer - truth, QUANTILES)
    return {f"{q:g}": float(x) for q, x in zip(QUANTILES, found, strict=True)}


def row_losses(kind: str, truth: NDArray[np.generic], answer: Floats) -> Floats:
    """(N,): how wrong each row is: -log(probability of the truth), or the absolute error."""
    if kind == "sets":
        return set_losses(truth, answer)
    if kind == "labels":
        given = answer[np.arange(len(truth)), truth.astype(np.int64)]
        found: Floats = -np.log(given.clip(min=float(np.finfo(np.float64).tiny)))
        return found
    return np.abs(answer - truth.astype(np.float64))
