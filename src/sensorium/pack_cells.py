"""Cells of a media column, some rows at a time: taken apart where they hold several, and found on disk.

Letters: N cells.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sensorium.media.several import held, sign_of
from sensorium.pack_columns import is_medium, looked_at
from sensorium.pack_media import MediaReader, weight
from sensorium.pack_streams import Stream, stream_of
from sensorium.table.packed import Cell
from sensorium.table.table import Table


@dataclass(frozen=True, slots=True)
class Cells:
    """Some cells taken apart. starts: (N + 1,) where each cell's elements start. missing: which are None."""

    elements: list[Cell]
    places: list[object]
    starts: list[int]
    missing: list[bool]

    @property
    def counts(self) -> NDArray[np.int64]:
        """int64 (N,): how many elements each cell has."""
        return differences(np.array(self.starts, np.int64))

    def weights(self) -> NDArray[np.int64]:
        """int64 (N,): bytes of each cell's media, about."""
        sums = np.concatenate([[0], np.cumsum([weight(place) for place in self.places])]).astype(np.int64)
        return differences(sums[self.starts])


class MediaColumn:
    """A column of media. several: whether its cells become lists. stream: where paths stand beside bytes."""

    def __init__(self, table: Table, name: str, kind: str) -> None:
        self.table, self.name = table, name
        self.reader = MediaReader(kind or None, table.folder, table.roots)
        some, types = looked_at(table, name), table.types(name) or set()
        self.sign = sign_of(some)
        self.several = any(held(cell, self.sign) is not None for cell in some)
        inner = [t.value_type if pa.types.is_list(t) or pa.types.is_large_list(t) else t for t in types]
        self.stream: Stream | None = None
        if len(inner) == 1 and is_medium(inner[0]) and table.columns[name].arrays() is not None:
            self.stream = stream_of(table, name)

    def take(self, start: int, count: int) -> Cells:
        """These cells; without ``stream`` any, else the next ones."""
        if self.stream is not None:
            cells: list[Cell] = self.stream.take(count).to_pylist()
        else:
            cells = self.table.columns[self.name].cells(np.arange(start, start + count))
        elements: list[Cell] = []
        starts = [0]
        for cell in cells:
            elements += _elements(cell, self.sign) if self.several else [cell]
            starts.append(len(elements))
        given = [_given(element) for element in elements]
        return Cells(given, self.reader.placed(given), starts, [cell is None for cell in cells])


def _elements(cell: Cell, sign: str | None) -> list[Cell]:
    if cell is None:
        return []
    found = held(cell, sign)
    return [cell] if found is None else found


def _given(cell: Cell) -> Cell:
    """``{bytes, path}`` without bytes as its path, without both as missing."""
    if isinstance(cell, dict) and set(cell) == {"bytes", "path"} and cell["bytes"] is None:
        return cell["path"]
    return cell


def cuts(weights: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """(first, behind the last) of runs of rows of at most ``most`` bytes, one row at least."""
    low = size = 0
    for row, one in enumerate(weights.tolist()):
        if row > low and size + one > most:
            yield low, row
            low, size = row, 0
        size += one
    if low < len(weights):
        yield low, len(weights)


def differences(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """int64 (N,): by how much each number is above the one before it."""
    found: NDArray[np.int64] = numbers[1:] - numbers[:-1]
    return found
