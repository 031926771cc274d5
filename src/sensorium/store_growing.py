"""A prepared column as it grows: part by part into files, so that it is never in memory as a whole."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sensorium.table.packed import Packed, concatenated
from sensorium.types import Facts

try:
    import fcntl
except ImportError:  # Windows: an interrupted column starts anew
    fcntl = None  # type: ignore[assignment]

Array: TypeAlias = NDArray[np.generic]

PARTS = ("values", "status", "offsets", "mask", "times")
UNWRITTEN, DONE = "part-", "done.json"
_PROGRESS, _REASONS, _LOCK = "progress.json", "reasons.jsonl", "lock"
_HEADER = 128


class Growing:
    """Collects a column's parts in order; a context manager.

    keep: takes the whole folder over under its key, or removes it and tells None. With a folder the
    parts go into files below it. A column that was interrupted goes on where it stopped: ``records`` tells
    how many are there already. When another process grows the same column it grows beside that, and when
    the disk is full it goes on in memory.
    """

    def __init__(
        self,
        folder: Path | None = None,
        key: str = "",
        keep: Callable[[Path], Packed | None] = lambda made: None,  # noqa: ARG005
    ) -> None:
        self._keep = keep
        self._parts: list[Packed] = []
        self._files: _Files | None = None
        if folder is not None:
            with suppress(OSError):
                self._files = _Files(folder, key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let a column that was interrupted lie, so that the next one can go on with it."""
        if self._files is not None:
            self._files.drop()

    @property
    def records(self) -> int:
        """How many records are there."""
        return self._files.records if self._files is not None else sum(len(p.status) for p in self._parts)

    def add(self, part: Packed) -> None:
        """The next records; they carry no index."""
        assert part.index is None, "records are shared by rows once the column is whole"
        if self._files is not None and any(a.dtype.hasobject for a in _arrays(part).values()):
            self.leave()
        if self._files is not None:
            try:
                self._files.add(part)
                return
            except OSError:  # the disk is full
                self.leave()
        self._parts.append(part)

    def leave(self) -> None:
        """Go on in memory: what is there must not be kept."""
        if self._files is not None:
            if self._files.records:
                self._parts = [self._files.read()]
            shutil.rmtree(self._files.folder, ignore_errors=True)
            self._files.drop()
            self._files = None

    def done(self) -> Packed:
        """The whole column: mapped where it is kept, else in memory."""
        if self._files is None:
            return self._parts[0] if len(self._parts) == 1 else concatenated(self._parts)
        found = None
        with suppress(OSError):
            self._files.close()
            found = self._keep(self._files.folder)
        found = self._files.read() if found is None else found
        self._files.drop()
        return found


class _Files:
    """The folder of a column that grows: arrays, reasons, and after each part what is there for sure.

    Whoever holds the folder's lock grows the column that others may go on with; who does not, one of his own.
    Raises OSError when it cannot be written.
    """

    def __init__(self, folder: Path, key: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.records, self._shapes, self._reasons = 0, dict[str, Facts](), dict[int, str]()
        self._open: dict[str, IO[bytes]] = {}
        self.folder = folder / f"{UNWRITTEN}{key}"
        self._lock = _locked(self.folder)
        if self._lock is None:
            self.folder = Path(tempfile.mkdtemp(prefix=UNWRITTEN, dir=folder))
        elif not self._resumed():
            for path in self.folder.iterdir():
                if path.name != _LOCK:
                    path.unlink()

    def add(self, part: Packed) -> None:
        """The next records. What cannot be written whole does not count."""
        shapes = {name: dict(told) for name, told in self._shapes.items()}
        for name, array in _arrays(part).items():
            if name == "offsets":
                last = shapes[name]["last"] if name in shapes else 0
                moved = np.asarray(array[1:] + last, np.int64)
                self._append(shapes, name, moved if name in shapes else np.concatenate([[0], moved]))
                shapes[name]["last"] = int(last + array[-1])
            else:
                self._append(shapes, name, array)
        reasons = {self.records + record: why for record, why in part.reasons.items()}
        if reasons:
            with (self.folder / _REASONS).open("a", encoding="utf-8") as told_why:
                told_why.writelines(json.dumps(one) + "\n" for one in reasons.items())
        for file in self._open.values():
            file.flush()
        records, fresh = self.records + len(part.status), self.folder / f"{_PROGRESS}.new"
        fresh.write_text(json.dumps({"records": records, "parts": shapes}), encoding="utf-8")
        os.replace(fresh, self.folder / _PROGRESS)
        self._shapes, self.records = shapes, records
        self._reasons |= reasons

    def close(self) -> None:
        """Make the folder what a reader expects."""
        for name, told in self._shapes.items():
            self._open[name].seek(0)
            self._open[name].write(_header(told["dtype"], (told["rows"], *told["shape"])))
            self._open[name].flush()
        reasons = {str(record): why for record, why in self._reasons.items()}
        told_all = json.dumps({"parts": sorted(self._shapes), "reasons": reasons})
        (self.folder / DONE).write_text(told_all, encoding="utf-8")
        for name in (_PROGRESS, _REASONS):
            (self.folder / name).unlink(missing_ok=True)

    def read(self) -> Packed:
        """What is there, in memory; also after somebody removed the folder."""
        parts = {}
        for name, told in self._shapes.items():
            file = self._open[name]
            file.flush()
            file.seek(_HEADER)
            shape = (told["rows"], *told["shape"])
            count = int(np.prod(shape)) * np.dtype(told["dtype"]).itemsize
            parts[name] = np.frombuffer(bytearray(file.read(count)), told["dtype"]).reshape(shape)
        return Packed(**parts, reasons=dict(self._reasons))

    def drop(self) -> None:
        """Let the files and the lock go."""
        for file in self._open.values():
            with suppress(OSError):
                file.close()
        if self._lock is not None:
            self._lock.close()

    def _append(self, shapes: dict[str, Facts], name: str, array: Array) -> None:
        kind = array.dtype.str
        if name not in shapes:
            self._open[name] = (self.folder / f"{name}.npy").open("wb+")
            self._open[name].write(bytes(_HEADER))
            shapes[name] = {"dtype": kind, "shape": list(array.shape[1:]), "rows": 0}
        told = shapes[name]
        assert (kind, list(array.shape[1:])) == (told["dtype"], told["shape"]), f"the parts' {name} differ"
        self._open[name].write(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"")
        told["rows"] += len(array)

    def _resumed(self) -> bool:
        """Take over what an interrupted process left, cut to the last whole part."""
        try:
            told = json.loads((self.folder / _PROGRESS).read_text(encoding="utf-8"))
            for name, one in told["parts"].items():
                length = _HEADER + one["rows"] * int(np.prod(one["shape"])) * np.dtype(one["dtype"]).itemsize
                self._open[name] = (self.folder / f"{name}.npy").open("rb+")
                if self._open[name].seek(0, os.SEEK_END) < length:
                    return self._anew()
                self._open[name].truncate(length)
                self._open[name].seek(length)
            lines = (self.folder / _REASONS).read_text(encoding="utf-8") if self._told() else ""
            reasons = dict(json.loads(line) for line in lines.splitlines() if line.endswith("]"))
            self._reasons = {int(r): str(why) for r, why in reasons.items() if r < told["records"]}
            self._shapes, self.records = told["parts"], told["records"]
        except (OSError, ValueError, KeyError, TypeError):
            return self._anew()
        return True

    def _anew(self) -> bool:
        for file in self._open.values():
            file.close()
        self._open.clear()
        return False

    def _told(self) -> bool:
        return (self.folder / _REASONS).exists()


def _locked(folder: Path) -> IO[bytes] | None:
    """The folder's lock, made where it is not there; None while another process has it."""
    if fcntl is None:
        return None
    folder.mkdir(exist_ok=True)
    file = (folder / _LOCK).open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _arrays(packed: Packed) -> dict[str, Array]:
    return {n: p for n in PARTS if (p := getattr(packed, n)) is not None}


def _header(dtype: str, shape: tuple[int, ...]) -> bytes:
    """The head of an .npy file (version 1.0), always of one length."""
    told = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode("latin1")
    body = told.ljust(_HEADER - 11) + b"\n"
    assert len(body) == _HEADER - 10, "the shape of a column is short"
    return b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body
