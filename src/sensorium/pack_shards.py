"""A folder that appears whole or not at all, and the Parquet shards in it."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import pyarrow as pa
import pyarrow.parquet as pq

from sensorium.errors import DataError

try:
    import fcntl
except ImportError:  # Windows: what a killed run left stays
    fcntl = None  # type: ignore[assignment]

GROUP_ROWS, GROUP_BYTES = 1 << 16, 1 << 25
"""Rows of a group of a shard: at most so many, and about so many bytes, media as they are."""
_LOCK = ".lock"


class WholeFolder:
    """A new folder that is filled beside its place and gets its name at the end; a context manager.

    ``at`` is where to write. After an error it is removed; what a killed run left is removed by the next one.
    Raises DataError when there is something in its place already.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))
        if self.path.is_file() or (self.path.is_dir() and any(self.path.iterdir())):
            what = "is a file" if self.path.is_file() else "is not empty"
            raise DataError(f"{path}: the place {what}. Choose a new folder, or an empty one.")
        self.at = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for left in self.path.parent.glob(f".{glob_escaped(self.path.name)}.*.part"):
            if not _in_use(left):
                shutil.rmtree(left, ignore_errors=True)
        self.at.mkdir()
        self._lock = (self.at / _LOCK).open("wb")
        _locked(self._lock)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.close()
        if kind is not None:
            shutil.rmtree(self.at, ignore_errors=True)
            return
        (self.at / _LOCK).unlink()
        with suppress(OSError):  # Windows renames onto no folder, not even an empty one
            self.path.rmdir()
        self.at.rename(self.path)


class ShardWriter:
    """Writes ``part-00000.parquet`` and so on below a folder; a context manager.

    size: bytes that a shard has at most, unless one group of rows has more. encoded: columns in which words
    repeat. Raises nothing of its own.
    """

    def __init__(self, folder: Path, schema: pa.Schema, size: float, encoded: list[str]) -> None:
        self.folder, self.schema, self.size = folder, schema, size
        self.group = int(min(GROUP_BYTES, size))
        self.shards = self.bytes = 0
        self._encoded: bool | list[str] = encoded or False
        self._held: list[pa.Table] = []
        self._weight = self._rows = 0
        self._file: pa.NativeFile | None = None
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._close()

    def add(self, rows: pa.Table) -> None:
        """The next rows."""
        self._held.append(rows)
        self._weight += rows.nbytes
        self._rows += rows.num_rows
        if self._weight >= self.group or self._rows >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._held:
            return
        whole = pa.concat_tables(self._held)
        self._held.clear()
        self._weight = self._rows = 0
        if self._writer is None or self._file is None:
            path = self.folder / f"part-{self.shards:05}.parquet"
            self.shards += 1
            self._file = pa.OSFile(str(path), "wb")
            self._writer = pq.ParquetWriter(
                self._file, self.schema, compression="zstd", use_dictionary=self._encoded,
                write_statistics=False, write_page_checksum=True,
            )  # fmt: skip
        before = self._file.tell()
        self._writer.write_table(whole, row_group_size=max(1, whole.num_rows))
        after = self._file.tell()
        if after + (after - before) > self.size:
            self._close()

    def _close(self) -> None:
        if self._writer is not None and self._file is not None:
            self._writer.close()
            self.bytes += self._file.tell()
            self._file.close()
        self._writer = self._file = None


def glob_escaped(name: str) -> str:
    """A name in which no character stands for others."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _locked(file: IO[bytes]) -> bool:
    """Whether the file is this process's own; True where locks are not known."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _in_use(folder: Path) -> bool:
    """Whether a running process fills a folder; where that cannot be told, it does."""
    if fcntl is None:
        return True
    try:
        with (folder / _LOCK).open("rb") as file:
            return not _locked(file)
    except OSError:
        return True
