"""Cells as numbers: how targets of numbers are read and refused."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sensorium.errors import DataError
from sensorium.media.cells import shown
from sensorium.media.numbers import Style, parse
from sensorium.table.packed import Cell
from sensorium.tasks._base import RowName, also, infinite_cell, plain

Floats = NDArray[np.float64]


def number_column(cells: Sequence[Cell], style: Style, where: str, row: RowName) -> Floats:
    """Cells as float64 (N,), NaN where missing or infinite. Raises DataError for one that is no number."""
    values, reasons = parse([plain(c) for c in cells], style)
    wrong = sorted(place for place in reasons if not infinite_cell(plain(cells[place])))
    if wrong:
        raise DataError(
            f"{where}, {row(wrong[0])}: expected a number, got {shown(cells[wrong[0]])}: "
            f"{reasons[wrong[0]]}.{also(len(wrong) - 1)} "
            "Correct the cell, empty it, or use the task classify."
        )
    return values


def different(values: Floats, cells: int, where: str) -> Floats:
    """The real ones of the values. Raises DataError where there is none, and where all are the same."""
    real = values[np.isfinite(values)]
    if not len(real):
        raise DataError(
            f"{where}: none of the {cells} training rows has a number. "
            "Fill the column, or choose another target."
        )
    low, high = float(real.min()), float(real.max())
    if low == high:
        raise DataError(
            f"{where}: all {len(real)} numbers of the training rows are {low:g}, so there is nothing to "
            "learn. Choose another target, or add rows with another number."
        )
    return real
