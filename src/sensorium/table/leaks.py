"""The same row or the same medium in two parts of a split: a leak, to be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sensorium.media.locate import is_path_like, located, parted
from sensorium.media.several import held, sign_of
from sensorium.table import hashes
from sensorium.table.packed import Cell
from sensorium.table.table import Table

Ints = NDArray[np.int64]
Medium: TypeAlias = "Path | int | None"
"""A file, 64 bits of what is no file, or nothing to compare."""

EXAMPLES = 5
MOST_BYTES = 1 << 31
"""So much is read of files that have the size of one in another part; others count by path only."""


@dataclass(frozen=True, slots=True)
class Leak:
    """What two parts share. kind: a whole row (its inputs), or the medium of one column.

    count: rows of ``second`` that have a twin in ``first``; share: of its rows. examples: pairs of
    row numbers (first, second). complete: False when files were too many to compare their contents.
    """

    kind: Literal["row", "medium"]
    first: str
    second: str
    count: int
    share: float
    examples: tuple[tuple[int, int], ...]
    column: str | None = None
    complete: bool = True

    def text(self, table: Table) -> str:
        """One sentence for people, with an example."""
        what = "the same inputs as" if self.kind == "row" else f"the same {self.column!r} as"
        one, other = (table.row_number(row) for row in self.examples[0])
        limit = "" if self.complete else " at least; not every file was read"
        return (
            f"{self.count:,} {self.second} rows ({100 * self.share:.1f} %{limit}) have {what} "
            f"{self.first} rows, for example {other} and {one}."
        )


def find_leaks(
    table: Table, parts: Mapping[str, Ints], columns: Sequence[str], *, most_bytes: int = MOST_BYTES
) -> list[Leak]:
    """Rows and media that more than one part holds, worst first.

    parts: row numbers by name, earlier ones learned from. columns: the inputs. Rows are equal when all their
    inputs are (media by content); rows without any input are not compared. Media are files and bytes:
    equal paths first, then size, then SHA-256 of at most 16 MiB of each.
    """
    part = np.full(table.num_rows, -1)
    for number, rows in enumerate(parts.values()):
        part[rows] = number
    used = np.flatnonzero(part >= 0)
    names, leaks = list(parts), list[Leak]()
    mixed, present = np.zeros(table.num_rows, np.uint64), np.zeros(table.num_rows, bool)
    for column in columns:
        codes, first = _dense(table.codes(column))
        media = _media(table, column, first)
        if media is not None:
            content, complete = _contents(media, _spread(codes, part, len(first)), most_bytes)
            codes = np.where(codes >= 0, content[codes], -1)
            leaks += _shared(codes, part, used, names, "medium", column, complete)
        mixed, present = hashes.mixed_in(mixed, codes), present | (codes >= 0)
    if columns:
        row_codes = np.unique(mixed, return_inverse=True)[1]
        leaks += _shared(np.where(present, row_codes, -1), part, used, names, "row", None, True)
    return sorted(leaks, key=lambda leak: -leak.count)


@dataclass(frozen=True, slots=True)
class Contents:
    """Columns by content. cells: int64 (N,) of each column, equal for equal cells, -1 where there is none.

    row, column, medium: int64 (E,), of each medium of each cell its row, its column's place and a number that
    is equal for equal contents, whatever the column. complete: False when some were compared by path only.
    """

    cells: tuple[Ints, ...]
    row: Ints
    column: Ints
    medium: Ints
    complete: bool


def contents_of(table: Table, columns: Sequence[str], *, most_bytes: int = MOST_BYTES) -> Contents:
    """These columns' cells and media by content; cells that hold several media are taken apart."""
    dense = [_dense(table.codes(column)) for column in columns]
    apart = [_apart(table, column, first) for column, (_, first) in zip(columns, dense, strict=True)]
    every = [one for found in apart if found is not None for one in found.media]
    number: dict[Medium, int] = {}
    content, complete = _contents(every, [{number.setdefault(m, len(number))} for m in every], most_bytes)
    cells, parts, start = list[Ints](), [np.zeros((3, 0), np.int64)], 0
    for place, ((codes, _), found) in enumerate(zip(dense, apart, strict=True)):
        if found is None:
            cells.append(codes)
            continue
        mine = content[start : start + len(found.media)]
        start += len(found.media)
        stops = np.cumsum(found.counts)
        plain, ends = mine.tolist(), zip(stops.tolist(), found.counts.tolist(), strict=True)
        each = [tuple(plain[stop - many : stop]) for stop, many in ends]
        known = hashes.codes(one if max(one, default=-1) >= 0 else None for one in each)
        cells.append(np.where(codes >= 0, known[codes], -1))
        row, element = _spread_rows(codes, stops, found.counts)
        real = found.real[element] & (mine[element] >= 0)
        parts.append(np.stack([row, np.full(len(row), place), mine[element]])[:, real])
    row, column, medium = np.concatenate(parts, axis=1)
    return Contents(tuple(cells), row, column, medium, complete)


@dataclass(frozen=True, slots=True)
class _Apart:
    """A column's different cells taken apart. real: bool (E,), which are media and not texts beside them.

    counts: int64 (U,), how many each cell holds."""

    media: list[Medium]
    real: NDArray[np.bool_]
    counts: Ints


def _apart(table: Table, column: str, first: Ints) -> _Apart | None:
    """The column's distinct cells when some of them hold files, bytes, pictures or arrays; else None."""
    some = next(table.chunks(column, first[:1000], size=1000), [])
    sign = sign_of(some)
    if not any(_may_be_media(one) for cell in some for one in _elements(cell, sign)):
        return None
    media, real, counts = list[Medium](), list[bool](), list[int]()
    for cells in table.chunks(column, first):
        taken = [_elements(cell, sign) for cell in cells]
        counts += map(len, taken)
        for one in located([one for several in taken for one in several], table.folder, table.roots):
            real.append(isinstance(one, Path | bytes | np.ndarray) or _picture(one))
            media.append(one if isinstance(one, Path) else _key(one))
    return _Apart(media, np.array(real, bool), np.array(counts, np.int64)) if any(real) else None


def _elements(cell: Cell, sign: str | None) -> list[Cell]:
    """The media of a cell: several, or the cell itself, as are lists of tags and of numbers."""
    found = [one for one in held(cell, sign) or () if one is not None]
    return found if any(not isinstance(one, str) or is_path_like(one) for one in found) else [cell]


def _may_be_media(cell: Cell) -> bool:
    return is_path_like(cell) if isinstance(cell, str) else not _simple(cell)


def _spread_rows(codes: Ints, stops: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Of each element of each row's cell its row, and its place among the elements of different cells."""
    rows = np.flatnonzero(codes >= 0)
    many = counts[codes[rows]]
    behind = np.repeat(np.cumsum(many) - stops[codes[rows]], many)
    return np.repeat(rows, many), np.arange(int(many.sum())) - behind


def _dense(codes: Ints) -> tuple[Ints, Ints]:
    """int64 (N,): codes from 0 without gaps, -1 kept; int64 (U,): the row in which each comes first."""
    known, first, dense = np.unique(codes, return_index=True, return_inverse=True)
    missing = int((known < 0).sum())
    return dense - missing, first[missing:]


def _media(table: Table, column: str, first: Ints) -> list[Medium] | None:
    """The column's distinct cells, when it holds files, bytes, pictures or arrays; else None.

    first: int64 (U,), the rows in which they come first.
    """
    some = next(table.chunks(column, first[:1000], size=1000), [])
    if not any(map(_may_be_media, some)):
        return None
    found: list[Medium] = []
    files = False
    for cells in table.chunks(column, first):
        for cell in located(cells, table.folder, table.roots):
            files = files or isinstance(cell, Path | bytes | np.ndarray) or _picture(cell)
            found.append(cell if isinstance(cell, Path) else _key(cell))
    return found if files else None


def _simple(cell: Cell) -> bool:
    return isinstance(cell, bool | int | float | date)


def _picture(cell: Cell) -> bool:
    return getattr(cell, "tobytes", None) is not None and getattr(cell, "mode", None) is not None


def _spread(codes: Ints, part: Ints, number: int) -> list[set[int]]:
    """For each code the parts that hold it."""
    found: list[set[int]] = [set() for _ in range(number)]
    rows = np.flatnonzero((codes >= 0) & (part >= 0))
    for code, one in np.unique(np.stack([codes[rows], part[rows]], 1), axis=0).tolist():
        found[code].add(one)
    return found


def _contents(media: Sequence[Medium], spread: Sequence[set[int]], most_bytes: int) -> tuple[Ints, bool]:
    """int64 (U,): one code for each content, -1 where there is none to compare; False when cut short."""
    paths = {cell for cell in media if isinstance(cell, Path)}
    size = {path: hashes.file_size(path) for path in paths}
    parts_of: dict[int, set[int]] = {}
    for cell, parts in zip(media, spread, strict=True):
        if isinstance(cell, Path):
            parts_of.setdefault(size[cell], set()).update(parts)
    key: dict[Path, object] = {}
    left, complete = most_bytes, True
    for path in sorted(paths):
        known: object = path
        if size[path] > 0 and len(parts_of[size[path]]) > 1:
            left -= min(size[path], hashes.WHOLE_BYTES)
            complete = complete and left >= 0
            known = hashes.file_digest(path, size[path]) if left >= 0 else path
        part_of_file = parted(path)[0] != path
        key[path] = known if size[path] > 0 or part_of_file else None
    seen: dict[object, int] = {}
    found = np.full(len(media), -1)
    for place, cell in enumerate(media):
        known = key[cell] if isinstance(cell, Path) else cell
        if known is not None:
            found[place] = seen.setdefault(known, len(seen))
    return found, complete


def _key(cell: Cell) -> int | None:
    """64 bits of a cell's content; None where there is none."""
    return None if cell is None or isinstance(cell, Exception) else hash(("cell", hashes.key(cell)))


def _shared(
    codes: Ints,
    part: Ints,
    used: Ints,
    names: Sequence[str],
    kind: Literal["row", "medium"],
    column: str | None,
    complete: bool,
) -> list[Leak]:
    """One leak for each pair of parts that hold equal codes."""
    rows = used[codes[used] >= 0]
    leaks = []
    for one, other in combinations(range(len(names)), 2):
        first, second = rows[part[rows] == one], rows[part[rows] == other]
        known, place = np.unique(codes[first], return_index=True)
        twins = second[np.isin(codes[second], known)]
        if len(twins):
            shown = twins[:EXAMPLES]
            of = first[place[np.searchsorted(known, codes[shown])]]
            share = len(twins) / int((part == other).sum())
            pairs = tuple(zip(of.tolist(), shown.tolist(), strict=True))
            leaks.append(Leak(kind, names[one], names[other], len(twins), share, pairs, column, complete))
    return leaks
