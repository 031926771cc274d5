"""Numbers as people write them: units, thousands, percent, currency -> float64 and reasons."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sensorium.errors import CorruptCell
from sensorium.media import units
from sensorium.media.cells import arrow, each, shown

NOTHING = frozenset(
    ("", "na", "n/a", "nan", "nat", "null", "none", "nil", "missing", "unknown", "-", "--", "?", ".")
)
"""Words that mean that there is no number."""

LARGEST = 1e150
"""Numbers beyond are held at it, so that squares stay finite."""

_SPACE = " \u00a0\u2009\u202f'\u2019"
_CURRENCY = "$\u20ac\u00a3\u00a5\u20b9\u20a9\u20bd\u20ba\u00a2"
_BODY = rf"(?:\d[\d.,{_SPACE}]*\d|\d)\.?|[.,]\d+"
_NUMBER = re.compile(
    rf"(?P<open>\()?(?P<sign>[+-])? ?(?P<before>[{_CURRENCY}]|[A-Z]{{3}}(?= ?[\d.,+-]))? ?(?P<sign2>[+-])? ?"
    rf"(?P<body>{_BODY})(?P<power>[eE][+-]?\d{{1,4}})? ?(?P<unit>[^\d\s.,()+-][^\d()]{{0,15}})?(?P<close>\))?"
)
_PIECE = re.compile(r"(\d+(?:[.,]\d+)?) ?([^\d\s.,]+)\.?[ ,]*")


@dataclass(frozen=True, slots=True)
class Style:
    """How a column writes its numbers: the decimal sign, and the unit that most of them carry."""

    decimal: str = "."
    unit: str | None = None


def style_of(cells: Sequence[object]) -> Style:
    """The style that most of the strings among some cells agree on."""
    marks: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for cell in cells:
        if isinstance(cell, str):
            match = _NUMBER.fullmatch(_tidy(cell))
            if match is not None:
                marks[_decimal_mark(match["body"])] += 1
                unit = units.name(match["unit"] or match["before"] or "")
                found[unit] += 1
    decimal = "," if marks[","] > marks["."] else "."
    del found[""]
    return Style(decimal, min(found, key=lambda u: (-found[u], u)) if found else None)


def parse(cells: Sequence[object], style: Style) -> tuple[NDArray[np.float64], dict[int, str]]:
    """Cells as float64 (N,), NaN where missing or corrupt, and {place: why it is corrupt}.

    Arrow converts what is plain; Python reads only the different odd strings among the cells.
    """
    array = arrow(cells)
    if array is None or not _plain(array.type):
        return _finite(*_slowly(cells, style))
    if pa.types.is_string(array.type):
        return _finite(*_strings(array, style))
    wide = pc.cast(array, pa.float64(), safe=False)
    return _finite(np.array(wide.to_numpy(zero_copy_only=False), np.float64), {})


def one(cell: object, style: Style) -> float | None:
    """One cell as a number; None when it means that there is none. Raises CorruptCell."""
    if isinstance(cell, bool | int | float | np.integer | np.floating | np.bool_ | Decimal | Fraction):
        try:
            return float(cell)
        except (OverflowError, ValueError):
            raise CorruptCell(f"{shown(cell)} is too large to be read") from None
    if isinstance(cell, bytes):
        cell = cell.decode("utf-8", "replace")
    if not isinstance(cell, str):
        raise CorruptCell(f"expected a number, got {shown(cell)}")
    return _read(cell, style)


def _read(text: str, style: Style) -> float | None:
    tidy = _tidy(text)
    lowered = tidy.lower()
    if lowered in NOTHING:
        return None
    if lowered in ("true", "yes", "false", "no"):
        return float(lowered in ("true", "yes"))
    if lowered.lstrip("+-") in ("inf", "infinity"):
        return float(lowered)
    match = _NUMBER.fullmatch(tidy)
    if match is None or (match["open"] is None) != (match["close"] is None):
        return _compound(tidy, text, style)
    plain = _plain_digits(match["body"], _decimal_mark(match["body"]) or style.decimal)
    if plain is None:
        return _compound(tidy, text, style)
    negative = (match["sign"] == "-") != (match["sign2"] == "-") or match["open"] is not None
    value = float(plain + (match["power"] or ""))
    factor = _factor(units.name(match["unit"] or match["before"] or ""), style, text)
    return (-value if negative else value) * factor


def _compound(tidy: str, text: str, style: Style) -> float:
    """``1 lb. 4 oz.``, ``5' 11"``: a sum of pieces in units of one dimension."""
    pieces = [(m[1], units.name(m[2])) for m in _PIECE.finditer(tidy)]
    whole = "".join(m[0] for m in _PIECE.finditer(tidy)) == tidy
    first = units.dimension(pieces[0][1]) if pieces else None
    if not whole or len(pieces) < 2 or first is None or any(units.dimension(u) != first for _, u in pieces):
        raise CorruptCell(f"{shown(text)} is not a number")
    return sum(float(n.replace(",", ".")) * _factor(unit, style, text) for n, unit in pieces)


def _factor(unit: str, style: Style, text: str) -> float:
    if unit in ("", style.unit):
        return 1.0
    if style.unit is None:
        raise CorruptCell(f"{shown(text)} has the unit {unit!r}, but the column's numbers have none")
    factor = units.factor(unit, style.unit)
    if factor is None:
        raise CorruptCell(
            f"{shown(text)} has the unit {unit!r}, but the column's numbers are in {style.unit!r}"
        )
    return factor


def _tidy(text: str) -> str:
    """Width, minus signs and spaces made plain. Long texts are no numbers: only the start is looked at."""
    text = text[:200]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("\u2212", "-")
    return " ".join(text.split())


def _decimal_mark(body: str) -> str:
    """``"."`` or ``","`` when a number's digits show which is its decimal sign, else nothing."""
    dots, commas = body.count("."), body.count(",")
    if dots and commas:
        return "." if body.rfind(".") > body.rfind(",") else ","
    if dots + commas == 0:
        return ""
    mark = "." if dots else ","
    if dots + commas > 1:
        return "," if dots else "."
    head, tail = body.split(mark)
    return "" if len(tail) == 3 and 1 <= len(head) <= 3 and head != "0" else mark


def _plain_digits(body: str, decimal: str) -> str | None:
    """Digits that ``float`` reads, or None when the signs do not group them in threes."""
    group = "," if decimal == "." else "."
    whole, _, tail = body.partition(decimal)
    if decimal in tail or group in tail:
        return None
    parts = re.split(rf"[{re.escape(group)}{_SPACE}]", whole)
    grouped = len(parts) > 1
    if grouped and (not 1 <= len(parts[0]) <= 3 or any(len(p) not in (2, 3) for p in parts[1:])):
        return None
    if grouped and len(parts[-1]) != 3:
        return None
    if not tail.isdigit() and tail:
        return None
    return f"{''.join(parts) or '0'}.{tail or '0'}"


def _plain(kind: pa.DataType) -> bool:
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return bool(is_number or pa.types.is_boolean(kind) or pa.types.is_null(kind) or pa.types.is_string(kind))


def _slowly(cells: Sequence[object], style: Style) -> tuple[NDArray[np.float64], dict[int, str]]:
    values, reasons = each(cells, lambda cell: one(cell, style))
    return np.array([np.nan if v is None else v for v in values], np.float64), reasons


def _strings(array: pa.Array, style: Style) -> tuple[NDArray[np.float64], dict[int, str]]:
    trimmed = pc.utf8_trim_whitespace(array)
    plain = pc.fill_null(pc.match_substring_regex(trimmed, r"^-?[0-9]{1,15}$"), False)
    if style.decimal == ".":
        floating = pc.match_substring_regex(trimmed, r"^-?[0-9]{1,15}\.[0-9]{1,15}(e-?[0-9]{1,2})?$")
        plain = pc.or_(plain, pc.fill_null(floating, False))
    easy = pc.cast(pc.if_else(plain, trimmed, None), pa.float64())
    values = np.array(easy.to_numpy(zero_copy_only=False), np.float64)
    odd = np.flatnonzero(~np.array(plain) & np.array(pc.is_valid(array)))
    coded = pc.dictionary_encode(array.take(pa.array(odd)))
    read, reasons = _slowly(coded.dictionary.to_pylist(), style)
    codes = np.array(coded.indices, np.int64)
    values[odd] = read[codes]
    told = np.isin(codes, list(reasons))
    return values, {int(odd[i]): reasons[int(codes[i])] for i in np.flatnonzero(told)}


def _finite(
    values: NDArray[np.float64], reasons: dict[int, str]
) -> tuple[NDArray[np.float64], dict[int, str]]:
    infinite = np.isinf(values)
    for place in np.flatnonzero(infinite):
        reasons[int(place)] = "the number is infinite"
    values[infinite] = np.nan
    return np.clip(values, -LARGEST, LARGEST), reasons
