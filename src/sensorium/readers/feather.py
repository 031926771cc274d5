"""Feather (Arrow IPC) files and streams."""

import os
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
            raise DataError(
                f"{path}: not a whole Feather or Arrow file ({short(error)}). Copy or write it again."
            ) from error
