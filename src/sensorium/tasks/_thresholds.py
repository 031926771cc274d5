"""Where each label of several begins to be said: thresholds, by rows that nothing learned from.

Letters: n rows, K labels.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Judge = Callable[[Floats, NDArray[np.bool_]], float]
"""Numbers (m, K) of some of the n rows, bool (n,) -> how good they are by the score that is asked."""

SURE = 20.0
"""Rows with a label at which its own threshold counts as much as the common one."""
FEWEST = 10
"""Rows below which nothing is settled."""
MOST = 8.0
"""Thresholds lie within this many logits of even odds."""
TINY = 1e-9


def best_cut(numbers: Floats, true: NDArray[np.bool_], weight: Floats) -> float:
    """The number from which on saying yes has the best F1: halfway between two neighbours. Ties: nearest 0.

    numbers, true, weight: (n,). 0 where nothing is true.
    """
    if not (true & (weight > 0)).any():
        return 0.0
    order = np.argsort(-numbers, kind="stable")
    ranked = numbers[order]
    right = np.cumsum(weight[order] * true[order])
    f1 = 2 * right / (np.cumsum(weight[order]) + right[-1])
    ends = np.append(ranked[1:] < ranked[:-1], True)
    below = np.append(ranked[1:], ranked[-1] - 2 * abs(ranked[-1]) - 2.0)
    cuts, f1 = ((ranked + below) / 2)[ends], f1[ends]
    best = cuts[f1 >= f1.max() - TINY]
    return float(np.clip(best[np.abs(best).argmin()], -MOST, MOST))


def drawn(numbers: Floats, true: NDArray[np.bool_], weight: Floats) -> tuple[Floats, Floats]:
    """(the common cut for all labels (K,), each label's own drawn to it by how few rows have the label)."""
    labels = numbers.shape[1]
    common = best_cut(numbers.ravel(), true.ravel(), np.repeat(weight, labels))
    own = np.array([best_cut(numbers[:, k], true[:, k], weight) for k in range(labels)])
    rows = (true * (weight > 0)[:, None]).sum(0)
    share = rows / (rows + SURE)
    return np.full(labels, common), share * own + (1 - share) * common


def settled(
    numbers: Floats, true: NDArray[np.bool_], weight: Floats, judge: Judge, rng: np.random.Generator
) -> list[float]:
    """What to add to numbers (n, K) so that a label is said from 0 on; empty: nothing is better.

    Even odds, one common cut and a cut for each label are compared where they were not found: cuts of
    either half of the rows on the other half. What wins is found again on all rows.
    """
    if len(numbers) < FEWEST:
        return []
    half = np.zeros(len(numbers), bool)
    half[rng.permutation(len(numbers))[::2]] = True
    gained = np.zeros(3)
    for fit in (half, ~half):
        tried = drawn(numbers[fit], true[fit], weight[fit])
        cuts = (np.zeros(numbers.shape[1]), *tried)
        gained += [judge(numbers[~fit] - cut, ~fit) for cut in cuts]
    if not np.isfinite(gained).all():
        return []
    best = int(np.argmax(gained > gained.max() - TINY))
    if best == 0:
        return []
    return [round(-float(x), 4) for x in drawn(numbers, true, weight)[best - 1]]
