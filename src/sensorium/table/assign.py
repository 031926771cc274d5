"""Rows or whole groups into parts of given shares, evenly over labels. Arrays only.

Letters: N rows, K parts, G groups, C classes.
"""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

GREEDY = 2000
"""So many of the largest groups are placed one by one; smaller ones follow in random order, by size."""
_CLASSES = 100
_BINS = 10


def sizes(rows: int, shares: Floats) -> Ints:
    """int64 (K,): how many of ``rows`` each part gets; each with a share above 0 at least one row."""
    ends = np.floor(np.cumsum(shares) / shares.sum() * rows + 0.5).astype(np.int64)
    found: Ints = np.diff(ends, prepend=0)
    for part in np.flatnonzero((shares > 0) & (found == 0)):
        found[found.argmax()] -= 1
        found[part] += 1
    return found


def at_random(rows: int, shares: Floats, rng: np.random.Generator) -> Ints:
    """int64 (N,): the part of each row."""
    parts = np.repeat(np.arange(len(shares)), sizes(rows, shares))
    return rng.permutation(parts)


def stratified(labels: Ints, shares: Floats, rng: np.random.Generator) -> Ints | None:
    """int64 (N,): the part of each row, every class in the same shares as far as its rows go.

    A class keeps at least one row in part 0. None when classes are so small that a part would get
    fewer than half of its rows.
    """
    _, label, count = np.unique(labels, return_inverse=True, return_counts=True)
    wanted = shares / shares.sum()
    turn = rng.permutation(len(count))
    running = np.floor(np.cumsum(count[turn, None] * wanted[1:], axis=0) + 0.5).astype(np.int64)
    take = np.zeros((len(count), len(shares) - 1), np.int64)
    take[turn] = np.diff(running, axis=0, prepend=0)
    while (over := take.sum(1) >= count).any():  # at most as many rounds as there are parts
        largest = take[over].argmax(1)
        take[np.flatnonzero(over), largest] -= 1
    if (take.sum(0) < np.where(wanted[1:] > 0, np.maximum(1, 0.5 * wanted[1:] * len(label)), 0)).any():
        return None
    shuffled = rng.permutation(len(label))
    order = shuffled[np.argsort(label[shuffled], kind="stable")]
    starts = np.cumsum(count) - count
    rank = np.arange(len(label)) - starts[label[order]]
    bounds = np.cumsum(take, axis=1)[label[order]]
    parts = np.empty(len(label), np.int64)
    within = (rank[:, None] >= bounds).sum(1) + 1
    parts[order] = np.where(within > bounds.shape[1], 0, within)
    return parts


def whole_groups(groups: Ints, shares: Floats, rng: np.random.Generator, labels: Ints | None = None) -> Ints:
    """int64 (N,): the part of each row; rows of one group share theirs.

    The largest groups come first, each to the part where rows (and classes, when they are few) then
    deviate least from the shares. Every part with a share gets a group: there must be enough of them.
    """
    _, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    used = np.flatnonzero(shares > 0)
    wanted = shares[used] / shares.sum()
    held = _held(group, size, labels)
    order = rng.permutation(len(size))
    order = order[np.argsort(-size[order], kind="stable")]
    place = np.empty(len(size), np.int64)
    filled = np.zeros((len(used), held.shape[1]))
    free = len(used)
    for turn, one in enumerate(order[:GREEDY]):
        cost = (2 * filled @ held[one] + held[one] @ held[one]) / wanted
        if free and len(size) - turn <= free:
            cost = np.where(filled.any(1), np.inf, cost)
        part = int(cost.argmin())
        free -= not filled[part].any()
        filled[part] += held[one]
        place[one] = part
    rest = rng.permutation(order[GREEDY:])
    if len(rest):
        rows = np.bincount(place[order[:GREEDY]], size[order[:GREEDY]], len(used))
        short = np.maximum(wanted * size.sum() - rows, 0)
        middle = np.cumsum(size[rest]) - size[rest] / 2
        edges = np.cumsum(short)[:-1] * (size[rest].sum() / max(short.sum(), 1))
        place[rest] = np.searchsorted(edges, middle, side="right")
    parts: Ints = used[place[group]]
    return parts


def _held(group: Ints, size: Ints, labels: Ints | None) -> Floats:
    """float64 (G, C + 1): each group's share of every class and, as heavy as all of these, of all rows."""
    rows: Floats = size[:, None] / size.sum()
    if labels is None:
        return rows
    classes, label, count = np.unique(labels, return_inverse=True, return_counts=True)
    if len(classes) > _CLASSES or len(classes) * len(size) > 10**7:
        return rows
    table = np.bincount(group * len(classes) + label, minlength=len(size) * len(classes))
    share = table.reshape(len(size), len(classes)) / count
    return np.concatenate([share, rows * np.sqrt(len(classes))], axis=1)


def even(rows: int, parts: int, rng: np.random.Generator, labels: NDArray[np.generic] | None = None) -> Ints:
    """int64 (N,): one of ``parts`` equal parts for each row, evenly along sorted labels."""
    shuffled = rng.permutation(rows)
    if labels is not None:
        shuffled = shuffled[np.argsort(labels[shuffled], kind="stable")]
    block = np.arange(rows) // parts
    order = np.lexsort((rng.random(rows), block))
    found = np.empty(rows, np.int64)
    found[shuffled[order]] = np.arange(rows) % parts
    return found


def bins(values: Floats) -> Ints:
    """int64 (N,): the tenth of the sorted values that each lies in; -1 for NaN."""
    real = np.isfinite(values)
    if not real.any():
        return np.full(len(values), -1)
    edges = np.unique(np.quantile(values[real], np.linspace(0, 1, _BINS + 1)[1:-1]))
    return np.where(real, np.searchsorted(edges, values, side="right"), -1)
