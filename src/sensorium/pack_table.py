"""Tables as files: csv and JSON lines for people, Parquet for everything that a cell can hold."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from sensorium.errors import DataError
from sensorium.pack_streams import stream_of
from sensorium.progress import Progress
from sensorium.table.answers import AnswerFile
from sensorium.table.memory import plain
from sensorium.table.packed import Cell
from sensorium.table.table import CHUNK, Table


def write_table(table: Table, path: Path) -> None:
    """Write every row, some at a time.

    ``.parquet`` keeps types and whatever media the cells hold; ``.csv`` and ``.jsonl`` are written as answers
    are. A file that is there is replaced whole at the end. Raises DataError for a folder that is not there,
    another suffix, and cells that the format cannot hold: media and, in JSON, infinities.
    """
    if path.suffix.lower() == ".parquet" and not path.parent.is_dir():
        folder = path.parent
        raise DataError(f"{path}: the folder {folder} does not exist. Create it or choose another place.")
    size = min([CHUNK, *(column.most for column in table.columns.values() if column.disk)])
    with Progress() as progress:
        starts = progress.over(range(0, len(table), size), f"writing {path.name}", -(-len(table) // size))
        pieces = (np.arange(start, min(len(table), start + size)) for start in starts)
        if path.suffix.lower() == ".parquet":
            _parquet(table, path, map(len, pieces))
            return
        with AnswerFile(path) as file:
            for rows in pieces:
                file.write({name: _plain(table, name, rows, path) for name in table.names})


def _plain(table: Table, name: str, rows: NDArray[np.int64], path: Path) -> list[Cell]:
    """Cells as text holds them: no media, and no infinities where they would be JSON."""
    cells = [cell for chunk in table.chunks(name, rows) for cell in chunk]
    as_json = path.suffix.lower() != ".csv"
    if not set(map(type, cells)) <= (_EXACT if as_json else _EXACT | {float}):
        for place, cell in enumerate(cells):
            lost = None if isinstance(cell, float) and not as_json else _lost(cell)
            if lost is not None:
                raise DataError(
                    f"{path}: {table.row_number(int(rows[place]))} of column {name!r} holds {lost}, which "
                    f"{path.suffix} cannot. Write .parquet."
                )
    return cells


_EXACT = {type(None), bool, int, str}


def _lost(cell: object) -> str | None:
    """What of a cell no JSON holds, in words."""
    cell = plain(cell)
    if isinstance(cell, bytes | np.ndarray | Image.Image):
        return f"a medium itself ({type(cell).__name__})"
    if isinstance(cell, float) and math.isinf(cell):
        return "an infinite number"
    inner = cell.values() if isinstance(cell, dict) else cell if isinstance(cell, list) else ()
    return next((lost for one in inner if (lost := _lost(one)) is not None), None)


def _parquet(table: Table, path: Path, lengths: Iterator[int]) -> None:
    streams = [stream_of(table, name) for name in table.names]
    schema = pa.schema([stream.field for stream in streams])
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
            for rows in lengths:
                writer.write_table(pa.Table.from_arrays([s.take(rows) for s in streams], schema=schema))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
