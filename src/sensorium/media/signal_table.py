"""Text tables as named columns: one row a step, commas, semicolons, tabs, bars or blanks between."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from sensorium.errors import CorruptCell
from sensorium.media.signal_files import Limits

Columns = dict[str, NDArray[np.generic]]

_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)|", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d")
_NOTHING = ["", "nan", "NaN", "NAN", "NA", "N/A", "na", "null", "NULL", "None", "-", "?"]
_BLANKS = re.compile(rb"[ \t]+")
_HEAD = 1 << 16
_BLOCK = 1 << 20


def text_columns(data: bytes, limits: Limits) -> Columns:
    """The columns of a text that hold numbers (float64, NaN where nothing stands) or moments (datetime64).

    A first line that holds a word names the columns (a moment is none); without it they are called 1, 2, ...
    Numbers may have decimal commas where semicolons, tabs, bars or blanks part them. Lines that begin with
    # are left out. Raises CorruptCell for what is no table of numbers or has too many lines.
    """
    data = _plain(data, limits)
    first = data[:_HEAD].partition(b"\n")[0].decode("utf-8", "replace")
    delimiter = max(",;\t|", key=lambda mark: (first.count(mark), mark == ","))
    if delimiter not in first:
        data = b"\n".join(line.strip(b" \t") for line in _BLANKS.sub(b" ", data).split(b"\n"))
        first, delimiter = first.strip(), " "
    words = re.split(r"\s+", first) if delimiter == " " else first.split(delimiter)
    words = [word.strip().strip('"') for word in words]
    named = not all(_NUMBER.fullmatch(word) or _MOMENT.match(word) for word in words)
    names = _unique(words) if named else [str(place + 1) for place in range(len(words))]
    comma = delimiter != "," and b"," in data and b"." not in data.partition(b"\n")[2][:_HEAD]
    table = _parsed(data, names, delimiter, int(named), "," if comma else ".")
    found = {name: _values(table.column(place)) for place, name in enumerate(names)}
    kept = {name: values for name, values in found.items() if values is not None}
    if not kept or not table.num_rows:
        raise CorruptCell("the text is no table of numbers")
    return kept


def _plain(data: bytes, limits: Limits) -> bytes:
    """UTF-8 lines without remarks and blank lines; their number is checked before anything is parsed."""
    if b"\0" in data[:_HEAD]:
        raise CorruptCell("a text table, but with zero bytes in it: the content is of an unknown kind")
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip(b"\n")
    limits.check((data.count(b"\n") + 1,), len(data))
    if data.startswith(b"#") or b"\n#" in data or b"\n\n" in data:
        lines = [line for line in data.split(b"\n") if line.strip() and not line.startswith(b"#")]
        data = b"\n".join(lines)
    if not data.strip():
        raise CorruptCell("the file holds no line")
    return data


def _parsed(data: bytes, names: list[str], delimiter: str, skipped: int, decimal: str) -> pa.Table:
    read = pacsv.ReadOptions(
        column_names=names, skip_rows=skipped, use_threads=False, block_size=max(_BLOCK, len(data) + 1)
    )
    convert = pacsv.ConvertOptions(null_values=_NOTHING, strings_can_be_null=True, decimal_point=decimal)
    try:
        return pacsv.read_csv(pa.BufferReader(data), read, pacsv.ParseOptions(delimiter=delimiter), convert)
    except (pa.ArrowException, UnicodeDecodeError) as why:
        said = str(why).partition("\n")[0].removeprefix("CSV parse error: ")[:120]
        raise CorruptCell(f"the text is no table: {said}") from None


def _values(column: pa.ChunkedArray) -> NDArray[np.generic] | None:
    """float64 or datetime64; None for words."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        moments = pc.cast(column, pa.timestamp("us"), safe=False)
        return np.asarray(moments.to_numpy(), "datetime64[us]")
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        return None
    wide = pc.cast(column, pa.float64(), safe=False)
    return np.asarray(pc.fill_null(wide, np.nan).to_numpy(), np.float64)


def _unique(words: list[str]) -> list[str]:
    """Names of columns: those without a name get their number, those that come twice an addition."""
    found: list[str] = []
    for place, word in enumerate(words, 1):
        name = word or str(place)
        while name in found:
            name = f"{name}_"
        found.append(name)
    return found
