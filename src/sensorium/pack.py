"""A table and its media as Parquet shards that need no other file: ``sensorium pack``."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from sensorium.errors import DataError, PlanError
from sensorium.pack_cells import Cells, MediaColumn, cuts
from sensorium.pack_columns import asked, media_columns
from sensorium.pack_media import MEDIUM, Medium, array_of, lists_of
from sensorium.pack_shards import ShardWriter, WholeFolder
from sensorium.pack_streams import stream_of
from sensorium.progress import Progress
from sensorium.table.table import Table

SHARD_MB = 256.0
BLOCK = 1024
"""Rows whose cells are in memory at once, at most; of their media, those of one group of a shard."""
READERS = 4
"""Threads that read files: reading waits for the disk."""


@dataclass(slots=True)
class Packing:
    """What was written. media: {column: media with bytes}. lost: {column: media that could not be
    read}. first: {column: where and why, of the first of them}. notes: what to know beside it."""

    folder: Path
    rows: int
    shards: int = 0
    bytes: int = 0
    media: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        shards = "1 shard" if self.shards == 1 else f"{self.shards:,} shards"
        lines = [f"{self.rows:,} rows in {shards} ({self.bytes / 1e6:,.1f} MB): {self.folder}"]
        return "\n".join([*lines, *(f"column {name!r}: {n:,} media" for name, n in self.media.items())])

    def warnings(self) -> list[str]:
        """Columns some of whose cells could not be read, and the notes."""
        told = []
        for name, count in self.lost.items():
            many = "1 medium cannot be read and keeps its path"
            if count > 1:
                many = f"{count:,} media cannot be read and keep their paths"
            told.append(f"column {name!r}: {many} without bytes; the first, {self.first[name]}")
        return told + self.notes


def pack(
    table: Table,
    out: Path | str,
    *,
    columns: Sequence[str] = (),
    shard_mb: float = SHARD_MB,
    on_corrupt: str = "missing",
) -> Packing:
    """Write a table with its media as a folder of Parquet shards, which ``load_table`` reads as one table.

    Cells of media columns become ``{bytes, path}``, or lists of them where cells hold several; all other
    columns keep their types, and rows their order. columns: the media columns; none: every column that
    ``media_columns`` finds. shard_mb: megabytes of a shard, about. on_corrupt: ``missing`` keeps the path of
    what cannot be read, without bytes; ``error`` stops at the first. Whatever the table's size, some tens of
    megabytes are in memory at once. ``out`` appears when everything is written. Raises PlanError for a wrong
    argument, DataError when ``out`` is not empty, for a column that is not there or that cannot be written.
    """
    if not shard_mb > 0:
        raise PlanError(f"shard_mb: expected megabytes above 0, got {shard_mb:g}.")
    if on_corrupt not in ("missing", "error"):
        raise PlanError(f"on_corrupt: expected missing or error, got {on_corrupt!r}.")
    with WholeFolder(Path(out)) as made:
        found = Packing(made.path, table.num_rows)
        kinds = asked(table, columns) if columns else media_columns(table, found.notes)
        work = _Work(table, kinds, found, on_corrupt == "error")
        schema = pa.schema([work.field(name) for name in table.names])
        encoded = [s.field.name for s in work.plain.values() if not pa.types.is_nested(s.field.type)]
        with ShardWriter(made.at, schema, shard_mb * 1e6, encoded) as writer:
            for rows in work.rows(schema, writer.group):
                writer.add(rows)
        found.shards, found.bytes = writer.shards, writer.bytes
    return found


class _Work:
    """The table's columns as Arrow, some rows at a time. strict: stop at a cell that cannot be read."""

    def __init__(self, table: Table, kinds: dict[str, str], found: Packing, strict: bool) -> None:
        self.table, self.found, self.strict = table, found, strict
        self.media = {name: MediaColumn(table, name, kind) for name, kind in kinds.items()}
        self.plain = {name: stream_of(table, name) for name in table.names if name not in kinds}
        self.found.media = dict.fromkeys(self.media, 0)

    def field(self, name: str) -> pa.Field:
        """A column as it is written."""
        if name in self.plain:
            return self.plain[name].field
        return pa.field(name, pa.list_(MEDIUM) if self.media[name].several else MEDIUM)

    def rows(self, schema: pa.Schema, group: int) -> Iterator[pa.Table]:
        """All rows, at most about ``group`` bytes of media at a time."""
        block = min([BLOCK, *(column.most for column in self.table.columns.values())])
        number = self.table.num_rows
        with Progress() as progress, ThreadPoolExecutor(READERS) as pool:
            bar = progress.add("packing", number)
            for start in range(0, number, block):
                count = min(block, number - start)
                plain = {name: stream.take(count) for name, stream in self.plain.items()}
                cells = {name: column.take(start, count) for name, column in self.media.items()}
                weights = sum((one.weights() for one in cells.values()), np.zeros(count, np.int64))
                for low, high in cuts(weights, group):
                    made = {name: column[low:high] for name, column in plain.items()}
                    for name, one in cells.items():
                        made[name] = self._read(name, one, start, slice(low, high), pool)
                    yield pa.Table.from_arrays([made[name] for name in schema.names], schema=schema)
                progress.tell(bar, start + count, "")

    def _read(self, name: str, cells: Cells, start: int, rows: slice, pool: ThreadPoolExecutor) -> pa.Array:
        column = self.media[name]
        elements = slice(cells.starts[rows.start], cells.starts[rows.stop])
        media = column.reader.media(cells.elements[elements], cells.places[elements], pool)
        owners = np.repeat(np.arange(rows.start, rows.stop), cells.counts[rows])
        for owner, medium in zip(owners.tolist(), media, strict=True):
            if medium is not None and medium.why is not None:
                self._tell(name, start + owner, medium)
        self.found.media[name] += sum(m is not None and m.data is not None for m in media)
        if not column.several:
            return array_of(media)
        counts = zip(cells.counts[rows].tolist(), cells.missing[rows], strict=True)
        return lists_of(media, [None if gone else count for count, gone in counts])

    def _tell(self, name: str, row: int, medium: Medium) -> None:
        path = f" ({medium.path})" if medium.path else ""
        where = f"{self.table.row_number(row)}{path}: {medium.why}"
        if self.strict:
            raise DataError(
                f"column {name!r}, {where}. Mend the cell, or keep its path without bytes: "
                "on_corrupt missing."
            )
        self.found.lost[name] = self.found.lost.get(name, 0) + 1
        self.found.first.setdefault(name, where)
