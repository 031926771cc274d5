"""Columns of Parquet files whose cells stay on disk: read forwards, some rows at a time."""

import json
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sensorium.errors import DataError
from sensorium.table.cells import Rows, chunk_cells
from sensorium.table.memory import plain
from sensorium.table.packed import Cell

MOST_ROWS, BYTES = 8192, 1 << 24
"""Cells of one column that are in memory at once: at most so many, and about so many bytes."""
OPEN_FILES, OPEN_COLUMNS = 64, 16
AS_JSON = {b"sensorium": b"json"}
"""What a field's metadata say when its cells are written as JSON."""


class Shard:
    """One Parquet file. mark: tells its content from any other's, for what is kept of it.

    Raises DataError for a file that is not whole, and when it changes while it is read.
    """

    def __init__(self, path: Path, mark: str) -> None:
        self.path, self.mark = path, mark
        self._stamp = _stamp(path)
        self._lock = threading.Lock()
        told = self._opened()
        self.schema: pa.Schema = told.schema_arrow
        self.names = [str(name) for name in self.schema.names]
        groups = [told.metadata.row_group(g) for g in range(told.metadata.num_row_groups)]
        self.starts = np.concatenate([[0], np.cumsum([g.num_rows for g in groups])]).astype(np.int64)
        self.bytes = dict.fromkeys(self.names, 0)
        for one in (g.column(c) for g in groups for c in range(g.num_columns)):
            name = next((n for n in (one.path_in_schema, one.path_in_schema.partition(".")[0])
                         if n in self.bytes), None)  # fmt: skip
            if name is not None:
                self.bytes[name] += max(0, one.total_uncompressed_size)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def column(self, name: str) -> "OnDisk":
        """One of its columns."""
        return OnDisk(self, name)

    def batches(self, group: int, name: str, rows: int) -> Iterator[pa.Array]:
        """A column's cells in one group of rows, ``rows`` at a time."""
        read = self._opened().iter_batches(rows, row_groups=[group], columns=[name], use_threads=False)
        try:
            while True:
                with self._lock:
                    batch = next(read, None)
                if batch is None:
                    return
                yield batch.column(batch.schema.get_field_index(name))
        except (OSError, pa.ArrowException) as error:
            raise DataError(
                f"{self.path}, column {name!r}: the Parquet file is damaged ({_short(error)}). "
                "Copy or write it again."
            ) from error

    def _opened(self) -> pq.ParquetFile:
        if _stamp(self.path) != self._stamp:
            raise DataError(
                f"{self.path}: the file was changed or removed while it was read. Load the table again."
            )
        return _parquet(self.path, self._stamp)


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where reading stopped: a batch of a group, its first row there, and what follows."""

    group: int
    start: int
    array: pa.Array
    batches: Iterator[pa.Array]


class OnDisk:
    """One column of a shard. Reading goes on from where it stopped; going back starts its group anew.

    floats: whether whole numbers are read as floats. most: how many cells may be in memory at once.
    written: whether the cells are written as JSON.
    """

    def __init__(self, shard: Shard, name: str, *, floats: bool = False) -> None:
        self.shard, self.name, self.floats = shard, name, floats
        self.field: pa.Field = shard.schema.field(name)
        self.written = is_written(self.field)
        each = shard.bytes[name] / max(1, len(shard))
        self.most = int(np.clip(BYTES / max(1.0, each), 16, MOST_ROWS))
        self._cursor: _Cursor | None = None

    def __len__(self) -> int:
        return len(self.shard)

    @property
    def type(self) -> pa.DataType:
        """The cells' type, ``null`` for those that are written as JSON."""
        return pa.null() if self.written else pa.float64() if self.floats else self.field.type

    def mark(self) -> str:
        """Tells the column's content from any other's."""
        return f"{self.shard.mark}:{self.name}{':floats' if self.floats else ''}"

    def pieces(self) -> Iterator[list[Cell]]:
        """All cells, some at a time."""
        for array in self.arrays():
            yield self._cells(array)

    def arrays(self) -> Iterator[pa.Array]:
        """All cells as Arrow arrays."""
        for group in range(len(self.shard.starts) - 1):
            for array in self.shard.batches(group, self.name, self.most):
                yield array.cast(pa.float64()) if self.floats else array

    def cells(self, rows: Rows | None = None) -> list[Cell]:
        """The cells of these rows (None: all), in that order."""
        if rows is None:
            return [cell for piece in self.pieces() for cell in piece]
        if (np.diff(rows) >= 0).all():
            return self._forwards(rows)
        order = np.argsort(rows, kind="stable")
        found: list[Cell] = [None] * len(rows)
        for place, cell in zip(order.tolist(), self._forwards(rows[order]), strict=True):
            found[place] = cell
        return found

    def _forwards(self, rows: Rows) -> list[Cell]:
        found: list[Cell] = []
        groups = np.searchsorted(self.shard.starts, rows, side="right") - 1
        for group in np.unique(groups).tolist():
            inside = rows[groups == group] - self.shard.starts[group]
            while len(inside):
                cursor = self._at(group, int(inside[0]))
                here = int(np.searchsorted(inside, cursor.start + len(cursor.array)))
                found += self._cells(_picked(cursor.array, inside[:here] - cursor.start))
                inside = inside[here:]
        return found

    def _at(self, group: int, row: int) -> "_Cursor":
        """The batch that holds a row of a group."""
        cursor, self._cursor = self._cursor, None  # reading may fail
        if cursor is None or group != cursor.group or row < cursor.start:
            batches = self.shard.batches(group, self.name, self.most)
            cursor = _Cursor(group, 0, pa.nulls(0), batches)
        while row >= cursor.start + len(cursor.array):
            start = cursor.start + len(cursor.array)
            cursor = _Cursor(group, start, next(cursor.batches), cursor.batches)
        self._cursor = cursor
        _lately(self)
        return cursor

    def rest(self) -> None:
        """Let go of where reading stopped, and of what is held for going on."""
        self._cursor = None

    def _cells(self, array: pa.Array) -> list[Cell]:
        if self.floats:
            array = array.cast(pa.float64())
        cells = chunk_cells(array)
        return meant(cells) if self.written else cells


def is_written(field: pa.Field) -> bool:
    """Whether a field's cells are written as JSON."""
    return dict(field.metadata or {}).items() >= AS_JSON.items()


def meant(texts: list[Cell]) -> list[Cell]:
    """Cells that are written as JSON, read."""
    return [None if text is None else plain(json.loads(str(text))) for text in texts]


def _picked(array: pa.Array, rows: Rows) -> pa.Array:
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows) and (np.diff(rows) == 1).all():
        return array.slice(int(rows[0]), len(rows))
    return array.take(pa.array(rows))


_READ_LATELY: "OrderedDict[int, weakref.ref[OnDisk]]" = OrderedDict()
_LOCK = threading.Lock()


def _lately(column: OnDisk) -> None:
    """Of all columns only those that were read last keep their place: each holds a megabyte or two."""
    with _LOCK:
        _READ_LATELY[id(column)] = weakref.ref(column)
        _READ_LATELY.move_to_end(id(column))
        while len(_READ_LATELY) > OPEN_COLUMNS:
            other = _READ_LATELY.popitem(last=False)[1]()
            if other is not None:
                other.rest()


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of change; zeros for a file that is gone."""
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=OPEN_FILES)
def _parquet(path: Path, stamp: tuple[int, int]) -> pq.ParquetFile:  # noqa: ARG001
    """An open file. stamp: one that was changed since is another one."""
    try:
        return pq.ParquetFile(path, memory_map=True)
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"{path}: not a whole Parquet file ({_short(error)}). Copy or write it again."
        ) from error


def _short(error: BaseException) -> str:
    return str(error).splitlines()[0].rstrip(".")[:120] if str(error) else type(error).__name__
