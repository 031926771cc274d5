"""Answers as a file: csv (RFC 4180), Parquet or JSON lines."""

import csv
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sensorium.errors import DataError
from sensorium.table.memory import listed, plain
from sensorium.table.packed import Cell

Records = Mapping[str, Sequence[Cell]]


def write_answers(path: Path | str, records: Records) -> None:
    """Write columns of equal length, one record a row, in order; a file that is there is replaced whole.

    ``.csv``: RFC 4180, UTF-8, lines end with CR LF, a missing cell is empty, booleans are true and
    false. ``.parquet``: typed columns. ``.jsonl``: one object a line, missing and not finite numbers
    null. Lists and objects are JSON in csv and Parquet. Raises DataError for another suffix, a folder
    that is not there, or columns of different lengths.
    """
    path = Path(path)
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        known = ", ".join(sorted(_WRITERS))
        raise DataError(f"{path}: cannot write {path.suffix or 'a file without a suffix'!r}. Known: {known}.")
    if not path.parent.is_dir():
        raise DataError(
            f"{path}: the folder {path.parent} does not exist. Create it or choose another place."
        )
    lengths = {name: len(cells) for name, cells in records.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} {length:,}" for name, length in lengths.items())
        raise DataError(f"{path}: columns must be equally long; got {told}.")
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(partial, records)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _csv(path: Path, records: Records) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(records)
        writer.writerows(zip(*(_column(cells) for cells in records.values()), strict=True))


def _column(cells: Sequence[Cell]) -> Iterable[Cell]:
    """The cells as they are written; numbers and texts of one kind pass without a look at each."""
    values = cells.tolist() if isinstance(cells, np.ndarray) else cells
    kinds = set(map(type, values))
    if kinds <= {int, str} or (kinds == {float} and all(v == v for v in values)):
        return values
    return map(_written, values)


def _written(cell: Cell) -> str | int | float:
    cell = plain(cell)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str | int | float):
        return cell
    return _text(cell)


def _text(cell: Cell) -> str:
    if isinstance(cell, date | datetime):
        return cell.isoformat()
    return json.dumps(_json(cell), ensure_ascii=False)


def _jsonl(path: Path, records: Records) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in zip(*records.values(), strict=True):
            values = {name: _json(cell) for name, cell in zip(records, row, strict=True)}
            file.write(json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n")


def _json(cell: Cell) -> object:
    cell = plain(cell)
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    if isinstance(cell, list):
        return [_json(item) for item in cell]
    if isinstance(cell, dict):
        return {str(name): _json(item) for name, item in cell.items()}
    if isinstance(cell, date | datetime):
        return cell.isoformat()
    return cell if isinstance(cell, str | int | bool | None) else str(cell)


def _parquet(path: Path, records: Records) -> None:
    columns = {name: _arrow(listed(cells)) for name, cells in records.items()}
    pq.write_table(pa.table(columns), path)


def _arrow(stored: "pa.ChunkedArray | list[Cell]") -> "pa.ChunkedArray | pa.Array":
    if not isinstance(stored, list):
        return stored
    kinds = {type(cell) for cell in stored if cell is not None}
    if len(kinds) == 1 and kinds <= {str, datetime}:
        return pa.array(stored)
    return pa.array(
        [None if c is None else c if isinstance(c, str) else _text(c) for c in stored], pa.string()
    )


_WRITERS: dict[str, Callable[[Path, Records], None]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
}
