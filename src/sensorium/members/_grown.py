"""Boosted and averaged trees: grown by scikit-learn, kept as arrays.

Letters: N rows, F features, K classes (1 for a number), C classes met in training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)

from sensorium.members._base import Arrays, Floats
from sensorium.members._outcome import Lesson, Outcome
from sensorium.members._trees import Averaged, Trees, from_averaged, from_boosted, placed
from sensorium.types import Facts

Link = Literal["logit", "share", "value"]
CATEGORIES = 250
"""Categories of one feature that a split may name; rarer ones count as missing. scikit-learn takes 255."""
ABSENT = 1e-9
"""The share of a class that the training rows do not have."""
BOOSTED = 60
"""Classes above which trees are averaged and not boosted: each step would grow a tree for each."""
GROWN = 3000
"""Trees of all classes together that boosting may grow."""
WORK = 60_000_000
"""Rows x trees that boosting may grow: about 40 s on one core. With fewer trees each counts for more."""
USUAL = 40
"""Features that a split may see without costing more trees."""
FASTEST = 0.15
"""The greatest share of a tree that is added then."""
REGRESSORS = (ExtraTreesRegressor, RandomForestRegressor)


@dataclass(frozen=True)
class Grown:
    """Trees of one target. link: what they sum to. classes: int64 (C,), the classes met. width: K.

    how: with what they were grown (``steps`` and ``rate``, or ``leaf``), for growing alike; not stored.
    """

    trees: Trees
    link: Link
    classes: NDArray[np.int64]
    width: int
    how: Mapping[str, float] = field(default_factory=dict, compare=False)

    def say(self, x: NDArray[np.float32]) -> Floats:
        """Log-probabilities (N, K), or values (N, 1), for rows (N, F)."""
        sums = self.trees.sums(x)
        if self.link == "value":
            return sums
        if self.link == "logit":
            raw = np.concatenate([np.zeros_like(sums), sums], 1) if sums.shape[1] == 1 else sums
            raised = np.exp(raw - raw.max(1, keepdims=True))
            sums = raised / raised.sum(1, keepdims=True)
        shares = np.zeros((len(x), self.width))
        shares[:, self.classes] = sums
        logs: Floats = np.log(np.maximum(shares, ABSENT))
        return logs

    def state(self) -> tuple[Facts, Arrays]:
        """JSON and arrays for ``restore``."""
        return {"link": self.link, "width": self.width}, {**self.trees.state(), "classes": self.classes}

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays) -> Self:
        """The reverse of ``state``."""
        classes = arrays["classes"].astype(np.int64)
        return cls(Trees.restore(arrays), facts["link"], classes, facts["width"])


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one target: x float32 (n, F), NaN where missing, and what is known of them (places into x)."""

    x: NDArray[np.float32]
    lesson: Lesson

    def rows(self) -> NDArray[np.float32]:
        """The rows of x that can be learned from."""
        return self.x[self.lesson.rows]


@dataclass(frozen=True, slots=True)
class Boosting:
    """rate, most steps, leaves of a tree, share of the features that a split sees, steps without gain.

    questions: how many such targets share the bounds on trees.
    """

    rate: float
    steps: int
    leaves: int
    share: float
    patience: int
    questions: int = 1


def constant(table: Table, outcome: Outcome) -> Grown:
    """No trees: the share of each class, or the mean."""
    known = table.lesson
    link: Link = "share" if outcome.classes else "value"
    if outcome.classes:
        shares = known.frequency(outcome.classes)
        base = shares / shares.sum()
    else:
        total = float((known.values.astype(np.float64) * known.weight).sum())
        base = np.array([total / max(1.0, float(known.weight.sum()))])
    none = np.zeros(0, np.int32)
    trees = Trees(
        feature=none, threshold=np.zeros(0, np.float32), children=np.zeros((0, 2), np.int32),
        missing_left=np.zeros(0, bool), group=none, groups=np.zeros((0, 0), bool),
        known=np.zeros((0, 0), np.int64), roots=none, output=none, values=np.zeros((0, 1)),
        base=base, share=np.ones(1),
    )  # fmt: skip
    return Grown(trees, link, np.arange(outcome.classes), max(1, outcome.classes))


def learnable(table: Table, outcome: Outcome) -> bool:
    """Whether there are two different answers to tell apart."""
    return len(np.unique(table.lesson.values)) > 1 and (outcome.classes > 0 or len(table.lesson.rows) >= 4)


def boosted(train: Table, check: Table, outcome: Outcome, categories: int, how: Boosting, seed: int) -> Grown:
    """Boosted trees that stop when the loss of the validation rows does. The first features are categories.

    Friedman, Greedy function approximation, 2001; histograms as in LightGBM (Ke et al. 2017).
    """
    x, y = filled(train.rows()), train.lesson.values
    classes = np.unique(y).astype(np.int64) if outcome.classes else np.zeros(0, np.int64)
    known = [_frequent(x[:, i]) for i in range(categories)]
    kept = np.isin(check.lesson.values, classes) if outcome.classes else np.ones(len(check.lesson.rows), bool)
    stops = kept.sum() >= 10
    grows = HistGradientBoostingClassifier if outcome.classes else HistGradientBoostingRegressor
    outputs = (len(classes) if len(classes) > 2 else 1) * how.questions
    work = outputs * len(x) * max(1, round(x.shape[1] * how.share / USUAL))
    steps = min(how.steps, max(20, min(GROWN // outputs, WORK // work)))
    rate = how.rate if steps == how.steps else max(how.rate, min(FASTEST, how.rate * how.steps / steps))
    model = grows(
        learning_rate=rate,
        max_iter=steps,
        max_leaf_nodes=max(2, min(how.leaves, max(6, len(x) // 60))),
        min_samples_leaf=max(3, min(20, len(x) // 100)),
        max_features=how.share,
        categorical_features=[i for i, values in enumerate(known) if len(values)] or None,
        early_stopping=bool(stops),
        n_iter_no_change=how.patience,
        random_state=seed % 2**32,
    )
    if stops:
        held = check.rows()[kept]
        model.fit(
            placed(x, known), y, train.lesson.weight,
            X_val=placed(held, known), y_val=check.lesson.values[kept],
            sample_weight_val=check.lesson.weight[kept],
        )  # fmt: skip
    else:
        model.fit(placed(x, known), y, train.lesson.weight)
    link: Link = "logit" if outcome.classes else "value"
    used = {"steps": len(model._predictors), "rate": rate}
    return Grown(from_boosted(model, known), link, classes, max(1, outcome.classes), used)


def averaged(train: Table, outcome: Outcome, trees: int, least: int, share: float, seed: int) -> Grown:
    """Extremely randomised trees (Geurts et al. 2006), at least ``least`` rows a leaf."""
    x, y = filled(train.rows()), train.lesson.values
    grows = ExtraTreesClassifier if outcome.classes else ExtraTreesRegressor
    model = grows(
        n_estimators=trees, min_samples_leaf=least, max_features=share, random_state=seed % 2**32
    ).fit(x, y, train.lesson.weight)
    return from_forest(model, x, outcome, {"leaf": least})


def from_forest(
    model: Averaged, x: NDArray[np.float32], outcome: Outcome, how: Mapping[str, float] | None = None
) -> Grown:
    """Fitted averaged trees. x: the rows (n, F) that they learned from."""
    none = np.zeros(0, np.int64)
    classes = none if isinstance(model, REGRESSORS) else model.classes_.astype(np.int64)
    gaps = np.isnan(x.max(axis=0))
    link: Link = "share" if outcome.classes else "value"
    return Grown(from_averaged(model, gaps), link, classes, max(1, outcome.classes), how or {})


def filled(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows with features that miss everywhere as 0: scikit-learn cannot bin them, no tree splits them."""
    return np.where(np.isnan(x).all(axis=0), np.float32(0), x)


def _frequent(column: NDArray[np.float32]) -> NDArray[np.int64]:
    """The sorted categories of a feature, at most CATEGORIES, the frequent ones."""
    values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    order: Sequence[int] = np.lexsort((values, -counts))[:CATEGORIES].tolist()
    kept: NDArray[np.int64] = np.sort(values[order].astype(np.int64))
    return kept
