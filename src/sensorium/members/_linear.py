"""Logistic and ridge regression along a path of strengths, kept as coefficients.

Letters: N rows, F features, K classes (or 1 for a number), C classes met in training.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from sensorium.members._base import Arrays, Floats, Rows
from sensorium.members._outcome import Lesson, Outcome

PENALTIES = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03)
"""Ridge penalties, the strongest first."""
INVERSE = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Inverse penalties of logistic regression, the strongest first."""
MOST_STEPS = 300
"""Steps of the solver of logistic regression."""
ABSENT = -20.0
"""The log-probability of a class that the training rows do not have."""


@dataclass(frozen=True)
class Linear:
    """said = x @ weights + bias: log-probabilities up to a constant (N, K), or a value (N, 1).

    weights: float32 (F, K). bias: float64 (K,). strength: the one that was chosen. converged: whether
    the solver reached its tolerance.
    """

    weights: NDArray[np.float32]
    bias: Floats
    strength: float = 0.0
    converged: bool = True

    def say(self, x: sp.csr_matrix) -> Floats:
        """(N, K) for sparse or dense rows (N, F)."""
        said: Floats = np.asarray(x @ self.weights.astype(np.float64)) + self.bias
        return said

    def state(self) -> Arrays:
        """The coefficients."""
        return {"weights": self.weights, "bias": self.bias}

    @classmethod
    def restore(cls, arrays: Arrays) -> Self:
        """The reverse of ``state``."""
        return cls(arrays["weights"].astype(np.float32), arrays["bias"].astype(np.float64))


@dataclass(frozen=True, slots=True)
class Checked:
    """Validation rows: their matrix, and their numbers in the table."""

    x: sp.csr_matrix
    rows: Rows


def fit(
    x: sp.csr_matrix, learned: Lesson, outcome: Outcome, checked: Checked, strengths: Sequence[float]
) -> tuple[Linear, Outcome]:
    """The best model of a path by the outcome's score on the validation rows, with its shift.

    x: the lesson's rows. The path goes from the strongest penalty on, each step starting from the last
    one, and ends when two steps in a row are worse than the best. Without a score the middle is taken.
    """
    if outcome.goal.score is None or not len(checked.rows):
        return single(x, learned, outcome, strengths[len(strengths) // 2]), outcome
    best, best_score, worse = None, -np.inf, 0
    start: LogisticRegression | None = None
    frequency = learned.frequency(outcome.classes) if outcome.classes else np.zeros(0)
    for strength in strengths:
        model, start = _step(x, learned, outcome, strength, start)
        said = model.say(checked.x)
        shifted = outcome.shifted(said, checked.rows, frequency)
        score = shifted.score(said, checked.rows)
        if best is None or score > best_score:
            best, best_score, worse = (model, shifted), score, 0
        else:
            worse += 1
        if worse == 2:
            break
    assert best is not None, "a path has at least one strength"
    return best


def single(x: sp.csr_matrix, learned: Lesson, outcome: Outcome, strength: float) -> Linear:
    """The model of one strength."""
    return _step(x, learned, outcome, strength, None)[0]


def _step(
    x: sp.csr_matrix, learned: Lesson, outcome: Outcome, strength: float, start: LogisticRegression | None
) -> tuple[Linear, LogisticRegression | None]:
    if outcome.kind == "regress":
        return _ridge(x, learned, strength), None
    met = np.unique(learned.values)
    if len(met) < 2:
        bias = np.full(outcome.classes, ABSENT)
        bias[met.astype(np.int64)] = 0.0
        return Linear(np.zeros((x.shape[1], outcome.classes), np.float32), bias, strength), None
    return _logistic(x, learned, outcome.classes, strength, start)


def _ridge(x: sp.csr_matrix, learned: Lesson, penalty: float) -> Linear:
    if not len(learned.rows):
        return Linear(np.zeros((x.shape[1], 1), np.float32), np.zeros(1), penalty)
    model = Ridge(alpha=penalty, solver="sparse_cg", tol=1e-4, max_iter=1000)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(x, learned.values, sample_weight=learned.weight)
    bias = np.array([float(model.intercept_)])
    weights = model.coef_.reshape(-1, 1).astype(np.float32)
    return Linear(weights, bias, penalty, not _warned(told))


def _logistic(
    x: sp.csr_matrix, learned: Lesson, classes: int, inverse: float, start: LogisticRegression | None
) -> tuple[Linear, LogisticRegression]:
    model = start or LogisticRegression(tol=1e-3, max_iter=MOST_STEPS, warm_start=True)
    model.set_params(C=inverse)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(x, learned.values, sample_weight=learned.weight)
    weights, bias = model.coef_, model.intercept_
    if len(weights) == 1:
        weights, bias = np.concatenate([0 * weights, weights]), np.array([0.0, bias[0]])
    every = np.zeros((x.shape[1], classes), np.float32)
    every[:, model.classes_] = weights.T
    offsets = np.full(classes, ABSENT + float(bias.max()))
    offsets[model.classes_] = bias
    return Linear(every, offsets, inverse, not _warned(told)), model


def _warned(told: list[warnings.WarningMessage]) -> bool:
    """Whether the solver said that it did not converge; any other warning is passed on."""
    for one in told:
        if not issubclass(one.category, ConvergenceWarning):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return any(issubclass(one.category, ConvergenceWarning) for one in told)
