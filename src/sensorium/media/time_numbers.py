"""Plain numbers that count time: in which unit, and whether they count time at all. Letters: N numbers."""

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["auto", "s", "ms", "us", "ns", "days", "excel", "ymd", "years"]

_EARLY, _LATE = 631_152_000.0, 2_145_916_800.0
"""1990 to 2038: where numbers may be taken for seconds since 1970 without being told."""


def unit_of(cells: Iterable[object]) -> Unit:
    """The unit of plain numbers among cells, by their size: YYYYMMDD, years, or since 1970 s, ms, us, ns."""
    values = np.array([v for v in map(number_of, cells) if v is not None], np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return "s"
    if _are_ymd(values):
        return "ymd"
    usual = float(np.median(np.abs(values)))
    if usual < 3000:
        return "years"
    return "s" if usual < 1e11 else "ms" if usual < 1e14 else "us" if usual < 1e17 else "ns"


def likely_numbers(values: NDArray[np.float64]) -> tuple[float, str]:
    """(how likely, why) plain numbers are moments by their looks alone.

    Whole numbers that all read as YYYYMMDD between 1900 and 2100 are. Seconds, or ms, us or ns, since 1970
    are when all lie between 1990 and 2038 and fall on whole minutes (s) or seconds (finer): other counts of
    that size do not. Without that they may be (0.6), and the column's name decides. Years stay numbers.
    """
    whole = bool((values == np.round(values)).all())
    different = len(np.unique(values))
    if whole and different >= 5 and _are_ymd(values):
        return 0.97, "whole numbers that read as YYYYMMDD"
    for unit, size in (("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)):
        if not ((values >= _EARLY * size) & (values < _LATE * size)).all():
            continue
        said = f"numbers that are {unit} since 1970 between 1990 and 2038"
        step = 60.0 if unit == "s" else size
        if whole and different >= 10 and (values % step == 0).all():
            return 0.97, f"{said}, on whole {'minutes' if unit == 's' else 'seconds'}"
        return 0.6, f"{said}, unless they count something else"
    return 0.0, "numbers"


def _are_ymd(values: NDArray[np.float64]) -> bool:
    if ((values < 19_000_101) | (values > 21_001_231) | (values != np.round(values))).any():
        return False
    month, day = values // 100 % 100, values % 100
    return bool(((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())


def number_of(cell: object) -> float | None:
    """A plain number, or a text of digits, as float; None for anything else."""
    if isinstance(cell, bool | np.bool_):
        return None
    if isinstance(cell, int | float | np.integer | np.floating):
        try:
            return float(cell)
        except OverflowError:
            return None
    if isinstance(cell, str) and cell.strip().isdecimal() and len(cell) <= 25:
        return float(cell)
    return None
