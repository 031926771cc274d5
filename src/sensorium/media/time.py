"""Columns of moments: cells of any kind -> seconds.

Letters: N cells. Moments are float64 seconds since 1970-01-01; wall time is what a clock on the wall shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from types import NoneType
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sensorium.errors import CorruptCell, DataError
from sensorium.media.cells import arrow, each, shown
from sensorium.media.time_numbers import Unit, number_of
from sensorium.media.time_words import Order, Written, of_datetime, written, zone_name

Floats = NDArray[np.float64]

DAY = 86400.0
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "days": DAY}
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_800.0
"""The years 1 to 9999."""
_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?$"
_EXCEL = 25_569.0
"""Days from Excel's 1899-12-30 to 1970-01-01."""

_Read: TypeAlias = tuple[Written, str | None]
"""A moment and the name of its zone."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a column writes its moments. order: of day and month before a year; unit: of plain numbers."""

    order: Order = "day"
    unit: Unit = "s"


@dataclass(frozen=True, slots=True)
class Moments:
    """wall: float64 (N,), NaN where there is none. offset: float64 (N,) seconds ahead of UTC, NaN where
    nothing says. dated: bool (N,), False for times of day. zones: the zones by name or offset, None where
    nothing says. reasons: {place: why the cell is corrupt}."""

    wall: Floats
    offset: Floats
    dated: NDArray[np.bool_]
    zones: NDArray[np.object_]
    reasons: dict[int, str] = field(default_factory=dict)

    def utc(self, zone: str) -> Floats:
        """Seconds since 1970 in UTC; what says no offset is taken to be in ``zone``."""
        told = np.isnan(self.offset)
        return self.wall - np.where(told, ahead(self.wall, zone, local=True), self.offset)

    def local(self, zone: str) -> Floats:
        """Wall time in ``zone``; ``own``: as written."""
        if zone == "own":
            return self.wall
        utc = self.utc(zone)
        return np.where((self.zones == zone) | np.isnan(self.offset), self.wall, utc + ahead(utc, zone))


def moments(cells: Sequence[object], style: Style) -> Moments:
    """Every cell as a moment: datetimes, dates, times of day, numbers in ``style.unit``, texts.

    Plain ISO texts, datetimes without a zone and epoch numbers are read at once, other texts once each.
    """
    count = len(cells)
    found = Moments(
        np.full(count, np.nan), np.full(count, np.nan), np.ones(count, bool), np.full(count, None, object)
    )
    rest = np.flatnonzero(~_easily(cells, style, found)).tolist()
    known: dict[str, _Read | CorruptCell | None] = {}

    def read(cell: object) -> "_Read | None":
        if not isinstance(cell, str):
            return _of(cell, style)
        if cell not in known:
            try:
                known[cell] = _of_text(cell, style)
            except CorruptCell as why:
                known[cell] = why
        once = known[cell]
        if isinstance(once, CorruptCell):
            raise once
        return once

    values, reasons = each([cells[place] for place in rest], read)
    for place, value in zip(rest, values, strict=True):
        if value is not None:
            moment, found.zones[place] = value
            found.wall[place], found.dated[place] = moment.wall, moment.dated
            found.offset[place] = np.nan if moment.offset is None else moment.offset
    found.reasons.update({rest[place]: why for place, why in reasons.items()})
    return found


def _easily(cells: Sequence[object], style: Style, found: Moments) -> NDArray[np.bool_]:
    """bool (N,): where ``found`` is filled, or rightly left empty, without a step per cell."""
    nothing = np.zeros(len(cells), bool)
    kinds = set(map(type, cells)) - {NoneType}
    if kinds == {datetime} and all(c is None or c.tzinfo is None for c in cells):  # type: ignore[attr-defined]
        found.wall[:] = _wall(np.array(cells, "datetime64[us]"))
        return ~nothing
    array = arrow(cells) if kinds in ({str}, {int}, {float}, {int, float}) else None
    if array is None:
        return nothing
    if kinds != {str}:
        values = np.array(array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
        seconds = values * _SECONDS.get(style.unit, np.nan)
        easy = (seconds >= _FIRST) & (seconds < _LAST)
        found.wall[easy] = seconds[easy]
        found.offset[easy & (style.unit != "days")] = 0.0
        return np.asarray(easy, bool)
    plain = np.array(pc.fill_null(pc.match_substring_regex(array, _ISO), False))
    try:
        found.wall[plain] = _wall(np.array(array.filter(pa.array(plain)).to_pylist(), "datetime64[us]"))
    except ValueError:  # a day that no month has: which one is found cell by cell
        return nothing
    return plain


def _wall(moments: NDArray[np.datetime64]) -> Floats:
    empty = np.isnat(moments)
    return np.where(empty, np.nan, np.where(empty, 0, moments.astype(np.int64)) / 1e6)


def common_zone(found: Moments) -> str:
    """The zone that all moments with one name, else ``UTC``: moments of several zones meet there."""
    named = set(found.zones.tolist()) - {None}
    return str(named.pop()) if len(named) == 1 else "UTC"


def ahead(seconds: Floats, zone: str, *, local: bool = False) -> Floats:
    """Seconds that ``zone`` (``UTC``, ``own``, ``+02:00``, ``Europe/Berlin``) is ahead of UTC at moments of
    UTC, or, with ``local``, of its own wall time. Raises DataError for a zone that is not known."""
    if zone in ("UTC", "own"):
        return np.zeros(len(seconds))
    if zone[0] in "+-":
        hours, minutes = zone[1:].split(":")[:2]
        fixed = (int(hours) * 3600.0 + int(minutes) * 60) * (-1 if zone[0] == "-" else 1)
        return np.full(len(seconds), fixed)
    try:
        rules = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DataError(
            f"the time zone {zone!r} is not known on this machine; install the package tzdata, or give "
            "the column in UTC."
        ) from None
    unique, inverse = np.unique(np.where(np.isnan(seconds), 0.0, seconds), return_inverse=True)
    found: Floats = np.array([_ahead(one, rules, local) for one in unique.tolist()], np.float64)[inverse]
    return found


def _ahead(seconds: float, rules: tzinfo, local: bool) -> float:
    try:
        bare = datetime(1970, 1, 1) + timedelta(seconds=seconds)
        moment = (
            bare.replace(tzinfo=rules) if local else bare.replace(tzinfo=ZoneInfo("UTC")).astimezone(rules)
        )
    except OverflowError:
        return 0.0
    offset = moment.utcoffset()
    return 0.0 if offset is None else offset.total_seconds()


def _of_text(text: str, style: Style) -> _Read | None:
    plain = text.strip()
    if plain.isdecimal() and plain.isascii() and len(plain) <= 25:
        return _counted(float(plain), style.unit, text)
    found = written(text, style.order)
    if found is None:
        return None
    return found, None if found.offset is None else zone_name(found.offset)


def _of(cell: object, style: Style) -> _Read | None:
    if isinstance(cell, np.datetime64):
        if np.isnat(cell):
            return None
        cell = cell.astype("datetime64[us]").item()
    if isinstance(cell, datetime):
        return of_datetime(cell), _zone_of(cell)
    if isinstance(cell, date):
        return of_datetime(datetime(cell.year, cell.month, cell.day)), None
    if isinstance(cell, time):
        clock = cell.hour * 3600.0 + cell.minute * 60 + cell.second + cell.microsecond / 1e6
        return Written(clock, None, dated=False), None
    if isinstance(cell, bytes):
        return _of_text(cell.decode("utf-8", "replace"), style)
    value = number_of(cell)
    if value is None:
        raise CorruptCell(f"expected a date or a time, got {shown(cell)}")
    return _counted(value, style.unit, cell)


def _zone_of(moment: datetime) -> str | None:
    if moment.tzinfo is None:
        return None
    named = getattr(moment.tzinfo, "key", None) or getattr(moment.tzinfo, "zone", None)
    offset = moment.utcoffset()
    if isinstance(named, str) and named:
        return named
    return None if offset is None else zone_name(offset.total_seconds())


def _counted(value: float, unit: Unit, cell: object) -> _Read | None:
    """A plain number as a moment. What counts from 1970 is in UTC; days, years and YYYYMMDD have no zone."""
    if unit == "ymd":
        return _ymd(value, cell), None
    if unit == "years":
        seconds = _year(value)
    elif unit == "excel":
        seconds = (value - _EXCEL) * DAY
    else:
        seconds = value * _SECONDS["s" if unit == "auto" else unit]
    if not _FIRST <= seconds < _LAST:
        raise CorruptCell(f"{shown(cell)} is no moment of the years 1 to 9999 when it counts {unit}")
    return Written(seconds, 0.0 if unit in ("s", "ms", "us", "ns") else None), None


def _ymd(value: float, cell: object) -> Written:
    text = f"{value:.0f}"
    if value != round(value) or len(text) != 8:
        raise CorruptCell(f"{shown(cell)} is no date: expected YYYYMMDD")
    found = written(f"{text[:4]}-{text[4:6]}-{text[6:]}", "day")
    assert found is not None, "eight digits are a date or corrupt"
    return found


def _year(value: float) -> float:
    if not 1 <= value < 10_000:
        return np.inf
    year = int(value)
    first = (date(year, 1, 1) - date(1970, 1, 1)).days
    length = 366 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 365
    return (first + (value - year) * length) * DAY
