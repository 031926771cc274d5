"""What a calendar says of moments, and whether moments only count the rows.

Letters: N moments. They are float64 seconds since 1970-01-01; wall time is what a clock on the wall shows.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sensorium.media.time import DAY, Floats, Style, moments
from sensorium.media.time_numbers import unit_of
from sensorium.media.time_words import orders, usual_order

Part = Literal["hour", "weekday", "day", "month", "year_day"]

CYCLES: dict[Part, tuple[float, float]] = {
    "hour": (24.0, 0.0),
    "weekday": (7.0, 0.0),
    "day": (31.0, 1.0),
    "month": (12.0, 1.0),
    "year_day": (365.25, 1.0),
}
"""What turns in a calendar: after how many it starts again, and its first number."""

_TURNS = (("day", DAY), ("week", 7 * DAY), ("year", 365.2425 * DAY))
_FEWEST = 20


def calendar(wall: Floats, part: Part) -> Floats:
    """One part of the calendar: hour 0 to 24 with its fraction, weekday 0 (Monday) to 6, day 1 to 31,
    month 1 to 12, year_day 1 to 366; NaN stays NaN."""
    real = ~np.isnan(wall)
    seconds = np.where(real, wall, 0.0)
    days = np.floor(seconds / DAY)
    if part == "hour":
        found = (seconds - days * DAY) / 3600
    elif part == "weekday":
        found = (days + 3) % 7  # 1970-01-01 was a Thursday
    else:
        found = _of_days(days.astype(np.int64).astype("datetime64[D]"), part)
    return np.where(real, found, np.nan)


def _of_days(days: NDArray[np.datetime64], part: Part) -> Floats:
    months, years = days.astype("datetime64[M]"), days.astype("datetime64[Y]")
    if part == "day":
        found = days - months
    elif part == "month":
        found = months - years.astype("datetime64[M]")
    else:
        found = days - years.astype("datetime64[D]")
    return np.asarray(found.astype(np.int64) + 1, np.float64)


def angle(values: Floats, part: Part) -> Floats:
    """The part of the calendar as an angle in radians: once round is one cycle."""
    length, first = CYCLES[part]
    return (values - first) * (2 * np.pi / length)


def style_of(cells: Sequence[object]) -> Style:
    """How some cells write their moments, by what settles it, else as is usual."""
    texts = [c for c in cells if isinstance(c, str)]
    return Style(orders(texts)[0] or usual_order(texts), unit_of(cells))


def step_of(seconds: Floats, share: float = 1.0) -> float | None:
    """The step in seconds at which moments in the rows' order go on; None when they do not.

    At least 20, all later (or all earlier) than the one before, each a whole number of steps further, and
    at least half of the steps taken: so a part of such rows, drawn at random, is seen for what it is, too.
    Months are steps although they differ in length. share: of the rows that are looked at.
    """
    real = seconds[~np.isnan(seconds)]
    if len(real) < _FEWEST:
        return None
    for grid in (real, _months(real)):
        if grid is None:
            continue
        gaps = np.diff(grid)
        if not ((gaps > 0).all() or (gaps < 0).all()):
            return None
        gaps = np.abs(gaps)
        step = float(gaps.min())
        times = gaps / step
        if (np.abs(times - np.round(times)) <= 0.02).mean() >= 0.95 and times.sum() * share <= 2 * len(gaps):
            return step
    return None


def counts_rows(cells: Sequence[object]) -> str | None:
    """Why dates or times in the table's order only number the rows; None when they say more.

    Moments at one step say more once their day, week or year comes round again: after two of the shortest
    that is longer than a step. Until then nothing is in them but the place of the row.
    """
    found = moments(cells, style_of(cells))
    utc = found.utc("UTC")
    if np.isnan(utc).sum() > 0.05 * len(utc):
        return None
    step = step_of(utc)
    if step is None:
        return None
    span = float(np.nanmax(utc) - np.nanmin(utc))
    name, length = next(((n, s) for n, s in _TURNS if s > 1.5 * step), ("year", 0.0))
    if length and span >= 2 * length:
        return None
    less = f" for less than two {name}s" if length else ""
    return f"moments {_spoken(step)} apart, in the rows' order{less}"


def _months(seconds: Floats) -> Floats | None:
    """Moments of one day and time of the month, in seconds of a mean month; None when they are not."""
    if np.ptp(calendar(seconds, "day")) > 0 or np.ptp(calendar(seconds, "hour")) > 0:
        return None
    days = np.floor(seconds / DAY).astype(np.int64).astype("datetime64[D]")
    return np.asarray(days.astype("datetime64[M]").astype(np.int64) * (365.2425 / 12 * DAY), np.float64)


def _spoken(step: float) -> str:
    for name, size in (("year", 365.2425 * DAY), ("day", DAY), ("hour", 3600.0), ("minute", 60.0)):
        if step >= 0.99 * size:
            count = round(step / size, 2)
            return f"{count:g} {name}{'' if count == 1 else 's'}"
    return f"{step:.4g} s"
