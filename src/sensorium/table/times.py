"""Cells as times or numbers that order rows."""

from datetime import UTC, date, datetime, time

import numpy as np
from numpy.typing import NDArray

from sensorium.errors import DataError
from sensorium.table.packed import Cell
from sensorium.table.table import Table


def times_of(table: Table, column: str) -> NDArray[np.float64]:
    """float64 (N,): seconds or plain numbers that order the rows; NaN where missing."""
    rows = table.num_rows
    numbers = np.fromiter((np.nan if c is None else number(c) for c in table.cells(column)), np.float64, rows)
    missing = np.fromiter((c is None for c in table.cells(column)), bool, rows)
    if not np.isnan(numbers[~missing]).any():
        return numbers
    seconds = (_seconds(table, column, row, cell) for row, cell in enumerate(table.cells(column)))
    return np.fromiter(seconds, np.float64, rows)


def _seconds(table: Table, column: str, row: int, cell: Cell) -> float:
    if cell is None:
        return float("nan")
    try:
        moment = datetime.fromisoformat(cell.strip().replace("/", "-")) if isinstance(cell, str) else cell
    except ValueError:
        moment = None
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if not isinstance(moment, datetime):
        raise DataError(
            f"{table.source}, column {column!r}, {table.row_number(row)}: {str(cell)[:40]!r} is no time. "
            "Expected numbers in every row, or dates like 2024-05-31 or 2024-05-31T18:30:00."
        )
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def number(cell: Cell) -> float:
    """A number or a text that is one as float; NaN for anything else."""
    try:
        return float(cell) if isinstance(cell, str | int | float) else float("nan")
    except (ValueError, OverflowError):
        return float("nan")
