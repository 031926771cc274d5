"""What a reader is: one file format -> an Arrow table. And what all readers share: opening and head."""

import codecs
import io
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, TypeAlias

import pyarrow as pa

from sensorium.errors import DataError

HEAD, PIECE = 4096, 1 << 24

Rows: TypeAlias = "pa.Table | dict[str, list[object]]"
"""What a reader gives: an Arrow table, or columns of Python cells where Arrow has no one type for them."""

LABELS = re.compile(r"__index_level_\d+__")
"""The row labels that pandas adds without a name to files of columns."""

_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}
PACKED_SUFFIXES = (".gz", ".bz2", ".zst")


class Reader(ABC):
    """Reads one format. ``suffixes`` pick it by name; ``sniff`` by the first bytes when names fail."""

    suffixes: ClassVar[tuple[str, ...]]
    magic: ClassVar[bool] = False
    """True when ``sniff`` cannot be mistaken: such a file is never another format, whatever its name."""
    by_columns: ClassVar[bool] = False
    """True when a file's columns can be read one by one, some rows at a time (Parquet)."""

    @classmethod
    @abstractmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        """Whether these first 4,096 bytes, unpacked (empty for a folder), are of this format."""

    @classmethod
    @abstractmethod
    def read(cls, path: Path) -> Rows:
        """The whole table; rows in the file's order. Raises DataError naming the file and the line."""

    @classmethod
    @abstractmethod
    def weight(cls, path: Path) -> int:
        """How many bytes of memory ``read`` takes, about; 0 where the rows stay in the file."""

    @classmethod
    @abstractmethod
    def pieces(cls, path: Path) -> Iterator[Rows]:
        """The same rows some at a time, for files too large for memory; Arrow tables have one schema."""


def packing(path: Path) -> str | None:
    """``gzip``, ``bz2`` or ``zstd`` by the file's first bytes, else None."""
    with path.open("rb") as file:
        start = file.read(4)
    return next((name for magic, name in _PACKED.items() if start.startswith(magic)), None)


def head_of(path: Path) -> bytes:
    """The first 4,096 bytes, unpacked; empty for a folder and for a packed file that is cut short."""
    if path.is_dir():
        return b""
    packed = packing(path)
    if packed is None:
        with path.open("rb") as file:
            return file.read(HEAD)
    try:
        with pa.input_stream(os.fspath(path), compression=packed) as stream:
            found: bytes = stream.read(HEAD)
            return found
    except (OSError, pa.ArrowException):
        return b""


def content_of(path: Path) -> pa.Buffer:
    """The whole content, unpacked; a plain file is mapped, not copied. Raises DataError when it is cut."""
    if not path.stat().st_size:
        raise DataError(f"{path}: the file is empty (0 bytes). Expected a header and rows.")
    packed = packing(path)
    if packed is None:
        with pa.memory_map(os.fspath(path)) as file:
            return file.read_buffer()
    try:
        with pa.input_stream(os.fspath(path), compression=packed) as stream:
            return stream.read_buffer()
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            f"{path}: the {packed} file is damaged or cut short ({short(error)}). Copy or pack it again."
        ) from error


def utf8(path: Path, data: pa.Buffer) -> pa.Buffer:
    """The text as UTF-8 without a byte order mark.

    UTF-8 passes as it is; UTF-16 and UTF-32 are known by their byte order mark, UTF-16 also by its zero
    bytes. No other encoding is guessed: ``not_utf8`` tells where the text breaks the rule.
    """
    start = data.slice(0, min(len(data), HEAD)).to_pybytes()
    if start.startswith(b"\xef\xbb\xbf"):
        return data.slice(3)
    name = wide(start)
    if name is None:
        return data
    try:
        return pa.py_buffer(data.to_pybytes().decode(name).removeprefix("\ufeff").encode())
    except UnicodeError as error:
        raise DataError(
            f"{path}: the text looks like {name.upper()} but is not ({short(error)}). Save it as UTF-8."
        ) from error


def wide(start: bytes) -> str | None:
    """The encoding of a text that begins so, where it is UTF-16 or UTF-32."""
    if start.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    half = len(start) // 2
    if half and start[1::2].count(0) > 0.7 * half and not start[::2].count(0):
        return "utf-16-le"
    if half and start[::2].count(0) > 0.7 * half and not start[1::2].count(0):
        return "utf-16-be"
    return None


def not_utf8(path: Path, data: pa.Buffer) -> DataError | None:
    """The error that names the first byte that is not UTF-8, its offset and line; None when there is none."""
    line, decoder = 1, codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data), PIECE):
        content = data.slice(start, min(PIECE, len(data) - start)).to_pybytes()
        held = len(decoder.getstate()[0])  # the start of a character that the last piece cut
        try:
            decoder.decode(content, final=start + PIECE >= len(data))
        except UnicodeDecodeError as error:
            place = start + error.start - held
            line += data.slice(start, max(0, place - start)).to_pybytes().count(b"\n")
            return DataError(
                f"{path}, line {line}: byte 0x{data[place]:02x} at offset {place:,} is not UTF-8. "
                "Save the file as UTF-8, for example with: iconv -f WINDOWS-1252 -t UTF-8 "
                "(or its true encoding)."
            )
        line += content.count(b"\n")
    return None


def unpacked(path: Path, content: int, packed: int) -> int:
    """The weight of a text file. content, packed: bytes of memory for each byte of it, plain or packed."""
    return path.stat().st_size * (content if packing(path) is None else packed)


def lines_of(data: pa.Buffer) -> io.TextIOWrapper:
    """The text of a buffer line by line, without a copy of the whole; what is no UTF-8 becomes U+FFFD."""
    return io.TextIOWrapper(pa.BufferReader(data), "utf-8", errors="replace", newline="")


def short(error: BaseException) -> str:
    """The first line of another library's message, at most 120 characters, without its full stop."""
    return str(error).splitlines()[0].rstrip(".")[:120] if str(error) else type(error).__name__
