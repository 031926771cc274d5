"""Tables as files: csv and JSON lines for people, Parquet for everything that a cell can hold."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sensorium.errors import DataError
from sensorium.pack_streams import stream_of
from sensorium.progress import Progress
from sensorium.table.answers import AnswerFile
from sensorium.table.packed import Cell
from sensorium.table.table import CHUNK, Table


def write_table(table: Table, path: Path) -> None:
    """Write every row, some at a time.

    ``.parquet`` keeps types and whatever media the cells hold; ``.csv`` and ``.jsonl`` are written as answers
    are. A file that is there is replaced whole at the end. Raises DataError for a folder that is not there,
    another suffix, and cells that the format cannot hold.
    """
    if path.suffix.lower() == ".parquet" and not path.parent.is_dir():
        folder = path.parent
        raise DataError(f"{path}: the folder {folder} does not exist. Create it or choose another place.")
    with Progress() as progress:
        starts = progress.over(range(0, len(table), CHUNK), f"writing {path.name}", -(-len(table) // CHUNK))
        if path.suffix.lower() == ".parquet":
            _parquet(table, path, starts)
            return
        with AnswerFile(path) as file:
            for start in starts:
                rows = np.arange(start, min(len(table), start + CHUNK))
                file.write({name: _plain(table, name, rows, path) for name in table.names})


_TEXTUAL = {type(None), bool, int, float, str}


def _plain(table: Table, name: str, rows: NDArray[np.int64], path: Path) -> list[Cell]:
    cells = [cell for chunk in table.chunks(name, rows) for cell in chunk]
    if not set(map(type, cells)) <= _TEXTUAL:
        for place, cell in enumerate(cells):
            if isinstance(cell, bytes | np.ndarray) or hasattr(cell, "tobytes"):
                raise DataError(
                    f"{path}: {table.row_number(int(rows[place]))} of column {name!r} holds a medium itself "
                    f"({type(cell).__name__}), which {path.suffix} cannot. Write .parquet."
                )
    return cells


def _parquet(table: Table, path: Path, starts: Iterator[int]) -> None:
    streams = [stream_of(table, name) for name in table.names]
    schema = pa.schema([stream.field for stream in streams])
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
            for start in starts:
                rows = min(CHUNK, len(table) - start)
                writer.write_table(pa.Table.from_arrays([s.take(rows) for s in streams], schema=schema))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
