"""The strings of a text input where they are too many to be Python objects all at once."""

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sensorium.table.cells import Rows, cells_of

MANY = 1 << 17
"""Up to so many strings are handed over as a list."""
_CHUNK = 8192


class Texts(Sequence[str | None]):
    """Strings in Arrow, in memory or mapped. rows: which of them, in which order; None: all."""

    def __init__(self, data: pa.ChunkedArray, rows: Rows | None = None) -> None:
        self.data, self._rows = data, rows

    def __len__(self) -> int:
        return len(self.data) if self._rows is None else len(self._rows)

    @overload
    def __getitem__(self, place: int) -> str | None: ...
    @overload
    def __getitem__(self, place: slice) -> list[str | None]: ...
    def __getitem__(self, place: int | slice) -> "str | list[str | None] | None":
        if isinstance(place, slice):
            return self._read(np.arange(len(self))[place])
        return self._read(np.array([range(len(self))[place]]))[0]

    def __iter__(self) -> Iterator[str | None]:
        for start in range(0, len(self), _CHUNK):
            yield from self._read(np.arange(start, min(len(self), start + _CHUNK)))

    def rows(self, rows: Rows) -> Sequence[str | None]:
        """Some of them, in that order."""
        if len(rows) <= MANY:
            return self._read(rows)
        return Texts(self.data, rows if self._rows is None else self._rows[rows])

    def present(self) -> NDArray[np.bool_]:
        """bool (N,): where there is a string."""
        there: NDArray[np.bool_] = self.data.is_valid().to_numpy().astype(bool)
        return there if self._rows is None else there[self._rows]

    def _read(self, rows: Rows) -> list[str | None]:
        cells = cells_of(self.data, rows if self._rows is None else self._rows[rows])
        return [None if cell is None else str(cell) for cell in cells]
