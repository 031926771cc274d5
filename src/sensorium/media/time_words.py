"""Moments as people write them: ISO 8601, the day or the month first, month names, times of day."""

import calendar
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Literal

from sensorium.errors import CorruptCell
from sensorium.media.cells import shown

Order = Literal["day", "month"]

NOTHING = frozenset(("", "na", "n/a", "nan", "nat", "null", "none", "nil", "missing", "unknown", "-", "--"))
"""Words that mean that there is no moment."""

_MONTHS = (
    "jan january januar janvier janv enero ene gennaio gen janeiro januari",
    "feb february februar februari fevrier fevr febrero febbraio fevereiro fev",
    "mar march marz maerz mrz mars marzo marco maart mrt",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "jun june juni juin junio giugno giu junho",
    "jul july juli juillet juil julio luglio lug julho",
    "aug august aout agosto ago augustus augusti",
    "sep sept september septembre septiembre settembre set setembro",
    "oct october oktober okt octobre octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro",
    "dec december dezember dez decembre diciembre dic dicembre dezembro",
)
_MONTH_OF = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}
_WEEKDAYS = frozenset(
    "mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday "
    "mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag lundi mardi mercredi "
    "jeudi vendredi samedi dimanche lunes martes miercoles jueves viernes sabado domingo".split()
)
_FILLERS = frozenset(("of", "de", "the", "den", "am", "at", "um", "le", "el", "d"))
_ZONES = {
    name: hours
    for hours, names in {
        0: "z utc gmt ut wet",
        1: "bst cet mez",
        2: "cest mesz eet",
        3: "eest",
        -4: "edt",
        -5: "est cdt",
        -6: "cst mdt",
        -7: "mst pdt",
        -8: "pst",
    }.items()
    for name in names.split()
}
"""Hours from UTC of the zones that RFC 822 and Europe name."""

_ZONE = r"(?P<zone>[zZ]|[+-]\d\d(?::?\d\d(?::?\d\d)?)?|[A-Za-z]{2,4}\b(?:[+-]\d\d?(?::?\d\d)?)?)"
_TIME = re.compile(
    rf"(?<![\d.])(?P<hour>\d\d?)(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d+))?)?"
    rf"(?: ?(?P<half>[aApP]\.?[mM]\.?)(?![A-Za-z]))?|(?: ?(?P<alone>[aApP]\.?[mM]\.?)(?![A-Za-z])))"
    rf"(?: ?{_ZONE})?(?![\d:])"
)
_FIRST_YEAR = re.compile(r"(\d{4})([-/. ])(\d\d?)(?:\2(\d\d?))?")
_LAST_YEAR = re.compile(r"(\d\d?)([-/. ])(\d\d?)\2(\d{4}|\d\d)")
_QUARTER = re.compile(r"(\d{4})[- ]?[qQ]([1-4])|[qQ]([1-4])[-/ ]?(\d{4})")
_MONTH_YEAR = re.compile(r"(\d\d?)[/.](\d{4})")
_WORD = re.compile(r"\d+|[^\W\d_]+")
_REMARK = re.compile(r" ?(\([^)]*\)|\[[^\]]*\])$")
"""The zone's name once more, as browsers and Java write it: (Central European Time), [Europe/Berlin]."""
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Written:
    """A moment as it is written. wall: seconds since 1970 by the clock on the wall; offset: seconds that it
    is ahead of UTC, None when nothing says. dated: False for a time of day alone (then on 1970-01-01)."""

    wall: float
    offset: float | None = None
    dated: bool = True


def written(text: str, order: Order) -> Written | None:
    """A text as a moment; None when it means that there is none. Raises CorruptCell.

    order: which of two numbers before the year comes first.
    """
    plain = _tidy(text)
    if plain.lower() in NOTHING:
        return None
    iso = _iso(plain)
    if iso is not None:
        return iso
    found = _TIME.search(plain)
    clock, offset, rest = 0.0, None, plain
    if found is not None:
        clock, offset = _clock(found, text)
        before = re.sub(r"(?<=\d)[Tt]$", "", plain[: found.start()].rstrip(" ,"))
        rest = f"{before} {plain[found.end() :].strip(' ,')}".strip()
        if not rest:
            return Written(clock, offset, dated=False)
    day = _day(rest, order, text)
    return Written((day - date(1970, 1, 1)).days * 86400.0 + clock, offset)


def orders(texts: Iterable[str]) -> tuple[Order | None, str]:
    """Whether the day or the month comes first in texts such as 03/04/2020, and how that is known.

    What only one of both can be decides, by most votes; then a number that is always 1 (the first of each
    month) is the day. (None, why) when no text settles it; ``""`` when no text needs it.
    """
    votes: Counter[Order] = Counter()
    pairs = set()
    for first, second in _pairs(texts):
        if first > 12 and second > 12:  # no date in either order
            continue
        pairs.add((first, second))
        if first > 12 >= second:
            votes["day"] += 1
        elif second > 12 >= first:
            votes["month"] += 1
    if votes:
        best: Order = "day" if votes["day"] >= votes["month"] else "month"
        return best, f"{votes[best]:,} cells can be read in no other order"
    if not pairs:
        return None, ""
    if len(pairs) >= 3 and all(first == 1 for first, _ in pairs):
        return "day", "the first number is always 1, the first day of a month"
    if len(pairs) >= 3 and all(second == 1 for _, second in pairs):
        return "month", "the second number is always 1, the first day of a month"
    return None, "no cell settles it"


def usual_order(texts: Iterable[str]) -> Order:
    """What is usual where nothing settles it: the month first between slashes, else the day."""
    marks = Counter(m[2] for text in texts if (m := _LAST_YEAR.match(_tidy(text))))
    return "month" if marks["/"] > sum(marks.values()) / 2 else "day"


def _pairs(texts: Iterable[str]) -> Iterator[tuple[int, int]]:
    for text in texts:
        found = None if text[:4].isdecimal() else _LAST_YEAR.match(_tidy(text))
        if found is not None:
            yield int(found[1]), int(found[3])


def _tidy(text: str) -> str:
    text = text[: _LONGEST + 1]
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in text if not unicodedata.combining(c)).replace("\u2212", "-")
        text = re.sub("[\u5e74\u6708]", "-", text).replace("\u65e5", " ")
    return " ".join(_REMARK.sub("", text).split()).rstrip("-")


def _iso(plain: str) -> Written | None:
    """ISO 8601 by Python's own reader (all digits are read elsewhere: they may count seconds)."""
    if len(plain) < 8 or not plain[:4].isdecimal() or plain.isdecimal() or len(plain) > 40:
        return None
    try:
        found = datetime.fromisoformat(plain.replace("/", "-", 2) if plain[4] == "/" else plain)
    except ValueError:
        return None
    return of_datetime(found)


def of_datetime(moment: datetime) -> Written:
    """A datetime as a moment."""
    ahead = moment.utcoffset()
    bare = moment.replace(tzinfo=None, fold=0)
    wall = (bare - datetime(1970, 1, 1)) / timedelta(seconds=1)
    return Written(wall, None if ahead is None else ahead.total_seconds())


def _clock(found: re.Match[str], text: str) -> tuple[float, float | None]:
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    half = (found["half"] or found["alone"] or "").lower()[:1]
    if half and not 1 <= hour <= 12:
        raise CorruptCell(f"{shown(text)} is no moment: there is no {hour} o'clock before or after noon")
    hour = hour % 12 + 12 * (half == "p") if half else hour
    midnight = hour == 24 and minute == second == 0
    if (hour > 23 and not midnight) or minute > 59 or second > 60:
        raise CorruptCell(f"{shown(text)} is no moment: a day has no time {hour}:{minute:02}:{second:02}")
    part = float(f"0.{found['part']}") if found["part"] else 0.0
    return hour * 3600.0 + minute * 60 + second + part, _offset(found["zone"], text)


def _offset(zone: str | None, text: str) -> float | None:
    if not zone:
        return None
    name = re.match(r"[A-Za-z]*", zone)
    words = name[0].lower() if name else ""
    digits = zone[len(words) :].replace(":", "")
    if words and words not in _ZONES:
        raise CorruptCell(f"{shown(text)} is no moment: the zone {words.upper()!r} is not known")
    ahead = _ZONES.get(words, 0) * 3600.0
    if not digits:
        return ahead
    sign = -1 if digits[0] == "-" else 1
    padded = digits[1:] if len(digits) > 2 else f"0{digits[1:]}"
    hours, minutes, seconds = int(padded[:2]), int(padded[2:4] or 0), int(padded[4:6] or 0)
    return ahead + sign * (hours * 3600.0 + minutes * 60 + seconds)


def _day(rest: str, order: Order, text: str) -> date:
    if found := _FIRST_YEAR.fullmatch(rest):
        return _checked(int(found[1]), int(found[3]), int(found[4] or 1), text)
    if found := _LAST_YEAR.fullmatch(rest):
        first, second, year = int(found[1]), int(found[3]), found[4]
        if len(year) == 2 and found[2] in ". " and len(found[1] + found[3]) < 4:
            raise CorruptCell(f"{shown(text)} is no date")  # the version of a program, more likely
        day, month = (first, second) if order == "day" else (second, first)
        if month > 12 >= day:
            raise CorruptCell(
                f"{shown(text)} is no date: there is no month {month}; the column writes the {order} first"
            )
        return _checked(_whole_year(year), month, day, text)
    if found := _QUARTER.fullmatch(rest):
        return _checked(int(found[1] or found[4]), 3 * int(found[2] or found[3]) - 2, 1, text)
    if found := _MONTH_YEAR.fullmatch(rest):
        return _checked(int(found[2]), int(found[1]), 1, text)
    return _named(rest, text)


def _named(rest: str, text: str) -> date:
    """A date with the month as a word: 31 Jan 2020, January 31st, 2020, 31-Jan-20, Jan 2020."""
    words = [w.lower() for w in _WORD.findall(rest)]
    months = [w for w in words if w in _MONTH_OF]
    numbers = [w for w in words if w.isdecimal()]
    others = [w for w in words if not w.isdecimal() and w not in months]
    allowed = {"st", "nd", "rd", "th", "er"} | _FILLERS | _WEEKDAYS
    if len(months) != 1 or not 1 <= len(numbers) <= 2 or not set(others) <= allowed:
        raise CorruptCell(f"{shown(text)} is no date")
    long = [n for n in numbers if len(n) == 4]
    if len(numbers) == 1:
        if not long:
            raise CorruptCell(f"{shown(text)} is no date: the year is not said")
        return _checked(int(long[0]), _MONTH_OF[months[0]], 1, text)
    year = long[0] if long else numbers[1]
    day = numbers[0] if year is numbers[1] else numbers[1]
    if len(year) not in (2, 4) or len(day) > 2:
        raise CorruptCell(f"{shown(text)} is no date")
    return _checked(_whole_year(year), _MONTH_OF[months[0]], int(day), text)


def _whole_year(year: str) -> int:
    """Two digits are 1969 to 2068, as POSIX reads them."""
    number = int(year)
    return number if len(year) == 4 else number + (2000 if number <= 68 else 1900)


def _checked(year: int, month: int, day: int, text: str) -> date:
    if not 1 <= year <= 9999:
        raise CorruptCell(f"{shown(text)} is no date: there is no year {year}")
    if not 1 <= month <= 12:
        raise CorruptCell(f"{shown(text)} is no date: there is no month {month}")
    last = calendar.monthrange(year, month)[1]
    if not 1 <= day <= last:
        raise CorruptCell(f"{shown(text)} is no date: {year}-{month:02} has {last} days, not {day}")
    return date(year, month, day)


def zone_name(offset: float) -> str:
    """``UTC``, ``+02:00``."""
    if offset == 0:
        return "UTC"
    told = timezone(timedelta(seconds=offset)).tzname(None)
    return (told or "UTC").removeprefix("UTC")
