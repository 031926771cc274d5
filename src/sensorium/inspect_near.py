"""Cells that are nearly the same: how many, in which groups, and what the parts of a split share.

Letters: N rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sensorium.infer_columns import ColumnGuess
from sensorium.inspect_looks import Looks, compared, looks_of
from sensorium.table.table import Table
from sensorium.types import Json

Ints = NDArray[np.int64]

MOST_CELLS = 100_000
"""So many different cells of a column are compared when a table is looked at."""
EXAMPLES = 6


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows whose cells differ in so many bits of their fingerprints."""

    first: int
    second: int
    bits: int


@dataclass(frozen=True, slots=True)
class NearLeak:
    """Rows of the part ``second`` that have nearly the cell of a row in ``first``. share: of its rows."""

    first: str
    second: str
    count: int
    share: float
    examples: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class NearColumn:
    """What is nearly the same in one column.

    asked: its different cells; compared: those that had a fingerprint, perhaps of a sample (sampled).
    groups: sets of different cells that are linked; rows: in them; largest: rows of the largest. divided:
    whether the table has parts. complete: False when there were too many alike to find every pair.
    skipped: why nothing was compared.
    """

    column: str
    asked: int = 0
    compared: int = 0
    most_bits: int = 0
    sampled: bool = False
    groups: int = 0
    rows: int = 0
    largest: int = 0
    examples: tuple[Pair, ...] = ()
    leaks: tuple[NearLeak, ...] = ()
    divided: bool = False
    complete: bool = True
    skipped: str | None = None

    def to_dict(self, table: Table) -> dict[str, Json]:
        """As JSON; rows are numbered from 1, as the table's messages number them."""
        own: dict[str, Json] = {
            name: getattr(self, name)
            for name in ("column", "asked", "compared", "most_bits", "sampled", "groups", "rows", "largest")
        }
        leaks: list[Json] = [
            {"first": one.first, "second": one.second, "count": one.count, "share": one.share,
             "examples": _pairs(one.examples, table)}
            for one in self.leaks
        ]  # fmt: skip
        told = {"examples": _pairs(self.examples, table), "leaks": leaks}
        return own | told | {"complete": self.complete, "skipped": self.skipped}

    def warnings(self, table: Table) -> list[str]:
        """One sentence for each two parts that share cells which are nearly the same, or on groups alike."""
        said = []
        if self.groups and not self.divided:
            pair = self.examples[0]
            rows = f"{table.row_number(pair.first)} and {table.row_number(pair.second)}"
            said.append(
                f"{self.rows:,} rows have nearly the same {self.column!r} as another row, such as {rows}: "
                "a random split may part them; sensorium split --together near does not."
            )
        for one in self.leaks:
            pair = one.examples[0]
            rows = f"{table.row_number(pair.second)} and {table.row_number(pair.first)}"
            said.append(
                f"{one.count:,} {one.second} rows ({100 * one.share:.1f} %) have nearly the same "
                f"{self.column!r} as {one.first} rows, for example {rows} ({pair.bits} of 256 bits differ)."
            )
        return said


def near_column(
    table: Table, guess: ColumnGuess, parts: Mapping[str, Ints], seed: int, most_cells: int = MOST_CELLS
) -> NearColumn:
    """Compare the cells of a column. parts: row numbers by name, earlier ones learned from."""
    why = compared(guess, table)
    if why is not None:
        return NearColumn(guess.column, skipped=why)
    looks = looks_of(table, guess, seed, most_cells)
    told = _groups(looks)
    leaks = _leaks(looks, parts)
    return NearColumn(
        guess.column, looks.asked, looks.compared, looks.most_bits, looks.asked > most_cells, *told,
        _examples(looks), leaks, bool(parts), looks.near.complete,
    )  # fmt: skip


def _groups(looks: Looks) -> tuple[int, int, int]:
    """How many sets of different cells are linked, their rows, and the rows of the largest."""
    group = looks.groups()
    rows = np.flatnonzero(group >= 0)
    if not len(rows):
        return 0, 0, 0
    cells = np.unique(np.stack([group[rows], looks.cell[rows]], 1), axis=0)
    several = np.bincount(cells[:, 0]) > 1
    sizes = np.bincount(group[rows])[: len(several)][several]
    return len(sizes), int(sizes.sum()), int(sizes.max(initial=0))


def _examples(looks: Looks) -> tuple[Pair, ...]:
    """Pairs of rows, half of them the closest, half at the limit, each of other looks."""
    first = _first_rows(looks)
    equal = [Pair(one, other, 0) for one, other in _copies(looks)[: EXAMPLES // 2]]
    order = np.argsort(looks.near.bits, kind="stable")
    pairs = np.stack([looks.near.first, looks.near.second, looks.near.bits], 1)[order].tolist()
    room = EXAMPLES - len(equal)
    kept = (
        [*pairs[: room - room // 2], *pairs[room - room // 2 :][-(room // 2) :]] if room > 1 else pairs[:room]
    )
    rows = [(int(first[a]), int(first[b]), bits) for a, b, bits in kept]
    far = [Pair(min(a, b), max(a, b), bits) for a, b, bits in rows]
    return (*equal, *far)


def _first_rows(looks: Looks) -> Ints:
    """int64 (U,): the first row of each look."""
    first = np.full(int(looks.row.max(initial=-1)) + 1, -1)
    rows = np.flatnonzero(looks.row >= 0)[::-1]
    first[looks.row[rows]] = rows
    return first


def _copies(looks: Looks) -> list[tuple[int, int]]:
    """Rows with different cells of equal looks, one pair for each such look."""
    rows = np.flatnonzero(looks.row >= 0)
    _, place = np.unique(looks.cell[rows], return_index=True)
    firsts = rows[np.sort(place)]
    order = firsts[np.argsort(looks.row[firsts], kind="stable")]
    same = np.flatnonzero(looks.row[order][:-1] == looks.row[order][1:])
    once = np.unique(looks.row[order[same]], return_index=True)[1]
    return [(int(order[at]), int(order[at + 1])) for at in same[np.sort(once)]]


def _leaks(looks: Looks, parts: Mapping[str, Ints]) -> tuple[NearLeak, ...]:
    found = []
    for one, other in combinations(parts, 2):
        twins = _twins(looks, parts[one], parts[other])
        if len(twins):
            pairs = _partners(looks, parts[one], twins)
            found.append(NearLeak(one, other, len(twins), len(twins) / len(parts[other]), pairs))
    return tuple(found)


def _twins(looks: Looks, learned: Ints, tested: Ints) -> Ints:
    """The tested rows with nearly the cell of a learned row; equal cells are told elsewhere."""
    here = np.zeros(int(looks.near.look.max(initial=-1)) + 1, bool)
    here[looks.row[learned[looks.row[learned] >= 0]]] = True
    close = here.copy()
    close[looks.near.second[here[looks.near.first]]] = True
    close[looks.near.first[here[looks.near.second]]] = True
    seen = tested[looks.row[tested] >= 0]
    seen = seen[~np.isin(looks.cell[seen], looks.cell[learned])]
    return seen[close[looks.row[seen]]]


def _partners(looks: Looks, learned: Ints, twins: Sequence[int] | Ints) -> tuple[Pair, ...]:
    """Some of the twins, the closest first, each with the learned row that it is closest to."""
    row_of: dict[int, int] = {}
    for row in learned.tolist():
        row_of.setdefault(int(looks.row[row]), row)
    nearest: dict[int, tuple[int, int]] = {look: (0, row) for look, row in row_of.items() if look >= 0}
    order = np.argsort(looks.near.bits, kind="stable")
    pairs = np.stack([looks.near.first, looks.near.second, looks.near.bits], 1)[order].tolist()
    for one, other, bits in pairs:
        for mine, its in ((one, other), (other, one)):
            if its in row_of and mine not in nearest:
                nearest[mine] = (bits, row_of[its])
    made = [Pair(nearest[int(looks.row[t])][1], int(t), nearest[int(looks.row[t])][0]) for t in twins]
    return tuple(sorted(made, key=lambda pair: pair.bits)[:EXAMPLES])


def _pairs(pairs: Sequence[Pair], table: Table) -> list[Json]:
    return [{"rows": [table.row_number(p.first), table.row_number(p.second)], "bits": p.bits} for p in pairs]
