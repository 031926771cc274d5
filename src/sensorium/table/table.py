"""Rows in memory or on disk: named columns, the files they came from, and where their media lie."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sensorium.errors import DataError, nearest
from sensorium.table.cells import Rows
from sensorium.table.column import Changed, Column, Data, below
from sensorium.table.memory import Stored, listed
from sensorium.table.packed import Cell

CHUNK = 8192


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Table:
    """A table. ``load_table`` makes one from files or frames; ``Table.of`` from columns.

    num_rows: rows. source: what messages call it. folder: where relative media paths start. roots: the
    folders that media must lie in. parts: the files that the rows came from, each with its number of
    rows. origin: int64 (N,), each row's place in all of them; None: as they came.
    """

    columns: dict[str, Column]
    num_rows: int
    source: str
    folder: Path | None = None
    roots: tuple[Path, ...] = ()
    parts: tuple[tuple[str, int], ...] = ()
    origin: Rows | None = None
    _last: dict[str, list[Cell]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        columns: Sequence[tuple[str, Data]],
        source: str,
        *,
        folder: Path | None = None,
        roots: Sequence[Path] = (),
    ) -> Self:
        """A table of these columns.

        Raises DataError when there are no columns or no rows, when a name comes twice, or when the
        columns differ in length.
        """
        names = [name for name, _ in columns]
        if not names:
            raise DataError(f"{source}: the table has no columns. Expected at least one input and a target.")
        repeated = [name for name, times in Counter(names).items() if times > 1]
        if repeated:
            raise DataError(f"{source}: {_repeated(names, repeated)}")
        lengths = {name: len(data) for name, data in columns}
        num_rows = lengths[names[0]]
        for name, length in lengths.items():
            if length != num_rows:
                raise DataError(
                    f"{source}: columns must be equally long; {names[0]!r} has {num_rows:,} cells and "
                    f"{name!r} has {length:,}."
                )
        if not num_rows:
            listed_names = ", ".join(map(repr, names))
            raise DataError(f"{source}: the table has no rows, only columns: {listed_names}.")
        held = {name: Column(data) for name, data in columns}
        return cls(held, num_rows, source, folder, tuple(roots), ((source, num_rows),))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(self.columns)

    def __len__(self) -> int:
        return self.num_rows

    def __repr__(self) -> str:
        return f"Table({self.source!r}: {self.num_rows:,} rows, {len(self.columns):,} columns)"

    def column(self, name: str) -> Sequence[Cell]:
        """All cells of a column, not to be changed. Raises DataError for a name that is not there."""
        cells = self._last.get(name)
        if cells is None:
            cells = self._column(name).cells()
            self._last.clear()  # one column at most: a table must not grow behind its user's back
            self._last[name] = cells
        return cells

    def chunks(self, name: str, rows: Rows | None = None, *, size: int = CHUNK) -> Iterator[list[Cell]]:
        """The cells of these rows (None: all), in that order, ``size`` at a time; fewer of a column on disk
        whose cells are large."""
        column = self._column(name)
        size = min(size, column.most) if column.disk else size
        for start in range(0, self.num_rows if rows is None else len(rows), size):
            stop = min(self.num_rows, start + size)
            yield column.cells(np.arange(start, stop) if rows is None else rows[start : start + size])

    def cells(self, name: str) -> Iterator[Cell]:
        """All cells of a column, one after another; of a column on disk some are in memory at a time."""
        if not self.on_disk(name):
            yield from self.column(name)
            return
        for chunk in self.chunks(name):
            yield from chunk

    def nans(self, name: str) -> int:
        """How many cells of a column are floats that are not a number: they count as missing."""
        return self._column(name).nans()

    def stored(self, name: str) -> Stored:
        """The whole column in memory: Arrow or a list, its rows in the table's order."""
        return self._column(name).stored()

    def codes(self, name: str) -> NDArray[np.int64]:
        """int64 (N,): equal numbers for equal cells of the column, -1 where a cell is missing."""
        return self._column(name).codes()

    def on_disk(self, name: str) -> bool:
        """Whether the column's cells stay on disk: it is read some rows at a time, never as a whole."""
        return self._column(name).disk

    def types(self, name: str) -> set[pa.DataType] | None:
        """The Arrow types of a column's cells, null left out; None when some are Python cells."""
        return self._column(name).types()

    def mark(self, name: str) -> str | None:
        """Tells the column's cells from others, for what is kept of them; None where they are in memory."""
        return self._column(name).mark()

    def take(self, rows: Rows | Sequence[int]) -> Self:
        """These rows, in that order. No cell is copied."""
        index = np.asarray(rows, np.int64)
        made: dict[int, Rows] = {id(None): index}
        columns = {}
        for name, column in self.columns.items():
            if column.rows is not None and id(column.rows) not in made:
                made[id(column.rows)] = column.rows[index]
            columns[name] = Column(column.data, made[id(column.rows)])
        origin = index if self.origin is None else self.origin[index]
        return type(self)(columns, len(index), self.source, self.folder, self.roots, self.parts, origin)

    def with_column(self, name: str, cells: Sequence[Cell]) -> Self:
        """The same table with one more column, or with this one in its place."""
        if len(cells) != self.num_rows:
            raise DataError(
                f"{self.source}: column {name!r} needs a cell for each of {self.num_rows:,} rows; "
                f"got {len(cells):,}."
            )
        return self._with(self.columns | {name: Column(listed(cells))})

    def changed(self, name: str, change: Callable[[Cell], Cell], told: str) -> Self:
        """The same table with a column's cells changed as they are read. told: what that depends on."""
        return self._with(self.columns | {name: Column(Changed(self._column(name), change, told))})

    def drop(self, names: Sequence[str]) -> Self:
        """The same table without these columns. Raises DataError for a name that is not there."""
        for name in names:
            self._column(name)
        return self._with({n: c for n, c in self.columns.items() if n not in set(names)})

    def row_number(self, row: int) -> str:
        """How messages call a row: ``row 1`` is the first one; with its file when there are several."""
        label, number = self.place(row)
        return f"row {number}" if len(self.parts) == 1 else f"{label} row {number}"

    def place(self, row: int) -> tuple[str, int]:
        """(the file that a row came from, its number there); the first row of a file is 1."""
        place = int(row if self.origin is None else self.origin[row])
        for label, length in self.parts:
            if place < length:
                return label, place + 1
            place -= length
        return self.source, place + 1

    def _with(self, columns: dict[str, Column]) -> Self:
        return type(self)(
            columns, self.num_rows, self.source, self.folder, self.roots, self.parts, self.origin
        )

    def _column(self, name: str) -> Column:
        if name not in self.columns:
            known = ", ".join(map(repr, self.names))
            raise DataError(
                f"{self.source}: no column is named {name!r}.{nearest(name, self.names)} Columns: {known}."
            )
        return self.columns[name]


def joined(
    tables: Sequence[Table], source: str, *, folder: Path | None = None, roots: Sequence[Path] = ()
) -> Table:
    """Several tables below each other, the columns of the first in its order; others' follow.

    A column that a table lacks is missing in its rows.
    """
    names = dict.fromkeys(name for table in tables for name in table.names)
    columns = [(name, below([_or_missing(table, name) for table in tables])) for name in names]
    made = Table.of(columns, source, folder=folder, roots=roots)
    parts = tuple((table.source, table.num_rows) for table in tables)
    return Table(made.columns, made.num_rows, source, folder, tuple(roots), parts)


def _or_missing(table: Table, name: str) -> Column:
    if name in table.columns:
        return table.columns[name]
    return Column(pa.chunked_array([pa.nulls(table.num_rows)]))


def _repeated(names: Sequence[str], repeated: Sequence[str]) -> str:
    told = []
    for name in repeated[:5]:
        places = [str(place) for place, other in enumerate(names, 1) if other == name]
        told.append(f"{name!r} (columns {', '.join(places[:-1])} and {places[-1]})")
    more = f" and {len(repeated) - 5} more" if len(repeated) > 5 else ""
    return f"column names that come more than once: {', '.join(told)}{more}. Rename all but one of each."
