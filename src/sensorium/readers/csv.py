"""Text tables: comma, semicolon, tab or bar between the cells."""

import csv
import io
import itertools
import re
import sys
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.csv as pacsv

from sensorium.errors import DataError
from sensorium.readers._base import Reader, Rows, content_of, not_utf8, short, utf8

MISSING = (
    *("", "-", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "#N/A N/A", "NaN", "nan", "-NaN", "-nan"),
    *("null", "NULL", "None", "1.#QNAN", "-1.#QNAN", "1.#IND", "-1.#IND"),
)
"""How a missing cell is written, quoted or not."""

_DELIMITERS = ",;\t|"
_SAMPLE, _WIDE_SAMPLE = 1 << 16, 1 << 24
_BLOCK, _LARGEST_BLOCK = 1 << 24, (1 << 31) - 1
_RECORD = re.compile(rb'[^"\r\n]*(?:"[^"]*"[^"\r\n]*)*')
_LINE_END = re.compile(rb"\r\n|\r|\n|\Z")
_SENTINEL = "\x1eend"


class Csv(Reader):
    """Every cell is text or missing (one of MISSING): what a column means is found later, by content.

    The delimiter is the one of ``, ; tab |`` that cuts the first rows most evenly; a first line ``sep=;``
    decides. Cells in quotes may hold delimiters, line ends and doubled quotes. Blank lines are skipped.
    UTF-8, with or without a byte order mark, or UTF-16; anything else is an error, never a guess. A column
    without a name is called ``column_<number>``. The file may be packed by gzip, bzip2 or Zstandard.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".tab", ".psv", ".txt")

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        try:
            text = utf8(path, pa.py_buffer(head)).to_pybytes().decode(errors="ignore")
        except DataError:
            return False
        return bool(text.strip()) and text.lstrip()[0] not in "{[" and "\x00" not in text

    @classmethod
    def read(cls, path: Path) -> Rows:
        data = utf8(path, content_of(path))
        start, delimiter, names = _header(path, data)
        body = data.slice(start)
        if not body.slice(0, min(len(body), _SAMPLE)).to_pybytes().strip(b"\r\n"):
            return pa.Table.from_arrays([pa.array([], pa.string())] * len(names), names=names)
        table = _parsed(path, data, body, delimiter, len(names))
        if _maybe_open(table, body):
            _check_rows(path, data, delimiter, len(names))
        return table.rename_columns(names)


def _header(path: Path, data: pa.Buffer) -> tuple[int, str, list[str]]:
    """Where the rows start, the delimiter and the columns' names."""
    sample = data.slice(0, min(len(data), _SAMPLE)).to_pybytes()
    if b"\x00" in sample:
        raise DataError(f"{path}: holds zero bytes, so it is no text table. Check what the file is.")
    start = _next_record(sample, 0)
    if _record_end(sample, start) == len(sample) < len(data):  # thousands of columns
        sample = data.slice(0, min(len(data), _WIDE_SAMPLE)).to_pybytes()
    given = None
    if sample[start : start + 4].lower() == b"sep=" and len(sample) > start + 4:
        given = chr(sample[start + 4])
        start = _next_record(sample, _record_end(sample, start))
    end = _record_end(sample, start)
    try:
        header = sample[start:end].decode()
    except UnicodeDecodeError as error:
        raise (not_utf8(path, data) or error) from error
    if not header.strip():
        raise DataError(f"{path}: the file holds only blank lines. Expected a header and rows.")
    rows = sample[start:].decode(errors="ignore")
    delimiter = given or _delimiter(rows, whole=len(sample) == len(data))
    row = next(csv.reader(io.StringIO(header, newline=""), delimiter=delimiter))
    return end, delimiter, [name.strip() or f"column_{number}" for number, name in enumerate(row, 1)]


def _next_record(sample: bytes, start: int) -> int:
    """Where the first line at or after ``start`` that is not blank begins."""
    return len(sample) - len(sample[start:].lstrip(b"\r\n"))


def _record_end(sample: bytes, start: int) -> int:
    """Where the record that begins at ``start`` ends, with its line end; those within quotes do not count."""
    found = _RECORD.match(sample, start)
    line_end = _LINE_END.search(sample, found.end() if found else start)
    return line_end.end() if line_end else len(sample)


def _delimiter(sample: str, *, whole: bool) -> str:
    """The delimiter that cuts most of the first rows into as many cells as the header, at least two."""
    best, found = (0.0, 0), ","
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row]
        except csv.Error:  # a cell longer than the csv module takes: not this delimiter, or all the same
            continue
        rows = rows if whole or len(rows) < 3 else rows[:-1]  # the last one may be cut
        width = len(rows[0])
        score = sum(len(row) == width for row in rows) / len(rows), width
        if width > 1 and score > best:
            best, found = score, delimiter
    return found


def _parsed(path: Path, data: pa.Buffer, body: pa.Buffer, delimiter: str, width: int) -> pa.Table:
    """The rows as text, with numbers for names, since names may still come twice."""
    places = [str(place) for place in range(width)]
    parse = pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    convert = pacsv.ConvertOptions(
        column_types=dict.fromkeys(places, pa.string()), strings_can_be_null=True, null_values=list(MISSING)
    )
    block = _BLOCK
    while True:
        read = pacsv.ReadOptions(column_names=places, block_size=block)
        try:
            return pacsv.read_csv(pa.BufferReader(body), read, parse, convert)
        except pa.ArrowInvalid as error:
            if "straddling" in str(error) and block <= len(body) and block < _LARGEST_BLOCK:
                block = min(8 * block, _LARGEST_BLOCK)  # a row longer than a block
                continue
            _check_rows(path, data, delimiter, width)
            told = not_utf8(path, data)
            if told is None:
                told = DataError(f"{path}: cannot be read as a text table ({short(error)}).")
            raise told from error


def _maybe_open(table: pa.Table, body: pa.Buffer) -> bool:
    """Whether a quote may never close: all that follows it is then one cell of the last row."""
    last = [column[-1].as_py() or "" for column in table.columns] if table.num_rows else []
    tail = body.slice(max(0, len(body) - _SAMPLE)).to_pybytes().rstrip(b"\r\n")
    line = tail[max(tail.rfind(b"\n"), tail.rfind(b"\r")) + 1 :]
    return line.count(b'"') % 2 == 1 or any("\n" in cell or "\r" in cell for cell in last)


def _check_rows(path: Path, data: pa.Buffer, delimiter: str, width: int) -> None:
    """Raises DataError naming the line of the first row of another width, or of a quote that stays open."""
    limit = csv.field_size_limit(sys.maxsize)
    text = io.TextIOWrapper(io.BytesIO(data.to_pybytes()), "utf-8", errors="replace", newline="")
    reader = csv.reader(itertools.chain(text, ["\n", _SENTINEL]), delimiter=delimiter)
    begun = line = 0
    row: list[str] = []
    try:
        for row in reader:
            begun, line = line + 1, reader.line_num
            if row[-1:] and row[-1].endswith(_SENTINEL):
                break
            if row and len(row) != width and not row[0].lower().startswith("sep="):
                raise _ragged(path, begun, width, len(row), delimiter)
    finally:
        csv.field_size_limit(limit)
    if row != [_SENTINEL]:
        raise DataError(
            f"{path}, line {begun}: a quote opens and never closes, so the rest of the file is one cell. "
            'Close it, or write a quote within a cell as "".'
        )


def _ragged(path: Path, line: int, width: int, found: int, delimiter: str) -> DataError:
    name = {"\t": "tab"}.get(delimiter, repr(delimiter))
    return DataError(
        f"{path}, line {line}: expected as many cells as the header has, {width:,}; found {found:,} "
        f"(delimiter {name}). Put cells that hold the delimiter in quotes, or correct the line."
    )
