"""Metrics and the paired bootstrap, written apart from the library that they judge."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensorium.seeds import generator

Values = NDArray[np.generic]
Floats = NDArray[np.float64]
DRAWS = 1000


@dataclass(frozen=True)
class Answers:
    """The test rows of one or more folds. truth, answers: (N,). fold, group: (N,)."""

    truth: Values
    fold: Values
    group: Values


def weighted(metric: str, truth: Values, answers: Values, weight: Floats) -> float:
    """One metric over rows that count ``weight`` times."""
    if metric == "accuracy":
        return float(weight[truth == answers].sum() / weight.sum())
    if metric == "f1_weighted":
        return f1_weighted(truth, answers, weight)
    true, given = truth.astype(float), answers.astype(float)
    if metric == "mape":
        return float((weight * np.abs(given - true) / np.abs(true)).sum() / weight.sum())
    mean = (weight * true).sum() / weight.sum()
    return float(1 - (weight * (given - true) ** 2).sum() / (weight * (true - mean) ** 2).sum())


def f1_weighted(truth: Values, answers: Values, weight: Floats) -> float:
    """F1 of each class, averaged by its share of the true rows."""
    labels, codes = np.unique(np.concatenate([truth, answers]), return_inverse=True)
    true, given = codes[: len(truth)], codes[len(truth) :]
    count = len(labels)
    both = np.bincount(true[true == given], weight[true == given], count)
    truths, givens = np.bincount(true, weight, count), np.bincount(given, weight, count)
    f1 = 2 * both / np.maximum(truths + givens, 1e-12)
    return float((f1 * truths).sum() / truths.sum())


def score(metric: str, rows: Answers, answers: Values, weight: Floats | None = None) -> float:
    """The metric of each fold, averaged over the folds that have any row."""
    weight = np.ones(len(answers)) if weight is None else weight
    folds = [rows.fold == f for f in np.unique(rows.fold)]
    return float(
        np.mean(
            [weighted(metric, rows.truth[f], answers[f], weight[f]) for f in folds if weight[f].sum() > 0]
        )
    )


def interval(metric: str, rows: Answers, ours: Values, theirs: Values) -> tuple[float, float, float]:
    """ours - theirs with its 95 % interval: 1,000 paired draws of groups."""
    rng = generator(0, "benchmarks:bootstrap")
    _, codes = np.unique(rows.group, return_inverse=True)
    groups = codes.max() + 1
    draws = []
    for _ in range(DRAWS):
        weight = np.bincount(rng.integers(groups, size=groups), minlength=groups).astype(float)[codes]
        draws.append(score(metric, rows, ours, weight) - score(metric, rows, theirs, weight))
    low, high = np.quantile(draws, [0.025, 0.975])
    return score(metric, rows, ours) - score(metric, rows, theirs), float(low), float(high)


def verdict(metric: str, difference: float, low: float, high: float) -> str:
    """beaten, matched (the interval includes 0) or below."""
    if low <= 0 <= high:
        return "matched"
    better = difference < 0 if metric == "mape" else difference > 0
    return "beaten" if better else "below"
