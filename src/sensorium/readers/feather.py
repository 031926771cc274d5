"""Feather (Arrow IPC) files and streams."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from sensorium.errors import DataError
from sensorium.readers._base import Reader, Rows, short


class Feather(Reader):
    """An Arrow file (Feather version 2) or an Arrow stream, mapped into memory."""

    suffixes: ClassVar[tuple[str, ...]] = (".feather", ".arrow", ".arrows", ".ipc")
    magic: ClassVar[bool] = True

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:
        return path.is_file() and head.startswith((b"ARROW1", b"\xff\xff\xff\xff", b"FEA1"))

    @classmethod
    def read(cls, path: Path) -> Rows:
        try:
            with pa.memory_map(os.fspath(path)) as file:
                start = file.read(6)
                file.seek(0)
                if start == b"ARROW1":
                    return pa.ipc.open_file(file).read_all()
                return pa.ipc.open_stream(file).read_all()
        except (OSError, pa.ArrowException) as error:
            raise _not_whole(path, error) from error

    @classmethod
    def weight(cls, path: Path) -> int:
        """Cells that are not compressed stay in the file."""
        try:
            with pa.memory_map(os.fspath(path)) as file:
                whole = file.read_buffer()
                first = next(_batches(file), None)
                stays = first is None or all(_inside(buffer, whole) for c in first for buffer in c.buffers())
                return 0 if stays else _PACKED * len(whole)
        except (OSError, pa.ArrowException):
            return 0  # ``read`` tells what is wrong

    @classmethod
    def pieces(cls, path: Path) -> Iterator[Rows]:
        try:
            with pa.memory_map(os.fspath(path)) as file:
                for batch in _batches(file):
                    yield pa.Table.from_batches([batch])
        except (OSError, pa.ArrowException) as error:
            raise _not_whole(path, error) from error


_PACKED = 3
"""How much larger compressed cells are in memory, about."""


def _batches(file: pa.MemoryMappedFile) -> Iterator[pa.RecordBatch]:
    file.seek(0)
    start = file.read(6)
    file.seek(0)
    if start == b"ARROW1":
        whole = pa.ipc.open_file(file)
        yield from map(whole.get_batch, range(whole.num_record_batches))
    else:
        yield from pa.ipc.open_stream(file)


def _inside(buffer: pa.Buffer | None, whole: pa.Buffer) -> bool:
    """Whether bytes lie in the mapped file."""
    return buffer is None or not len(buffer) or 0 <= buffer.address - whole.address < len(whole)


def _not_whole(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: not a whole Feather or Arrow file ({short(error)}). Copy or write it again.")
