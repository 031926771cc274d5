"""Support vector machines as support vectors, with our own evaluation, equal to scikit-learn's.

Letters: N rows, n rows that are learned from, F columns, S support vectors, O outputs, K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import SVC, SVR

from sensorium.decide._base import TINY
from sensorium.members._base import Arrays, Floats, Rows
from sensorium.types import Facts

Kernel = Literal["rbf", "linear"]
FOLDS = 3
AT_ONCE = 20_000_000
"""Kernel values that are in memory at a time."""
FAR = 500.0
"""Beyond this the exponential of a sigmoid is as good as infinite."""


@dataclass(frozen=True)
class Support:
    """Outputs sum_s dual_s k(x, vector_s) + bias, of columns that are standardised first.

    centre, scale: (F,). vectors: (S, F). dual: (S, O). bias, slope, offset: (O,); an output f is the
    probability 1 / (1 + exp(slope f + offset)) of the class that ``classes`` (O,) says, of ``width`` K ones.
    A number is the output itself, and has width 0. k is exp(-gamma |x - v|^2), or x v where gamma is 0.
    """

    centre: Floats
    scale: Floats
    vectors: Floats
    dual: Floats
    bias: Floats
    slope: Floats
    offset: Floats
    classes: Rows
    gamma: float
    width: int

    def outputs(self, x: NDArray[np.float32]) -> Floats:
        """(N, O)."""
        made, step = np.empty((len(x), len(self.bias))), max(1, AT_ONCE // max(1, len(self.vectors)))
        for start in range(0, len(x), step):
            rows = (x[start : start + step] - self.centre) / self.scale
            made[start : start + step] = self._kernel(rows) @ self.dual + self.bias
        return made

    def _kernel(self, x: Floats) -> Floats:
        products: Floats = x @ self.vectors.T
        if self.gamma == 0:
            return products
        square = (x**2).sum(1)[:, None] + (self.vectors**2).sum(1) - 2 * products
        kernel: Floats = np.exp(-self.gamma * np.maximum(square, 0.0))
        return kernel

    def say(self, x: NDArray[np.float32]) -> Floats:
        """Log-probabilities (N, K) up to a constant, or values (N, 1)."""
        found = self.outputs(x)
        if not self.width:
            return found
        shares = np.full((len(x), self.width), TINY)
        shares[:, self.classes] = 1 / (1 + np.exp(np.clip(self.slope * found + self.offset, -FAR, FAR)))
        logs: Floats = np.log(np.maximum(shares, TINY))
        return logs

    def state(self) -> tuple[Facts, Arrays]:
        """JSON and arrays for ``restore``."""
        arrays: Arrays = {
            "centre": self.centre, "scale": self.scale, "vectors": self.vectors, "dual": self.dual,
            "bias": self.bias, "slope": self.slope, "offset": self.offset, "classes": self.classes,
        }  # fmt: skip
        return {"gamma": self.gamma, "width": self.width}, arrays

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays) -> Self:
        """The reverse of ``state``."""
        plain = {n: a.astype(np.float64) for n, a in arrays.items() if n != "classes"}
        classes = arrays["classes"].astype(np.int64)
        return cls(**plain, classes=classes, gamma=float(facts["gamma"]), width=int(facts["width"]))


@dataclass(frozen=True, slots=True)
class Lessons:
    """Columns x float32 (n, F), answers y, weights. source: (n,), equal for copies of one row."""

    x: NDArray[np.float32]
    y: NDArray[np.generic]
    weight: Floats
    source: Rows


def fit(lessons: Lessons, classes: int, inverse: float, kernel: Kernel, rng: np.random.Generator) -> Support:
    """A machine for each class against the rest, or one for a number (classes = 0). inverse: C.

    Outputs become probabilities by sigmoids fitted to outputs of machines that did not see the rows (Platt,
    Probabilistic outputs for support vector machines, 1999), as scikit-learn's CalibratedClassifierCV does.
    """
    centre, scale = lessons.x.mean(0, dtype=np.float64), lessons.x.std(0, dtype=np.float64)
    scale = np.where(scale > 1e-9, scale, 1.0)
    x = (lessons.x - centre) / scale
    gamma = 1.0 / (x.shape[1] * max(1e-12, float(x.var()))) if kernel == "rbf" else 0.0
    how = {"C": inverse, "kernel": kernel, "gamma": gamma or "scale"}
    if not classes:
        model = SVR(**how).fit(x, lessons.y, lessons.weight)
        columns = [_Column(model.support_, model.dual_coef_[0], float(model.intercept_[0]))]
        return _joined(x, columns, np.zeros(0, np.int64), (centre, scale, gamma, 0))
    met = np.unique(lessons.y).astype(np.int64)
    ones = met[1:] if len(met) == 2 else met
    columns = [_one(x, lessons, lessons.y == k, how, rng) for k in ones]
    if len(met) == 2:
        columns = [columns[0].turned(), columns[0]]
    return _joined(x, columns, met, (centre, scale, gamma, classes))


@dataclass(frozen=True, slots=True)
class _Column:
    """One output. support: places of its vectors; dual: (S,) their factors."""

    support: Rows
    dual: Floats
    bias: float
    slope: float = 0.0
    offset: float = 0.0

    def turned(self) -> Self:
        """The output of everything but the class: its probability is the rest of this one's."""
        return type(self)(self.support, -self.dual, -self.bias, self.slope, -self.offset)


def _one(
    x: Floats, lessons: Lessons, own: NDArray[np.bool_], how: dict[str, object], rng: np.random.Generator
) -> _Column:
    """One class against the rest; its share for all rows where too few rows are left to fit a sigmoid."""
    held = _folds(own, lessons.source, rng)
    if held is None:
        share = float((own * lessons.weight).sum() / lessons.weight.sum())
        return _Column(np.zeros(0, np.int64), np.zeros(0), 0.0, 0.0, float(np.log((1 - share) / share)))
    model = CalibratedClassifierCV(SVC(**how), method="sigmoid", ensemble=False, cv=held)
    found = model.fit(x, own, lessons.weight).calibrated_classifiers_[0]
    machine, sigmoid = found.estimator, found.calibrators[0]
    support = machine.support_.astype(np.int64)
    bias = float(machine.intercept_[0])
    return _Column(support, machine.dual_coef_[0], bias, float(sigmoid.a_), float(sigmoid.b_))


def _folds(own: NDArray[np.bool_], source: Rows, rng: np.random.Generator) -> list[tuple[Rows, Rows]] | None:
    """(learned, held) places of up to FOLDS folds, copies of a row together and classes dealt out evenly."""
    rows, first, back = np.unique(source, return_index=True, return_inverse=True)
    yes = own[first]
    number = min(FOLDS, int(yes.sum()), int((~yes).sum()))
    if number < 2:
        return None
    order = np.lexsort((rng.random(len(rows)), yes))
    fold = np.empty(len(rows), np.int64)
    fold[order] = np.arange(len(rows)) % number
    each = fold[back]
    return [(np.flatnonzero(each != one), np.flatnonzero(each == one)) for one in range(number)]


def _joined(
    x: Floats, columns: Sequence[_Column], classes: Rows, rest: tuple[Floats, Floats, float, int]
) -> Support:
    """The outputs over one set of vectors."""
    used = np.unique(np.concatenate([c.support for c in columns]).astype(np.int64))
    dual = np.zeros((len(used), len(columns)))
    for place, column in enumerate(columns):
        dual[np.searchsorted(used, column.support), place] = column.dual
    bias, slope, offset = (np.array([getattr(c, n) for c in columns]) for n in ("bias", "slope", "offset"))
    centre, scale, gamma, width = rest
    return Support(centre, scale, x[used], dual, bias, slope, offset, classes, gamma, width)
