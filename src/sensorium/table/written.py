"""Tables as files: csv and JSON lines for people, Parquet for everything that a cell can hold."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sensorium.errors import DataError
from sensorium.progress import Progress
from sensorium.table.answers import AnswerFile
from sensorium.table.packed import Cell
from sensorium.table.table import CHUNK, Table

MEDIUM = {"bytes", "path"}
"""The fields of a medium in a column of Arrow."""


def write_table(table: Table, path: Path) -> None:
    """Write every row, some at a time.

    ``.parquet`` keeps the types of Arrow columns and whatever media they hold; ``.csv`` and ``.jsonl`` are
    written as answers are. A file that is there is replaced whole at the end. Raises DataError for a folder
    that is not there, another suffix, and cells that the format cannot hold.
    """
    with Progress() as progress:
        starts = progress.over(range(0, len(table), CHUNK), f"writing {path.name}", -(-len(table) // CHUNK))
        if path.suffix.lower() == ".parquet":
            _parquet(table, path, starts)
            return
        with AnswerFile(path) as file:
            for start in starts:
                rows = np.arange(start, min(len(table), start + CHUNK))
                file.write({name: _plain(table, name, rows, path) for name in table.names})


def _plain(
    table: Table, name: str, rows: np.ndarray[tuple[int], np.dtype[np.int64]], path: Path
) -> list[Cell]:
    cells = [cell for chunk in table.chunks(name, rows) for cell in chunk]
    if not set(map(type, cells)) <= _TEXTUAL:
        odd = next(place for place, cell in enumerate(cells) if type(cell) not in _TEXTUAL)
        if isinstance(cells[odd], bytes | np.ndarray) or hasattr(cells[odd], "tobytes"):
            raise DataError(
                f"{path}: {table.row_number(int(rows[odd]))} of column {name!r} holds a medium itself "
                f"({type(cells[odd]).__name__}), which {path.suffix} cannot. Write .parquet."
            )
    return cells


_TEXTUAL = {type(None), bool, int, float, str}


def _parquet(table: Table, path: Path, starts: Iterator[int]) -> None:
    if not path.parent.is_dir():
        raise DataError(
            f"{path}: the folder {path.parent} does not exist. Create it or choose another place."
        )
    schema = pa.schema([pa.field(name, _type(table, name, path)) for name in table.names])
    streams = [_Stream(table, name, schema.field(name).type) for name in table.names]
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
            for start in starts:
                rows = min(CHUNK, len(table) - start)
                writer.write_table(pa.Table.from_arrays([s.next(rows) for s in streams], schema=schema))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _type(table: Table, name: str, path: Path) -> pa.DataType:
    """The one type of a column's cells. Raises DataError where Arrow has none."""
    kinds = table.types(name)
    try:
        if kinds is None:
            return pa.array(list(table.cells(name)), from_pandas=True).type
        fields = [pa.schema([pa.field(name, kind)]) for kind in kinds]
        return (
            pa.unify_schemas(fields, promote_options="permissive").field(name).type if fields else pa.null()
        )
    except (pa.ArrowException, OverflowError, ValueError, TypeError) as error:
        raise DataError(
            f"{path}: the cells of column {name!r} are of several kinds, which Parquet cannot hold in one "
            "column. Write .jsonl, or make them of one kind."
        ) from error


class _Stream:
    """A column's cells as Arrow arrays of one type, so many at a time."""

    def __init__(self, table: Table, name: str, kind: pa.DataType) -> None:
        arrays = table.columns[name].arrays()
        made = (_made(cells, kind) for cells in table.chunks(name))
        self._kind, self._left = kind, pa.nulls(0, kind)
        self._arrays = made if arrays is None else (array.cast(kind, safe=False) for array in arrays)

    def next(self, rows: int) -> pa.Array:
        """The next cells."""
        held = [self._left]
        while sum(map(len, held)) < rows:
            held.append(next(self._arrays))
        whole = pa.chunked_array(held, self._kind)
        self._left = whole.slice(rows).combine_chunks() if len(whole) > rows else pa.nulls(0, self._kind)
        if isinstance(self._left, pa.ChunkedArray):
            self._left = pa.concat_arrays(self._left.chunks)
        return whole.slice(0, rows)


def _made(cells: list[Cell], kind: pa.DataType) -> pa.Array:
    if pa.types.is_struct(kind) and {field.name for field in kind} == MEDIUM:
        halves = [None if c is None else {"bytes": c, "path": None} if isinstance(c, bytes)
                  else {"bytes": None, "path": c} for c in cells]  # fmt: skip
        return pa.array(halves, kind)
    return pa.array(cells, kind, from_pandas=True)
