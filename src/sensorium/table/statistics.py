"""Numbers about an input for members without an encoder, made when one first asks for them."""

from collections.abc import Callable
from functools import cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sensorium.table.packed import Packed, absent

Parts = tuple[Packed, ...]


class Statistics:
    """Fixed records of an input's rows. make: gives those of the whole table, once for all views."""

    def __init__(
        self, make: Callable[[], Parts], rows: NDArray[np.int64] | None = None, *, gone: bool = False
    ) -> None:
        self._make = cache(make) if rows is None and not gone else make
        self._rows, self._gone = rows, gone

    def parts(self) -> Parts:
        """The records, each part with its rows."""
        found = self._make()
        if self._rows is not None:
            found = tuple(part.rows(self._rows) for part in found)
        return tuple(absent(part) for part in found) if self._gone else found

    def rows(self, rows: NDArray[np.int64]) -> Self:
        """Some rows, in that order."""
        return type(self)(self._make, rows if self._rows is None else self._rows[rows], gone=self._gone)

    def hidden(self) -> Self:
        """The same rows, all missing."""
        return type(self)(self._make, self._rows, gone=True)
