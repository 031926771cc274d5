"""Which rows of a table belong together: copies of one row, rows that share a medium, rows that look alike.

Letters: N rows.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sensorium.infer_columns import ColumnGuess
from sensorium.inspect_looks import compared, looks_of
from sensorium.modalities import modalities
from sensorium.table import hashes
from sensorium.table.leaks import Contents, contents_of
from sensorium.table.near import linked
from sensorium.table.table import Table

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Together = Literal["same", "near", "no"]

PLACEHOLDER = 0.1
"""A medium that more than this share of the rows hold stands for nothing: it ties no rows together."""
FEW, COMMON = 5, 0.01
"""Rows without medium or text are copies when at most so many are equal, or this share of all rows: more of
them agree by chance, in values that many rows have."""


def ties_of(
    table: Table,
    guesses: Sequence[ColumnGuess],
    tied: Together,
    *,
    by: str | None,
    seed: int,
    notes: list[str],
) -> Ints | None:
    """int64 (N,): one number for rows that stay together; None where no two do.

    Media are compared each for itself, in whatever column they are and however many a cell holds.
    """
    inputs = [one for one in guesses if one.role == "input" and one.column != by]
    found = contents_of(table, [one.column for one in inputs])
    if not found.complete:
        notes.append("the media are too many bytes to compare every file; some are compared by path only")
    common = _placeholders(found, table.num_rows)
    for place in np.unique(found.column[common]).tolist():
        rows = len(np.unique(found.row[common & (found.column == place)]))
        notes.append(
            f"column {inputs[place].column!r}: {rows:,} rows hold a medium that more than {PLACEHOLDER:.0%} "
            "of all rows share, such as a placeholder; it keeps no rows together"
        )
    pairs = [pairs_of(found.medium[~common], found.row[~common])]
    pairs.append(pairs_of(_copies(found, common, [_tells(one) for one in inputs], notes)))
    for place, one in enumerate(inputs if tied == "near" else ()):
        if compared(one, table) is None:
            looks = looks_of(table, one, seed)
            empty = np.zeros(table.num_rows, bool)
            empty[found.row[common & (found.column == place)]] = True
            pairs += [pairs_of(np.where(empty, -1, codes)) for codes in (looks.groups(), looks.cell)]
    first, second = (np.concatenate(side) for side in zip(*pairs, strict=True))
    ties = linked(table.num_rows, first, second)
    return ties if len(np.unique(ties)) < table.num_rows else None


def pairs_of(codes: Ints, rows: Ints | None = None) -> tuple[Ints, Ints]:
    """Each row that has a code with the first row of that code. rows: of the codes; None: 0 to N - 1."""
    there = np.flatnonzero(codes >= 0)
    _, start, of = np.unique(codes[there], return_index=True, return_inverse=True)
    owner = there if rows is None else rows[there]
    return owner, owner[start[of]]


def _placeholders(found: Contents, rows: int) -> Bools:
    """bool (E,): which media so many rows hold that they say nothing of them."""
    once = np.unique(np.stack([found.medium, found.row]), axis=1)[0]
    counts = np.bincount(once, minlength=1)
    return np.isin(found.medium, np.flatnonzero(counts > max(2, PLACEHOLDER * rows)))


def _tells(one: ColumnGuess) -> bool:
    """Whether equal cells of a column are copies: media and texts do not agree by chance."""
    kind = modalities.get(str(one.modality))
    return kind.media or kind.near_bits > 0


def _copies(found: Contents, common: Bools, tells: Sequence[bool], notes: list[str]) -> Ints:
    """int64 (N,): equal numbers for rows that are copies by all their inputs; -1 for rows without a copy."""
    rows = len(found.cells[0]) if found.cells else 0
    mixed, present, told = np.zeros(rows, np.uint64), np.zeros(rows, bool), np.zeros(rows, bool)
    media = set(found.column.tolist())
    told[found.row[~common]] = True
    for place, (codes, telling) in enumerate(zip(found.cells, tells, strict=True)):
        mixed, present = hashes.mixed_in(mixed, codes), present | (codes >= 0)
        told |= (codes >= 0) & (telling and place not in media)
    _, same, counts = np.unique(mixed, return_inverse=True, return_counts=True)
    most = int(max(FEW, COMMON * rows))
    chance = present & ~told & (counts[same] > most)
    if chance.any():
        notes.append(
            f"{int(chance.sum()):,} rows without a medium or a text equal more than {most:,} others in all "
            "that they hold: these are common values, which keep no rows together"
        )
    return np.where(present & ~chance, same, -1).astype(np.int64)
