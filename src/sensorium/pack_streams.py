"""Columns of a table as Arrow arrays of one type, so many rows at a time, losing nothing of them."""

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sensorium.errors import DataError
from sensorium.media.cells import shown
from sensorium.table.column import Changed, Column
from sensorium.table.memory import plain
from sensorium.table.on_disk import AS_JSON, OnDisk
from sensorium.table.packed import Cell
from sensorium.table.table import CHUNK, Table

_EXACT = 2**53


class Stream:
    """A column's cells in order, as Arrow. field: name, type, and whether cells are written as JSON."""

    def __init__(self, field: pa.Field, arrays: Iterator[pa.Array]) -> None:
        self.field, self._arrays = field, arrays
        self._held: list[pa.Array] = []

    def take(self, rows: int) -> pa.ChunkedArray:
        """The next cells, so many; the column must have them."""
        taken: list[pa.Array] = []
        while rows:
            first = self._held.pop() if self._held else next(self._arrays)
            if len(first) > rows:
                self._held.append(first.slice(rows))
                first = first.slice(0, rows)
            taken.append(first)
            rows -= len(first)
        return pa.chunked_array(taken, self.field.type)


def stream_of(table: Table, name: str) -> Stream:
    """A column with the type that it has. Cells without one Arrow type are written as JSON.

    Raises DataError for cells that are neither texts, numbers, dates, lists nor dicts of them.
    """
    column = table.columns[name]
    if column.rows is None and isinstance(column.data, OnDisk) and column.data.written:
        return Stream(pa.field(name, pa.string(), metadata=AS_JSON), column.data.arrays())
    kinds, arrays = column.types(), _arrays(column)
    kind = None if kinds is None else _one(frozenset(kinds))
    if kind is not None and arrays is not None:
        return Stream(pa.field(name, kind), (_as(array, kind) for array in arrays))
    kind = _kind_of(column.pieces())
    if kind is not None:
        made = (pa.array([plain(cell) for cell in cells], kind) for cells in column.pieces())
        return Stream(pa.field(name, kind), made)
    return Stream(pa.field(name, pa.string(), metadata=AS_JSON), _as_json(table, name))


def _arrays(column: Column) -> Iterator[pa.Array] | None:
    data, rows = column.data, column.rows
    if rows is not None and isinstance(data, pa.ChunkedArray):
        blocks = (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
        return (chunk for block in blocks for chunk in data.take(pa.array(block)).chunks)
    if rows is None and isinstance(data, Changed) and not any(map(_textual, data.column.types() or ())):
        return data.column.arrays()  # only texts name files, and only those are changed
    return column.arrays()


def _textual(kind: pa.DataType) -> bool:
    t = pa.types
    if t.is_dictionary(kind) or t.is_run_end_encoded(kind) or t.is_list(kind) or t.is_large_list(kind):
        return _textual(kind.value_type)
    return bool(t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind) or t.is_struct(kind))


@cache
def _one(kinds: frozenset[pa.DataType]) -> pa.DataType | None:
    """The one type of cells of these types that Parquet holds; None where there is none."""
    if not kinds:
        return pa.null()
    stored = {_stored(kind) for kind in kinds}
    kind = stored.pop() if len(stored) == 1 else None
    if kind is None:
        try:
            schemas = [pa.schema([("cell", one)]) for one in stored]
            kind = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
        except pa.ArrowException:
            return None
    try:
        pq.write_table(pa.table({"cell": pa.nulls(1, kind)}), pa.BufferOutputStream())
    except pa.ArrowException:
        return None
    return kind


def _stored(kind: pa.DataType) -> pa.DataType:
    """A type that Parquet has a form for, of the same cells."""
    t = pa.types
    if t.is_run_end_encoded(kind):
        return _stored(kind.value_type)
    if t.is_list_view(kind) or t.is_large_list_view(kind):
        return pa.large_list(kind.value_type) if t.is_large_list_view(kind) else pa.list_(kind.value_type)
    if t.is_string_view(kind):
        return pa.string()
    return pa.binary() if t.is_binary_view(kind) else kind


def _as(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), kind)
    if pa.types.is_run_end_encoded(array.type):
        array = pc.run_end_decode(array)
    return array if array.type == kind else array.cast(kind, safe=False)


def _kind_of(pieces: Iterable[list[Cell]]) -> pa.DataType | None:
    """The one Arrow type that holds Python cells as they are; None: they are written as JSON."""
    single, inside = _Kinds(), _Kinds()
    dtypes: set[np.dtype[np.generic]] = set()
    for cells in pieces:
        for cell in map(plain, cells):
            if isinstance(cell, np.ndarray) and cell.ndim == 1 and cell.dtype.kind in "biuf":
                dtypes.add(cell.dtype)
            elif isinstance(cell, list):
                inside.lists = True
                inside.add(cell)
            else:
                single.add([cell])
    if single.found and (inside.lists or dtypes):
        return None
    if dtypes:
        return None if inside.lists or len(dtypes) > 1 else pa.list_(pa.from_numpy_dtype(dtypes.pop()))
    kind = (inside if inside.lists else single).kind()
    return pa.list_(kind) if inside.lists and kind is not None else kind


class _Kinds:
    """The Python types of some cells, and whether one Arrow type holds them all."""

    def __init__(self) -> None:
        self.found: set[type] = set()
        self.lists = False
        self._zones: set[str] = set()
        self._widest = 0

    def add(self, cells: Iterable[object]) -> None:
        for cell in cells:
            if cell is None:
                continue
            self.found.add(type(cell))
            if isinstance(cell, datetime):
                self._zones.add(str(cell.tzinfo))
            elif isinstance(cell, int):
                self._widest = max(self._widest, abs(cell))

    def kind(self) -> pa.DataType | None:
        """The type; None where there is none."""
        if self.found == {int, float} and self._widest <= _EXACT:
            return pa.float64()
        if len(self.found) > 1 or len(self._zones) > 1 or (int in self.found and self._widest >= 2**63):
            return None
        one = next(iter(self.found), type(None))
        if one is datetime:
            zone = next(iter(self._zones))
            return _moments(None if zone == "None" else zone)
        return _ARROW.get(one)


_ARROW = {
    type(None): pa.null(), bool: pa.bool_(), int: pa.int64(), float: pa.float64(),
    str: pa.string(), bytes: pa.binary(),
}  # fmt: skip


def _moments(zone: str | None) -> pa.DataType | None:
    try:
        kind = pa.timestamp("us", zone)
        pa.array([datetime(2000, 1, 1)], pa.timestamp("us")).cast(kind)
    except (pa.ArrowException, ValueError):
        return None
    return kind


def _as_json(table: Table, name: str) -> Iterator[pa.Array]:
    start = 0
    for cells in table.columns[name].pieces():
        yield pa.array([_told(table, name, start + k, cell) for k, cell in enumerate(cells)], pa.string())
        start += len(cells)


def _told(table: Table, name: str, row: int, cell: Cell) -> str | None:
    cell = plain(cell)
    try:
        return None if cell is None else json.dumps(cell, default=_simpler)
    except (TypeError, ValueError, RecursionError):
        raise DataError(
            f"{table.source}, column {name!r}, {table.row_number(row)}: expected a text, number, date, list "
            f"or file, got {shown(cell)}. Leave the column out, or give files."
        ) from None


def _simpler(cell: object) -> object:
    if isinstance(cell, np.ndarray) and cell.ndim <= 2 and cell.dtype.kind in "biufOU":
        return cell.tolist()
    if isinstance(cell, date | datetime):
        return cell.isoformat()
    if isinstance(cell, np.generic):
        return cell.item()
    raise TypeError(type(cell).__name__)
