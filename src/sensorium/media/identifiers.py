"""Columns that only name their rows: nothing can be learned from them."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date

import numpy as np

from sensorium.errors import CorruptCell
from sensorium.media.cells import is_missing
from sensorium.media.time import moments
from sensorium.media.time_calendar import counts_rows, style_of

_UUID = re.compile(r"\{?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?", re.IGNORECASE)
_HASH = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f]{8,128}|(?=.*[0-9])(?=.*[A-F])[0-9A-F]{8,128}")
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)([.,]\d+)*")
_FEWEST = 20


def identifier_reason(cells: Sequence[object]) -> str | None:
    """Why a column only names its rows, in words for people; None when it does not.

    Pass the cells in the table's order, a run of neighbours when not all. Told are: row counters
    (neighbours differ by one), UUIDs, hashes, serial numbers (one pattern of letters around digits, nearly
    all different), and dates at one step that never come round in the calendar.
    """
    real = [c for c in cells if not (is_missing(c) or isinstance(c, CorruptCell))]
    if len(real) < _FEWEST:
        return None
    if all(isinstance(c, int | float | np.integer | np.floating) and not isinstance(c, bool) for c in real):
        return _counter(np.array([float(c) for c in real if isinstance(c, int | float | np.number)]))
    if all(isinstance(c, date | np.datetime64) for c in real):
        return counts_rows(real)
    if not all(isinstance(c, str) for c in real):
        return None
    texts = [str(c).strip() for c in real]
    share = len(set(texts)) / len(texts)
    if share < 0.8:
        return None
    if _dates(texts[:20]):
        return counts_rows(texts)
    different = "all different" if share == 1 else f"{share:.0%} different"
    for pattern, name in ((_UUID, "UUIDs"), (_HASH, "hashes")):
        if sum(pattern.fullmatch(t) is not None for t in texts) >= 0.95 * len(texts):
            return f"{name}, {different}"
    serial = _serial(texts)
    return f"{serial}, {different}" if serial else None


def _counter(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str | None:
    if not np.isfinite(values).all() or (values != np.round(values)).any():
        return None
    unique = len(np.unique(values)) == len(values)
    if unique and values.max() - values.min() + 1 == len(values):
        return f"the whole numbers from {values.min():.0f} to {values.max():.0f}, each once"
    steps = np.diff(values)
    if (steps == 1).mean() >= 0.8 and len(np.unique(values)) >= 0.8 * len(values):
        return "a row counter: neighbouring rows differ by one"
    return None


def _serial(texts: list[str]) -> str | None:
    """One pattern of letters around digits that nearly all share; dates, times and numbers are none."""
    if any(" " in t for t in texts) or not all(any(c.isdigit() for c in t) for t in texts):
        return None
    if all(_NUMBER.fullmatch(t) for t in texts) or all(":" in t for t in texts):
        return None
    shapes = Counter(re.sub(r"\d+", "9", t) for t in texts)
    shape, count = shapes.most_common(1)[0]
    if count < 0.9 * len(texts):
        return None
    return f"serial numbers such as {next(t for t in texts if re.sub(r'[0-9]+', '9', t) == shape)!r}"


def _dates(texts: list[str]) -> bool:
    """Whether some texts are dates; digits alone are numbers."""
    if any(t.isdecimal() for t in texts):
        return False
    return len(moments(texts, style_of(texts)).reasons) <= 0.1 * len(texts)
