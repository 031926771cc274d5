"""Arrays in files: npy and npz, whole or a row, in files and in bytes. Nothing in them is ever run."""

import math
import struct
import tempfile
import threading
import tokenize
import zipfile
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from sensorium.errors import CorruptCell

Array = NDArray[np.generic]

NPY, ZIP = b"\x93NUMPY", b"PK\x03\x04"
FAILURES = (
    *(OSError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, EOFError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, struct.error, tokenize.TokenError, SyntaxError),
)
"""What broken or hostile npy and npz files make their readers raise."""

UNPACKED = 20
"""How many times max_megabytes a packed array may have of which rows are cells."""
_IN_MEMORY = 1 << 24
"""Packed arrays of more bytes are unpacked into a temporary file that is mapped."""
_CHUNK = 1 << 20
_LOCAL = struct.Struct("<26x2H")
"""The end of a member's own header in a zip archive: the lengths of its name and of what else is there."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a cell may declare before anything is decoded. Named as the options that raise them."""

    max_steps: int = 1_000_000
    max_megabytes: float = 200.0

    def check(self, shape: tuple[int, ...], size: float) -> None:
        """Raises CorruptCell for more steps (on the longest axis) or bytes than are allowed."""
        steps = max(shape, default=0)
        if steps > self.max_steps:
            raise CorruptCell(
                f"the signal has {steps:,} steps, more than max_steps = {self.max_steps:,}; "
                "raise max_steps to read it"
            )
        if size > self.max_megabytes * 1e6:
            raise CorruptCell(
                f"the signal has {size / 1e6:,.1f} MB, more than max_megabytes = {self.max_megabytes:g}; "
                "raise max_megabytes to read it"
            )


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class _Header:
    """What an npy file says of its array, and where its numbers begin."""

    shape: tuple[int, ...]
    turned: bool
    dtype: np.dtype[np.generic]
    start: int

    @property
    def size(self) -> int:
        """Bytes of all numbers."""
        return math.prod(self.shape) * self.dtype.itemsize

    def of(self, numbers: Array) -> Array:
        """Flat numbers in their shape."""
        return numbers.reshape(self.shape, order="F" if self.turned else "C")


def npy_array(cell: bytes | Path, limits: Limits) -> Array:
    """The array of an npy file or of its bytes, the limits checked in the header. Raises CorruptCell."""
    with BytesIO(cell) if isinstance(cell, bytes) else cell.open("rb") as file:
        head = _header(file)
        limits.check(head.shape, head.size)
        data = file.read(head.size)
    _whole(len(data), head.size)
    return head.of(np.frombuffer(data, head.dtype))


def npz_arrays(cell: bytes | Path, limits: Limits) -> dict[str, Array]:
    """Every array of an npz archive by its key. Raises CorruptCell for what is none or is past a limit."""
    with zipfile.ZipFile(BytesIO(cell) if isinstance(cell, bytes) else cell) as archive:
        members = [one for one in archive.infolist() if one.filename.endswith(".npy")]
        limits.check((), sum(one.file_size for one in members))
        found = {}
        for one in members:
            with archive.open(one) as file:
                head = _header(file)
                limits.check(head.shape, head.size)
                data = file.read(head.size)
            _whole(len(data), head.size)
            found[one.filename.removesuffix(".npy")] = head.of(np.frombuffer(data, head.dtype))
    if not found:
        raise CorruptCell("the archive holds no array")
    return found


class Shelf:
    """Arrays that many cells name rows of, each opened or unpacked once; the ``most`` used last are held."""

    def __init__(self, most: int = 8) -> None:
        self.most, self._lock = most, threading.Lock()
        self._held: OrderedDict[tuple[object, ...], Array] = OrderedDict()
        self._keys: OrderedDict[tuple[object, ...], tuple[str, ...]] = OrderedDict()

    def keys(self, path: Path) -> tuple[str, ...]:
        """The keys of an npz archive, in order; none for any other file."""
        name = _name(path)
        with self._lock:
            if name not in self._keys:
                self._keys[name] = _keys(path)
            self._keys.move_to_end(name)
            while len(self._keys) > self.most:
                self._keys.popitem(last=False)
            return self._keys[name]

    def array(self, path: Path, key: str | None, limits: Limits) -> Array:
        """The array of an npy file, or that of this key of an npz archive: a map of the file as a rule.

        None is the only array of an archive. Raises CorruptCell.
        """
        name = (*_name(path), key)
        with self._lock:
            if name not in self._held:
                self._held[name] = _opened(path, key, limits)
            self._held.move_to_end(name)
            while len(self._held) > self.most:
                self._held.popitem(last=False)
            return self._held[name]


def _name(path: Path) -> tuple[object, ...]:
    stat = path.stat()
    return str(path), stat.st_mtime_ns, stat.st_size


def _keys(path: Path) -> tuple[str, ...]:
    if not zipfile.is_zipfile(path):
        return ()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return tuple(name.removesuffix(".npy") for name in names if name.endswith(".npy"))


def _opened(path: Path, key: str | None, limits: Limits) -> Array:
    with path.open("rb") as file:
        first = file.read(len(NPY))
        if first == NPY and key is not None:
            raise CorruptCell(f"the file holds one array without a key; leave out '#{key}'")
        if first == NPY:
            file.seek(0)
            head = _header(file)
            _whole(path.stat().st_size - head.start, head.size)
            return _mapped(path, head, head.start)
        with zipfile.ZipFile(file) as archive:
            member = _member(archive, key)
            with archive.open(member) as stream:
                head = _header(stream)
                if member.compress_type == zipfile.ZIP_STORED:
                    file.seek(member.header_offset)
                    begin = member.header_offset + _LOCAL.size + sum(_LOCAL.unpack(file.read(_LOCAL.size)))
                    _whole(member.file_size - head.start, head.size)
                    return _mapped(path, head, begin + head.start)
                return _unpacked(stream, head, limits)


def _member(archive: zipfile.ZipFile, key: str | None) -> zipfile.ZipInfo:
    known = {o.filename.removesuffix(".npy"): o for o in archive.infolist() if o.filename.endswith(".npy")}
    if key is None and len(known) == 1:
        return next(iter(known.values()))
    if key is None or key not in known:
        listed = ", ".join(sorted(known)[:10]) or "none"
        asked = "no key is said" if key is None else f"no array has the key {key!r}"
        raise CorruptCell(f"{asked}; the archive's keys: {listed}")
    return known[key]


def _mapped(path: Path, head: _Header, start: int) -> Array:
    if head.size == 0:
        return np.zeros(head.shape, head.dtype)
    order: Literal["F", "C"] = "F" if head.turned else "C"
    found: Array = np.memmap(path, head.dtype, "r", start, head.shape, order)
    return found


def _unpacked(stream: IO[bytes], head: _Header, limits: Limits) -> Array:
    if head.size > UNPACKED * limits.max_megabytes * 1e6:
        raise CorruptCell(
            f"the packed array has {head.size / 1e6:,.1f} MB, more than {UNPACKED} times max_megabytes = "
            f"{limits.max_megabytes:g}; raise max_megabytes to read it"
        )
    if head.size <= _IN_MEMORY:
        data = stream.read(head.size)
        _whole(len(data), head.size)
        return head.of(np.frombuffer(data, head.dtype))
    with tempfile.TemporaryFile() as file:
        left = head.size
        while left and (piece := stream.read(min(_CHUNK, left))):
            left -= file.write(piece)
        _whole(head.size - left, head.size)
        file.flush()
        return head.of(np.memmap(file, head.dtype, "r"))


def _header(file: IO[bytes]) -> _Header:
    """Shape and type of an npy stream, which then stands at its numbers. Raises CorruptCell."""
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise CorruptCell("the file holds records with names; expected plain numbers")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, turned, dtype = read(file)
    if dtype.kind not in "biufM":
        raise CorruptCell(f"the file holds {str(dtype)[:60]}; expected real numbers")
    if any(length < 0 for length in shape) or len(shape) > 32:
        raise CorruptCell(f"the file declares the shape {str(shape)[:60]}, which no array has")
    return _Header(shape, turned, dtype, file.tell())


def _whole(there: int, declared: int) -> None:
    if there < declared:
        raise CorruptCell(f"the file is cut off: {max(0, there):,} of {declared:,} bytes are there")
