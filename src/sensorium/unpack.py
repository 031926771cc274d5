"""A packed table as a table with paths and the files of its media beside it: ``sensorium unpack``."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from sensorium.errors import DataError, PlanError
from sensorium.pack_columns import is_medium, media_columns
from sensorium.pack_shards import ShardWriter, WholeFolder
from sensorium.pack_streams import Stream, stream_of
from sensorium.progress import Progress
from sensorium.table.answers import AnswerFile
from sensorium.table.cells import cells_of
from sensorium.table.on_disk import is_written, meant
from sensorium.table.packed import Cell
from sensorium.table.table import Table
from sensorium.unpack_names import Names, folders, free

TABLE = "table.parquet"
BLOCK = 256
"""Rows whose media are in memory at once, at most."""
_TABLES = (".parquet", ".csv", ".jsonl")
_INSIDE = ("[", "{")

Written: TypeAlias = dict[str, pa.ChunkedArray]


@dataclass(slots=True)
class Unpacking:
    """What was written. files: {column: how many}. lost: {column: media that the table has no bytes of}."""

    table: Path
    rows: int
    files: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{self.rows:,} rows: {self.table}"]
        for name, count in self.files.items():
            lost = f"; {self.lost[name]:,} media are not in the table" if self.lost[name] else ""
            lines.append(f"column {name!r}: {count:,} files{lost}")
        return "\n".join(lines)


def unpack(table: Table, out: Path | str, *, name: str = TABLE) -> Unpacking:
    """Write the media that a table holds as files ``<column>/<name>``, and the table with their paths.

    Media are ``{bytes, path}``, lists of them, and bytes that are taken for media. A file gets the last part
    of its path as its name, made safe and numbered where it comes twice; without one the row's number and the
    suffix that its content asks for. Equal media of a column are one file. What has a path without bytes
    keeps it, and names no file. name: of the table; Parquet keeps every type, csv and JSON lines what text
    can say. ``out`` appears when everything is written. Raises PlanError for a wrong name, DataError when
    ``out`` is not empty and for bytes in another column that csv and JSON lines cannot hold.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in _TABLES or Path(name).name != name or "\\" in name or name.startswith("."):
        raise PlanError(
            f"table: expected a file name that ends in {', '.join(_TABLES)}, without a folder; got {name!r}."
        )
    with WholeFolder(Path(out)) as made:
        work = _Work(table, made, name)
        if suffix == ".parquet":
            schema = pa.schema([work.field(column) for column in table.names])
            with ShardWriter(made.at, schema, float("inf"), []) as writer:
                for rows in work.rows():
                    writer.add(pa.Table.from_arrays([rows[n] for n in schema.names], schema=schema))
            (made.at / "part-00000.parquet").rename(made.at / name)
        else:
            work.refuse_bytes(suffix)
            with AnswerFile(made.at / name) as file:
                for rows in work.rows():
                    file.write({column: work.cells(column, data) for column, data in rows.items()})
    return work.found


class _Work:
    """The table's columns with paths in place of media, whose files are written on the way."""

    def __init__(self, table: Table, made: WholeFolder, name: str) -> None:
        self.table, self.made = table, made
        self.streams = {column: stream_of(table, column) for column in table.names}
        types = {column: stream.field.type for column, stream in self.streams.items()}
        likely = media_columns(table) if any(map(_is_bytes, types.values())) else {}
        media = [c for c, t in types.items() if is_medium(_inner(t)) or (_is_bytes(t) and c in likely)]
        self.folders = folders(media, name)
        self.names = {column: Names(folder) for column, folder in self.folders.items()}
        self.lost = free("lost", {folder.casefold() for folder in self.folders.values()} | {name.casefold()})
        self.found = Unpacking(made.path / name, len(table), dict.fromkeys(media, 0), dict.fromkeys(media, 0))
        for folder in self.folders.values():
            (made.at / folder).mkdir()

    def field(self, column: str) -> pa.Field:
        """A column as it is written."""
        if column not in self.folders:
            return self.streams[column].field
        nested = _inner(self.streams[column].field.type) != self.streams[column].field.type
        return pa.field(column, pa.list_(pa.string()) if nested else pa.string())

    def refuse_bytes(self, suffix: str) -> None:
        """Raises DataError for a column of bytes that are no media."""
        for column, stream in self.streams.items():
            if column not in self.folders and _is_bytes(stream.field.type):
                raise DataError(
                    f"{self.table.source}: column {column!r} holds bytes that are no media, which {suffix} "
                    "cannot hold. Write .parquet."
                )

    def rows(self) -> Iterator[Written]:
        """All rows, some at a time."""
        block = min([BLOCK, *(column.most for column in self.table.columns.values())])
        number = len(self.table)
        with Progress() as progress:
            bar = progress.add("unpacking", number)
            for start in range(0, number, block):
                count = min(block, number - start)
                yield {c: self._taken(c, stream, start, count) for c, stream in self.streams.items()}
                progress.tell(bar, start + count, "")

    def cells(self, column: str, data: pa.ChunkedArray) -> list[Cell]:
        """Cells as csv and JSON lines hold them."""
        cells = cells_of(data)
        return meant(cells) if is_written(self.field(column)) else cells

    def _taken(self, column: str, stream: Stream, start: int, count: int) -> pa.ChunkedArray:
        taken = stream.take(count)
        if column not in self.folders:
            return taken
        width = len(str(len(self.table)))
        made: list[object] = []
        for row, cell in enumerate(taken.to_pylist(), start + 1):
            if isinstance(cell, list):
                some = enumerate(cell, 1)
                made.append([self._path(column, one, f"{row:0{width}}-{place}") for place, one in some])
            else:
                made.append(self._path(column, cell, f"{row:0{width}}"))
        return pa.chunked_array([pa.array(made, self.field(column).type)])

    def _path(self, column: str, cell: Cell, label: str) -> str | None:
        """The path of a medium's file, which is written when it is new."""
        medium = {"bytes": cell, "path": None} if isinstance(cell, bytes) else cell
        if not isinstance(medium, dict):
            return None
        data, path = medium["bytes"], medium["path"]
        if data is None:
            return None if path is None else self._without(column, path)
        folder = self.folders[column]
        name, new = self.names[column].of(data, path, label)
        if new:
            (self.made.at / folder / name).write_bytes(data)
            self.found.files[column] += 1
        return f"{folder}/{name}"

    def _without(self, column: str, path: str) -> str:
        """The path of a medium that is not there, changed where a file of another row would answer to it."""
        if path.startswith(_INSIDE):
            return path
        self.found.lost[column] += 1
        base = str(self.made.path)
        inside = os.path.relpath(os.path.normpath(os.path.join(base, path.replace("\\", "/"))), base)
        first = inside.split(os.sep)[0].casefold()
        taken = {folder.casefold() for folder in self.folders.values()}
        return f"{self.lost}/{inside}" if first in taken else path


def _inner(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_list(kind) or pa.types.is_large_list(kind) else kind


def _is_bytes(kind: pa.DataType) -> bool:
    inner = _inner(kind)
    return bool(pa.types.is_binary(inner) or pa.types.is_large_binary(inner))
