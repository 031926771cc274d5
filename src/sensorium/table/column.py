"""Columns of a table: in memory or on disk, whole, some of their rows, or several below each other."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sensorium.table import hashes
from sensorium.table.cells import Rows, cells_of
from sensorium.table.memory import Stored, listed
from sensorium.table.on_disk import MOST_ROWS, OnDisk
from sensorium.table.packed import Cell

Data: TypeAlias = "Stored | OnDisk | Below | Changed"


@dataclass(frozen=True, slots=True)
class Column:
    """Cells and which of them, in which order, are the column's; None: all."""

    data: Data
    rows: Rows | None = None

    def __len__(self) -> int:
        return len(self.data) if self.rows is None else len(self.rows)

    @property
    def disk(self) -> bool:
        """Whether cells stay on disk: such a column is never held as a whole."""
        return isinstance(self.data, OnDisk) or (isinstance(self.data, Below | Changed) and self.data.disk)

    @property
    def most(self) -> int:
        """How many cells may be in memory at once."""
        return self.data.most if isinstance(self.data, OnDisk | Below | Changed) else MOST_ROWS

    def cells(self, rows: Rows | None = None) -> list[Cell]:
        """The cells of these rows (None: all), in that order."""
        if self.rows is not None:
            rows = self.rows if rows is None else self.rows[rows]
        if isinstance(self.data, OnDisk | Below | Changed):
            return self.data.cells(rows)
        if not isinstance(self.data, list):
            return cells_of(self.data, rows)
        return self.data if rows is None else [self.data[row] for row in rows.tolist()]

    def codes(self) -> Rows:
        """int64 (N,): equal numbers for equal cells, in order of first appearance; -1: missing."""
        if isinstance(self.data, OnDisk | Below | Changed):
            found: Rows | None = self._streamed()
        else:
            found = None if isinstance(self.data, list) else hashes.arrow_codes(self.data)
        if found is None:
            return hashes.codes(self.cells())
        return found if self.rows is None else found[self.rows]

    def arrays(self) -> Iterator[pa.Array] | None:
        """All cells as Arrow arrays, some at a time; None where some are Python cells or chosen rows."""
        if self.rows is not None or isinstance(self.data, list | Changed):
            return None
        if isinstance(self.data, OnDisk):
            return None if self.data.written else self.data.arrays()
        if isinstance(self.data, Below):
            each = [part.arrays() for part in self.data.parts]
            return None if None in each else chain.from_iterable(one for one in each if one is not None)
        chunks: list[pa.Array] = self.data.chunks
        return iter(chunks)

    def _streamed(self) -> Rows:
        """The codes of all cells of ``data``, some cells in memory at a time."""
        whole = Column(self.data)
        kinds, arrays = whole.types(), whole.arrays()
        if arrays is not None and kinds is not None and len(kinds) < 2 and hashes.simple(kinds):
            return hashes.marked_codes(map(hashes.marks, arrays))
        return hashes.streamed_codes(whole.pieces())

    def pieces(self) -> Iterator[list[Cell]]:
        """All cells, some at a time."""
        for start in range(0, len(self), self.most):
            yield self.cells(np.arange(start, min(len(self), start + self.most)))

    def stored(self) -> Stored:
        """All cells in memory: in Arrow or a list."""
        if self.rows is None and not isinstance(self.data, OnDisk | Below | Changed):
            return self.data
        return listed(self.cells())

    def types(self) -> set[pa.DataType] | None:
        """The Arrow types of the cells, null left out; None when some are Python cells."""
        if isinstance(self.data, list):
            return None
        if isinstance(self.data, Below):
            each = [part.types() for part in self.data.parts]
            return None if any(e is None for e in each) else {kind for e in each if e for kind in e}
        if isinstance(self.data, Changed):
            return self.data.column.types()
        if isinstance(self.data, OnDisk) and self.data.written:
            return None
        return set() if pa.types.is_null(self.data.type) else {self.data.type}

    def nans(self) -> int:
        """How many cells are floats that are not a number."""
        if isinstance(self.data, Below):
            return sum(part.nans() for part in self.data.picked(self.rows))
        kinds = self.types()
        if (
            isinstance(self.data, Changed | list)
            or kinds is None
            or not any(map(pa.types.is_floating, kinds))
        ):
            return 0
        data = self.data.arrays() if isinstance(self.data, OnDisk) else self.data.chunks
        if self.rows is not None:
            data = [pa.chunked_array(list(data), next(iter(kinds))).take(pa.array(self.rows))]
        return sum(int(pc.sum(pc.is_nan(array)).as_py() or 0) for array in data)

    def mark(self) -> str | None:
        """Tells the cells from any others, for what is kept of them; None when some are in memory."""
        found: str | None = None
        if isinstance(self.data, OnDisk | Below | Changed):
            found = self.data.mark()
        elif not isinstance(self.data, list) and pa.types.is_null(self.data.type):
            found = f"{len(self.data)} missing"
        if found is None or self.rows is None:
            return found
        return f"{found}[{hashlib.sha256(self.rows.tobytes()).hexdigest()}]"


class Below:
    """Columns below each other as one, where some are on disk."""

    def __init__(self, parts: Sequence[Column]) -> None:
        self.parts = tuple(parts)
        self.starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
        self.disk = any(part.disk for part in parts)
        self.most = min(part.most for part in parts)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def mark(self) -> str | None:
        """Tells the cells from any others; None when some are in memory."""
        marks = [part.mark() for part in self.parts]
        return None if None in marks else "\n".join(mark for mark in marks if mark is not None)

    def pieces(self) -> Iterator[list[Cell]]:
        """All cells, some at a time."""
        for part in self.parts:
            yield from part.pieces()

    def cells(self, rows: Rows | None = None) -> list[Cell]:
        """The cells of these rows (None: all), in that order."""
        if rows is None:
            return [cell for part in self.parts for cell in part.cells()]
        owner = np.searchsorted(self.starts, rows, side="right") - 1
        if (np.diff(owner) >= 0).all():
            return [c for p in np.unique(owner).tolist() for c in self._of(p, rows[owner == p])]
        found: list[Cell] = [None] * len(rows)
        for part in np.unique(owner).tolist():
            places = np.flatnonzero(owner == part)
            for place, cell in zip(places.tolist(), self._of(part, rows[places]), strict=True):
                found[place] = cell
        return found

    def picked(self, rows: Rows | None) -> Iterator[Column]:
        """The parts with these of their rows (None: all)."""
        for part, start in zip(self.parts, self.starts.tolist(), strict=False):
            if rows is None:
                yield part
                continue
            inside = rows[(rows >= start) & (rows < start + len(part))] - start
            yield Column(part.data, inside if part.rows is None else part.rows[inside])

    def _of(self, part: int, rows: Rows) -> list[Cell]:
        return self.parts[part].cells(rows - self.starts[part])


class Changed:
    """A column on disk whose cells are changed as they are read. told: what the change depends on."""

    def __init__(self, column: Column, change: Callable[[Cell], Cell], told: str) -> None:
        self.column, self._change, self._told = column, change, told
        self.disk, self.most = column.disk, column.most

    def __len__(self) -> int:
        return len(self.column)

    def mark(self) -> str | None:
        """Tells the cells from any others; None when some are in memory."""
        found = self.column.mark()
        return None if found is None else f"{found} {self._told}"

    def pieces(self) -> Iterator[list[Cell]]:
        """All cells, some at a time."""
        for cells in self.column.pieces():
            yield [self._change(cell) for cell in cells]

    def cells(self, rows: Rows | None = None) -> list[Cell]:
        """The cells of these rows (None: all), in that order."""
        return [self._change(cell) for cell in self.column.cells(rows)]


def below(parts: Sequence[Column]) -> Data:
    """Columns below each other: as they are where some are on disk, else in memory."""
    if any(part.disk for part in parts):
        return Below(_like(parts))
    return _stacked([part.stored() for part in parts])


def _like(parts: Sequence[Column]) -> list[Column]:
    """Whole numbers as floats where other parts of the column are floats."""
    kinds = Column(Below(parts)).types()
    if kinds is None or not all(pa.types.is_integer(k) or pa.types.is_floating(k) for k in kinds):
        return list(parts)
    return [_as_floats(part) for part in parts] if any(map(pa.types.is_floating, kinds)) else list(parts)


def _as_floats(part: Column) -> Column:
    data = part.data
    if isinstance(data, OnDisk):
        return Column(OnDisk(data.shard, data.name, floats=True), part.rows)
    if isinstance(data, list | Below | Changed) or not pa.types.is_integer(data.type):
        return part
    return Column(data.cast(pa.float64(), safe=False), part.rows)


def _stacked(pieces: Sequence[Stored]) -> Stored:
    """Columns below each other: in Arrow when their types agree, else as Python cells."""
    arrow = [piece for piece in pieces if not isinstance(piece, list)]
    kinds = {piece.type for piece in arrow if not pa.types.is_null(piece.type)}
    if len(arrow) == len(pieces) and len(kinds) <= 1:
        kind = next(iter(kinds), pa.null())
        chunks = [chunk.cast(kind) for piece in arrow for chunk in piece.chunks]
        return pa.chunked_array(chunks, kind)
    cells: list[Cell] = []
    for piece in pieces:
        cells += piece if isinstance(piece, list) else cells_of(piece)
    return listed(cells)
