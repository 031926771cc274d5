"""One column of a table -> a prepared column: every cell decoded once, large tables some rows at a time."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from sensorium.fit_facts import placed
from sensorium.media.locate import parted
from sensorium.modalities._base import Modality
from sensorium.plan import InputPlan
from sensorium.progress import Progress
from sensorium.store import Store
from sensorium.store_files import stamp
from sensorium.store_growing import Growing
from sensorium.table.hashes import first_seen
from sensorium.table.packed import Cell, Packed, flat
from sensorium.table.table import CHUNK, Table
from sensorium.table.texts import Texts
from sensorium.types import Facts

MEDIA_CHUNK = 16
"""Media that a thread decodes together: few, so that all threads end at about the same time."""
LOOKED_AT = 1024
"""Media whose files are looked at together."""
MANY = 1 << 16
"""Tables of more rows are prepared some rows at a time, and so are those that stay on disk."""
TEXTS = "texts.arrow"

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Source:
    """One column of one input: where its cells are, and what they are prepared with."""

    modality: Modality
    asked: InputPlan
    column: str
    facts: Facts
    table: Table
    store: Store | None

    @property
    def large(self) -> bool:
        """Whether the column is too large to be Python cells all at once."""
        return self.table.num_rows > MANY or (self.there and self.table.on_disk(self.column))

    @property
    def there(self) -> bool:
        """Whether the table has the column."""
        return self.column in self.table.names

    def key(self, use: str) -> str | None:
        """What the store keeps a column of a table on disk by; None: it is not kept."""
        mark = self.table.mark(self.column) if self.there and self.store is not None else None
        if mark is None or self.store is None or not self.table.on_disk(self.column):
            return None
        facts = {} if use == TEXTS else self.facts
        return self.store.column_key(self.asked, facts, f"{use}\n{mark}")


def prepared_column(source: Source, progress: Progress) -> Packed:
    """One column: equal media and strings are decoded once, media in threads; kept in the store."""
    modality, table = source.modality, source.table
    if not source.there:
        missing = flat(modality.prepare([None], source.facts))
        return replace(missing, index=np.zeros(table.num_rows, np.int64))
    if modality.media:
        return _media(source, progress)
    if not source.large:
        return _small(modality, table.column(source.column), source.facts)
    return _plain(source, progress)


def prepared_texts(source: Source) -> Sequence[str | None] | None:
    """The cleaned strings of a text column, for members that read words; None for other columns."""
    modality, table = source.modality, source.table
    if modality.clean([]) is None:
        return None
    if not source.there:
        return [None] * table.num_rows
    if not source.large:
        return modality.clean(table.column(source.column))
    key = source.key(TEXTS)
    if key is not None and source.store is not None:
        folder = source.store.made(key, lambda made: _write(made / TEXTS, _cleaned(source)))
        found = None if folder is None else _mapped(folder / TEXTS)
        if found is not None:
            return Texts(found)
    return Texts(pa.chunked_array(list(_cleaned(source)), pa.string()))


def joined(sources: Sequence[Source], parts: Sequence[Packed]) -> tuple[Packed, ...]:
    """The columns of one input as its parts; those of a large table are joined some rows at a time."""
    modality, rows = sources[0].modality, len(parts[0])
    if type(modality).join is Modality.join or not any(one.large for one in sources):
        return modality.join(parts)
    if len(modality.join([p.rows(np.arange(min(rows, 1))) for p in parts])) != 1:
        return modality.join(parts)
    key, store = _joined_key(sources), sources[0].store
    found = store.get(key) if store is not None and key is not None else None
    if found is not None:
        return (found,)
    with _grown(sources[0], key) as grown:
        for start in range(grown.records, rows, CHUNK):
            piece = np.arange(start, min(rows, start + CHUNK))
            grown.add(flat(modality.join([p.rows(piece) for p in parts])[0]))
        return (grown.done(),)


def _small(modality: Modality, cells: Sequence[Cell], facts: Facts) -> Packed:
    if modality.together or not all(isinstance(c, str | None) for c in cells):
        return modality.prepare(cells, facts)
    records, index = _distinct(cells)
    return replace(flat(modality.prepare(records, facts)), index=index)


def _plain(source: Source, progress: Progress) -> Packed:
    """A large column that is no media: equal strings once, some cells at a time."""
    modality, table, column = source.modality, source.table, source.column
    index, first = _repeats(source) if not modality.together and _strings(table, column) else (None, None)
    key = source.key("rows" if index is None else "distinct")
    found = source.store.get(key) if source.store is not None and key is not None else None
    if found is not None:
        return replace(found, index=index)
    rows = np.arange(table.num_rows) if first is None else first
    with _grown(source, key) as grown:
        pieces = table.chunks(column, rows[grown.records :], size=CHUNK)
        total = -(-(len(rows) - grown.records) // CHUNK)
        for cells in progress.over(pieces, f"preparing {column}", total):
            grown.add(flat(modality.prepare(cells, source.facts)))
        return replace(grown.done(), index=index)


def _media(source: Source, progress: Progress) -> Packed:
    records, store, asked = _records(source), source.store, source.asked
    began = time.time_ns()
    key = None
    if store is not None and len(records):
        key = store.key(asked, source.facts, records.pieces(0, LOOKED_AT))
        if key is not None and (found := store.get(key)) is not None:
            return replace(found, index=records.index)
    work = _Decoding(source.modality, source.facts, began if key is not None else None)
    with _grown(source, key) as grown:
        chunks = records.pieces(grown.records, MEDIA_CHUNK)
        total = -(-(len(records) - grown.records) // MEDIA_CHUNK)
        for part, same in progress.over(_in_threads(work, chunks, total), f"preparing {asked.name}", total):
            if not same:  # a file was changed since the key was made of it
                grown.leave()
            grown.add(part)
        return replace(grown.done(), index=records.index)


@dataclass(frozen=True, slots=True)
class _Decoding:
    """Cells -> records, and whether no file was changed after ``since`` (nanoseconds; None: nobody asks)."""

    modality: Modality
    facts: Facts
    since: int | None

    def __call__(self, cells: Sequence[Cell]) -> tuple[Packed, bool]:
        part = flat(self.modality.prepare(cells, self.facts))
        return part, self.since is None or all(self._same(c) for c in cells if isinstance(c, Path))

    def _same(self, path: Path) -> bool:
        told = stamp(parted(path)[0])
        return told is not None and max(told[1:]) <= (self.since or 0)


@dataclass(frozen=True, slots=True)
class _Records:
    """The distinct cells of a media column, placed. index: the record of each row. read: some records."""

    index: Rows
    number: int
    read: Callable[[int, int], list[Cell]]

    def __len__(self) -> int:
        return self.number

    def pieces(self, start: int, size: int) -> Iterator[list[Cell]]:
        """The records from ``start`` on, ``size`` at a time."""
        for place in range(start, self.number, size):
            yield self.read(place, min(self.number, place + size))


def _records(source: Source) -> _Records:
    """The records of a media column: held where they are few, else read again from the table."""
    modality, table, column = source.modality, source.table, source.column
    if not source.large:
        held, index = _distinct(placed(modality, table.column(column), table))
        return _Records(index, len(held), lambda start, stop: held[start:stop])
    index, first = _repeats(source)

    def read(start: int, stop: int) -> list[Cell]:
        return placed(modality, [*chain.from_iterable(table.chunks(column, first[start:stop]))], table)

    return _Records(index, len(first), read)


def _in_threads(
    work: Callable[[Sequence[Cell]], tuple[Packed, bool]], chunks: Iterator[list[Cell]], number: int
) -> Iterator[tuple[Packed, bool]]:
    """What is made of each chunk, in order; so many chunks wait at most as keep the threads busy."""
    threads = torch.get_num_threads()
    if number < 2:  # a pool of threads costs more than one chunk gains
        yield from map(work, chunks)
        return
    waiting: deque[Future[tuple[Packed, bool]]] = deque()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for cells in chunks:
            waiting.append(pool.submit(work, cells))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _grown(source: Source, key: str | None) -> Growing:
    return Growing() if source.store is None or key is None else source.store.growing(key)


def _joined_key(sources: Sequence[Source]) -> str | None:
    keys, first = [source.key("rows") for source in sources], sources[0]
    if first.store is None or None in keys:
        return None
    return first.store.column_key(first.asked, {}, "\n".join(["joined", *map(str, keys)]))


def _cleaned(source: Source) -> Iterator[pa.Array]:
    for cells in source.table.chunks(source.column, size=CHUNK):
        yield pa.array(source.modality.clean(cells) or [], pa.string())


def _distinct(cells: Sequence[Cell]) -> tuple[list[Cell], Rows]:
    """Distinct cells (by path or text; other cells stay as they are) and each row's place among them."""
    places: dict[object, int] = {}
    records: list[Cell] = []
    index = np.empty(len(cells), np.int64)
    for row, cell in enumerate(cells):
        known = cell if isinstance(cell, str | Path | bytes | None) else (row,)
        place = places.setdefault(known, len(records))
        if place == len(records):
            records.append(cell)
        index[row] = place
    return records, index


def _repeats(source: Source) -> tuple[Rows, Rows]:
    """Each row's place among the distinct cells of a large column, and the row in which each comes first."""
    return first_seen(source.table.codes(source.column))


def _strings(table: Table, column: str) -> bool:
    """Whether a large column holds only strings."""
    kinds = table.types(column)
    if kinds is None:
        return all(isinstance(c, str | None) for cells in table.chunks(column) for c in cells)
    words = (k.value_type if pa.types.is_dictionary(k) else k for k in kinds)
    return all(pa.types.is_string(k) or pa.types.is_large_string(k) for k in words)


def _write(path: Path, pieces: Iterator[pa.Array]) -> None:
    schema = pa.schema([("text", pa.string())])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as made:
        for piece in pieces:
            made.write_batch(pa.record_batch([piece], schema=schema))


def _mapped(path: Path) -> pa.ChunkedArray | None:
    """The strings as they lie on disk; None when they are not whole."""
    try:
        with pa.memory_map(str(path)) as file:
            return pa.ipc.open_file(file).read_all().column(0)
    except (OSError, pa.ArrowException):
        return None
