"""Whether what a row lacks tells its label: a permutation test over missing cells and their patterns.

Statistic: Pearson's chi-square of each column's missingness (of classes, or of ranks: Kruskal and Wallis
1952), of how many cells a row lacks, and of the pattern of all; on one scale by a cube root (Wilson and
Hilferty 1931), and the largest of them against its own permutations (Westfall and Young 1993, max-T).
Letters: N rows, U units, D tests' columns, K classes, R permutations, C columns.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from sensorium.types import Json

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

DRAWS, LEVEL = 1_000, 0.05
MOST_ROWS, FEWEST_ROWS = 20_000, 20
MOST_COLUMNS, MOST_PATTERNS, MOST_CLASSES = 64, 40, 20
WORK = 2e10
"""Rows x tests x classes x permutations that the test may take; fewer rows are drawn beyond."""
AT_ONCE = 4_000_000
RARE = 5
"""Patterns of fewer rows are one."""
SAME = 1e-5
"""Statistics that differ by less, relative to their spread, are equal: sums of float32 are not exact."""


@dataclass(frozen=True, slots=True)
class Missingness:
    """What the test found. p: of the whole. rows: tested. groups: units, where groups were kept whole.

    column: whose absence alone says so, most clearly; "" where only patterns of several do. lacking: rows
    without it. strength: 0..1, Cramer's V, or the correlation with the ranks. label: whose share
    differs most (for numbers ""). there, gone: the label's share (for numbers the median) where the
    column is there, and where it is not.
    """

    p: float
    rows: int
    groups: int | None = None
    column: str = ""
    lacking: int = 0
    strength: float = 0.0
    label: str = ""
    there: float = 0.0
    gone: float = 0.0

    @property
    def tells(self) -> bool:
        """Whether missing cells predict the target."""
        return self.p <= LEVEL

    def to_dict(self) -> dict[str, Json]:
        """As JSON."""
        return {**asdict(self), "tells": self.tells}

    def text(self, target: str) -> str:
        """One sentence for people, with the figure and what follows from it."""
        units = "" if self.groups is None else f" over {self.groups:,} groups kept whole"
        test = f"permutation test{units}, p = {self.p:.3f}"
        follows = (
            "a model may learn who was not measured instead of what was: it errs where cells go missing for "
            "other reasons."
        )
        if not self.column:
            what = f"which cells a row lacks together predicts {target!r} ({self.rows:,} rows; {test})"
            return f"{what}; {follows}"
        lacking = f"rows without {self.column!r} ({self.lacking:,} of {self.rows:,})"
        if self.label:
            said = f"{lacking} are {self.label!r} in {self.gone:.1%} of cases, others in {self.there:.1%}"
        else:
            said = f"{lacking} have a median of {self.gone:.4g}, others of {self.there:.4g}"
        return f"what is missing predicts {target!r}: {said} ({test}); {follows}"


def missingness(
    lacking: Mapping[str, Bools],
    truth: NDArray[np.generic],
    rng: np.random.Generator,
    *,
    labels: Sequence[Json] | None = None,
    groups: NDArray[np.generic] | None = None,
    draws: int = DRAWS,
) -> Missingness | None:
    """Test whether the cells that rows lack predict their target; None when there is nothing to test.

    lacking: {column: bool (N,), True where its cell is missing}. truth: (N,), class numbers into
    ``labels``, or numbers when that is None. groups: (N,), rows that belong together: then groups are
    permuted among each other, and within each group the targets are shifted in a circle, which keeps
    runs of equal targets whole. Over MOST_ROWS rows a random part is tested.
    """
    names = _several(lacking)
    if not names or len(truth) < FEWEST_ROWS or len(np.unique(truth)) < 2:
        return None
    width = 1 if labels is None else min(MOST_CLASSES, len(np.unique(truth)))
    tests = 2 * (len(names) + MOST_PATTERNS)
    most = int(min(MOST_ROWS, max(2_000, WORK / (tests * width * draws))))
    rows = _part(len(truth), most, groups, rng)
    names = _several({n: lacking[n][rows] for n in names})
    true = truth[rows]
    if not names or len(np.unique(true)) < 2:
        return None
    gone = np.stack([lacking[n][rows] for n in names], 1)
    design, target = _design(gone), _ranks(true) if labels is None else _classes(true)
    if groups is None:
        tested, units = [_Rows(design, target)], None
    else:
        group = np.unique(groups[rows], return_inverse=True)[1].reshape(-1)
        tested, units = (
            [_Between(design, target, group), _Within(design, target, group)],
            int(group.max()) + 1,
        )
    scaled = np.concatenate([_scaled(one.statistics(len(names), rng, draws)) for one in tested], 1)
    most_of = scaled.max(1)
    p = _share(most_of, most_of[0])
    alone = scaled[0].reshape(len(tested), -1)[:, : len(names)].max(0)
    best = int(alone.argmax())
    if _share(most_of, float(alone[best])) > LEVEL:
        return Missingness(p, len(rows), units)
    return _figure(names[best], gone[:, best], true, labels, p, units)


def _several(lacking: Mapping[str, Bools]) -> list[str]:
    """The columns that some rows lack and others do not, each pattern once, at most MOST_COLUMNS."""
    counts = {n: int(gone.sum()) for n, gone in lacking.items()}
    seen: dict[bytes, str] = {}
    for name, gone in lacking.items():
        if 0 < counts[name] < len(gone):
            seen.setdefault(np.packbits(gone).tobytes(), name)
    kept = sorted(seen.values(), key=lambda n: -counts[n] * (len(lacking[n]) - counts[n]))[:MOST_COLUMNS]
    return [n for n in lacking if n in set(kept)]


def _part(rows: int, most: int, groups: NDArray[np.generic] | None, rng: np.random.Generator) -> Ints:
    """At most so many rows, in order; whole groups where there are groups."""
    if rows <= most:
        return np.arange(rows)
    if groups is None:
        return np.sort(rng.choice(rows, most, replace=False))
    group = np.unique(groups, return_inverse=True)[1].reshape(-1)
    sizes = np.bincount(group)
    order = rng.permutation(len(sizes))
    kept = order[: max(1, int((np.cumsum(sizes[order]) <= most).sum()))]
    return np.flatnonzero(np.isin(group, kept))


def _design(gone: Bools) -> NDArray[np.float32]:
    """(N, C + 1 + P): each column's missingness, how many a row lacks, and the patterns as 0 and 1."""
    _, inverse = np.unique(np.packbits(gone, axis=1), axis=0, return_inverse=True)
    pattern = inverse.reshape(-1)
    counts = np.bincount(pattern)
    often = np.flatnonzero(counts >= RARE)
    often = often[np.argsort(-counts[often], kind="stable")][:MOST_PATTERNS]
    marks = pattern[:, None] == often
    rest = ~marks.any(1)
    if rest.any():
        marks = np.concatenate([marks, rest[:, None]], 1)
    return np.concatenate([gone, gone.sum(1, keepdims=True), marks], 1).astype(np.float32)


def _classes(truth: NDArray[np.generic]) -> NDArray[np.float32]:
    """(N, K): the classes as 0 and 1; beyond MOST_CLASSES the rare ones are one."""
    values, inverse, counts = np.unique(truth, return_inverse=True, return_counts=True)
    rank = np.empty(len(values), np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(values))
    place = np.minimum(rank[inverse.reshape(-1)], MOST_CLASSES - 1)
    marks: NDArray[np.bool_] = place[:, None] == np.arange(min(len(values), MOST_CLASSES))
    return marks.astype(np.float32)


def _ranks(truth: NDArray[np.generic]) -> NDArray[np.float32]:
    """(N, 1): mean ranks, between -0.5 and 0.5."""
    _, inverse, counts = np.unique(truth, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle: Floats = (ends - counts + ends - 1) / 2
    scaled: Floats = (middle[inverse.reshape(-1)] + 0.5) / len(truth) - 0.5
    return scaled.astype(np.float32)[:, None]


class _Rows:
    """Units whose targets change places freely: rows, or the means of groups."""

    def __init__(self, design: NDArray[np.float32], target: NDArray[np.float32]) -> None:
        self.design, self.target = design, target

    def orders(self, rng: np.random.Generator, draws: int) -> Iterator[Ints]:
        """The order as it is, then permutations."""
        yield np.arange(len(self.target))
        for _ in range(draws):
            yield rng.permutation(len(self.target))

    def statistics(self, columns: int, rng: np.random.Generator, draws: int) -> Floats:
        """(1 + R, C + 2): the statistic of each column, of the number lacking and of the patterns."""
        design, target = self.design.astype(np.float64), self.target.astype(np.float64)
        means, shares = design.mean(0), target.mean(0)
        spread, width = _positive(design.var(0)), _positive(target.var(0))
        marks = (np.arange(design.shape[1]) > columns) & (np.abs(means) > SAME)  # patterns have both sides
        spread = np.where(marks, means, spread)
        if target.shape[1] > 1:
            width = np.where(np.abs(shares) > SAME, shares, width)
        step, orders = max(1, AT_ONCE // self.target.size), self.orders(rng, draws)
        found: list[Floats] = []
        for start in range(0, draws + 1, step):
            some_orders = [next(orders) for _ in range(min(step, draws + 1 - start))]
            moved = self.target[np.stack(some_orders, 1)]  # (U, r, K)
            sums = (self.design.T @ moved.reshape(len(self.target), -1)).astype(np.float64)
            sums = sums.reshape(design.shape[1], len(some_orders), -1)
            away = sums / len(target) - means[:, None, None] * shares
            squares = (away**2 / width).sum(2).T / spread * len(target)
            patterns = squares[:, columns + 1 :].sum(1, keepdims=True)
            found.append(np.concatenate([squares[:, : columns + 1], patterns], 1))
        return np.concatenate(found)


class _Between(_Rows):
    """Groups as units: each is the mean of its rows."""

    def __init__(self, design: NDArray[np.float32], target: NDArray[np.float32], group: Ints) -> None:
        super().__init__(_means(design, group), _means(target, group))


class _Within(_Rows):
    """What differs within each group, whose targets are shifted in a circle."""

    def __init__(self, design: NDArray[np.float32], target: NDArray[np.float32], group: Ints) -> None:
        order = np.argsort(group, kind="stable")
        group = group[order]
        super().__init__(
            design[order] - _means(design, group)[group], target[order] - _means(target, group)[group]
        )
        self.sizes = np.bincount(group)
        self.group, self.starts = group, np.cumsum(self.sizes) - self.sizes

    def orders(self, rng: np.random.Generator, draws: int) -> Iterator[Ints]:
        """The order as it is, then circular shifts within each group."""
        place = np.arange(len(self.group)) - self.starts[self.group]
        yield np.arange(len(self.group))
        for _ in range(draws):
            shift = rng.integers(0, self.sizes)
            yield self.starts[self.group] + (place + shift[self.group]) % self.sizes[self.group]


def _means(values: NDArray[np.float32], group: Ints) -> NDArray[np.float32]:
    sums = np.zeros((int(group.max()) + 1, values.shape[1]))
    np.add.at(sums, group, values)
    return (sums / np.bincount(group)[:, None]).astype(np.float32)


def _positive(values: Floats) -> Floats:
    """Zeros as 1: what does not vary has no covariance either."""
    return np.where(values > 1e-9, values, 1.0)


def _scaled(statistics: Floats) -> Floats:
    """(1 + R, tests): cube roots, standardised by all draws, the true one among them."""
    roots = np.cbrt(np.maximum(statistics, 0.0))
    scaled: Floats = (roots - roots.mean(0)) / _positive(roots.std(0))
    return scaled


def _share(drawn: Floats, value: float) -> float:
    return float((drawn >= value - SAME).mean())


def _figure(
    column: str, gone: Bools, truth: NDArray[np.generic], labels: Sequence[Json] | None, p: float,
    units: int | None,
) -> Missingness:  # fmt: skip
    """What the absence of a column says, in numbers."""
    rows, lacking = len(truth), int(gone.sum())
    if labels is None:
        x, y = gone.astype(np.float64), _ranks(truth)[:, 0].astype(np.float64)
        strength = abs(float(np.corrcoef(x, y)[0, 1]))
        values = truth.astype(np.float64)
        there, away = float(np.median(values[~gone])), float(np.median(values[gone]))
        return Missingness(p, rows, units, column, lacking, strength, "", there, away)
    known, inverse = np.unique(truth, return_inverse=True)
    counts = np.zeros((2, len(known)))
    np.add.at(counts, (gone.astype(np.int64), inverse.reshape(-1)), 1.0)
    expected = counts.sum(1, keepdims=True) * counts.sum(0) / rows
    shares = counts / counts.sum(1, keepdims=True)
    clear = np.abs(counts[1] - expected[1]) / np.sqrt(expected[1])
    label = int(clear.argmax())
    strength = float(np.sqrt(((counts - expected) ** 2 / expected).sum() / rows))
    return Missingness(
        p, rows, units, column, lacking, strength, str(labels[int(known[label])]),
        float(shares[0, label]), float(shares[1, label]),
    )  # fmt: skip
