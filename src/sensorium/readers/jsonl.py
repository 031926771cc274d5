"""JSON lines, and a JSON array of objects."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from sensorium.errors import DataError
from sensorium.readers._base import Reader, Rows, content_of, not_utf8, short, utf8


class Jsonl(Reader):
    """One JSON object a line (blank lines are skipped), or a file that is one array of objects.

    Keys are columns; a key that an object lacks is a missing cell. Lists and objects stay as they are.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".json")
    magic: ClassVar[bool] = True

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        return start.startswith(b"{") or (start[:1] == b"[" and start[1:].lstrip()[:1] in (b"{", b"]", b""))

    @classmethod
    def read(cls, path: Path) -> Rows:
        data = utf8(path, content_of(path))
        try:
            text = data.to_pybytes().decode()
        except UnicodeDecodeError as error:
            raise (not_utf8(path, data) or error) from error
        columns: dict[str, list[object]] = {}
        records = _array(path, text) if text.lstrip()[:1] == "[" else _lines(path, text)
        for num_rows, record in enumerate(records):
            for name in record:
                if name not in columns:
                    columns[name] = [None] * num_rows
            for name, cells in columns.items():
                cells.append(record.get(name))
        return columns


def _lines(path: Path, text: str) -> Iterator[dict[str, object]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _object(_parsed(line, f"{path}, line {number}"), f"{path}, line {number}")


def _array(path: Path, text: str) -> Iterator[dict[str, object]]:
    found = _parsed(text, str(path))
    assert isinstance(found, list), "a text that starts with [ is an array or does not parse"
    for number, record in enumerate(found, 1):
        yield _object(record, f"{path}, element {number}")


def _parsed(text: str, where: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        place = f"column {error.colno}" if error.lineno == 1 else f"line {error.lineno} column {error.colno}"
        raise DataError(
            f"{where}: not JSON ({error.msg} at {place}). "
            "Expected one object a line, or one array of objects."
        ) from error
    except RecursionError as error:
        raise DataError(f"{where}: the value is nested too deeply to be read.") from error
    except ValueError as error:
        raise DataError(f"{where}: {short(error).partition(';')[0]}.") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {repeated!r} comes twice in one object, rename one of them")
    return found


def _object(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise DataError(f"{where}: expected an object with one key a column; got {json.dumps(value)[:60]}.")
    return value
