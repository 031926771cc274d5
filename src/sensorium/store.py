"""Prepared media columns on disk, memory-mapped, keyed by what was read and how."""

import hashlib
import inspect
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensorium.errors import PlanError
from sensorium.media import locate
from sensorium.modalities import modalities
from sensorium.plan import InputPlan
from sensorium.table.packed import Cell, Packed
from sensorium.types import Facts

FORMAT = 2
LIMIT_GB = 20.0
DAY_SECONDS = 86_400

_PARTS = ("values", "status", "offsets", "mask", "times")
_DONE = "done.json"
_UNWRITTEN = "part-"


def default_store() -> "Store":
    """The store that runs share: ``SENSORIUM_STORE``, else ``sensorium`` in the user's cache folder.

    ``SENSORIUM_STORE_GB`` bounds it (else 20; 0 keeps nothing). Raises PlanError when it is no number.
    """
    told = os.environ.get("SENSORIUM_STORE")
    cache_folder = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = Path(told) if told else Path(cache_folder) / "sensorium"
    return Store(folder, limit_gb=_limit(os.environ.get("SENSORIUM_STORE_GB")))


def _limit(told: str | None) -> float:
    try:
        found = LIMIT_GB if told is None else float(told)
    except ValueError:
        found = math.nan
    if not found >= 0:
        raise PlanError(f"SENSORIUM_STORE_GB: expected a number of gigabytes >= 0, got {told!r}.")
    return found


class Store:
    """A folder of prepared columns. Runs may share it: a column appears whole or not at all.

    A column's key is made of every file's path, size, and times of modification and change, of the
    modality, its choices, the facts that it prepares from, and its code: what changes gets another key, so
    that nothing is ever stale, and every fold of a run reads the same column. Columns with cells that are
    no files (bytes, arrays) are not kept. Beyond ``limit_gb`` the columns that were not used for longest
    are removed. Without a folder to write to, all stays in memory.
    """

    def __init__(self, folder: Path, *, limit_gb: float = LIMIT_GB) -> None:
        self.folder, self.limit_gb = folder, limit_gb

    def key(self, asked: InputPlan, facts: Facts, records: Sequence[Cell]) -> str | None:
        """The column's key, or None when a record is not a file that can be looked at."""
        kind = modalities.get(asked.modality.name)
        code = _code(kind)
        if code is None:
            return None
        told = facts if kind.prepared_from is None else {n: facts.get(n) for n in kind.prepared_from}
        head = [FORMAT, code, asked.modality.name, asked.modality.choices, told]
        lines = [json.dumps(head, sort_keys=True, default=str)]
        for record in records:
            line = _line(record)
            if line is None:
                return None
            lines.append(line)
        return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:32]

    def get(self, key: str) -> Packed | None:
        """The column as memory maps, or None when it is not there, not whole or no longer readable."""
        folder = self.folder / key
        try:
            told = json.loads((folder / _DONE).read_text(encoding="utf-8"))
            names = [name for name in _PARTS if name in told["parts"]]
            parts = {n: np.load(folder / f"{n}.npy", mmap_mode="r") for n in names}
            reasons = {int(record): str(why) for record, why in told["reasons"].items()}
            small = {n: np.array(parts[n]) for n in ("status", "offsets") if n in parts}
            found = Packed(**(parts | small), reasons=reasons)
        except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError):
            return None
        with suppress(OSError):
            os.utime(folder / _DONE)  # used now
        return found

    def put(self, key: str, packed: Packed) -> Packed:
        """Keep a column; returns it as memory maps, or as it is when it cannot be kept."""
        if self.limit_gb <= 0 or any(p.dtype.hasobject for p in _arrays(packed).values()):
            return packed
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            fresh = Path(tempfile.mkdtemp(prefix=_UNWRITTEN, dir=self.folder))
        except OSError:
            return packed
        try:
            self._write(fresh, key, packed)
        except OSError:  # the disk is full, or another run was quicker
            pass
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        found = self.get(key)
        self._tidy(key)
        return packed if found is None else replace(found, index=packed.index)

    def _write(self, fresh: Path, key: str, packed: Packed) -> None:
        parts = _arrays(packed)
        for name, part in parts.items():
            np.save(fresh / f"{name}.npy", part, allow_pickle=False)
        reasons = {str(record): why for record, why in packed.reasons.items()}
        told = json.dumps({"parts": sorted(parts), "reasons": reasons})
        (fresh / _DONE).write_text(told, encoding="utf-8")
        if (self.folder / key).exists() and self.get(key) is None:  # what a crash left
            shutil.rmtree(self.folder / key, ignore_errors=True)
        os.rename(fresh, self.folder / key)

    def _tidy(self, kept: str) -> None:
        """Remove what was not used for longest until the bound holds, and what killed runs left half."""
        used: list[tuple[float, int, Path]] = []
        with suppress(OSError):
            for folder in self.folder.iterdir():
                if folder.name.startswith(_UNWRITTEN):
                    _remove_old(folder)
                elif folder.name != kept:
                    with suppress(OSError):
                        used.append(((folder / _DONE).stat().st_mtime, _size(folder), folder))
        with suppress(OSError):
            left = self.limit_gb * 1e9 - _size(self.folder / kept)
            for _, size, folder in sorted(used, reverse=True):
                left -= size
                if left < 0:
                    shutil.rmtree(folder, ignore_errors=True)


def _arrays(packed: Packed) -> dict[str, NDArray[np.generic]]:
    return {n: p for n in _PARTS if (p := getattr(packed, n)) is not None}


def _line(record: Cell) -> str | None:
    """What tells one record from another, or None when it is no file that can be looked at."""
    if record is None:
        return "-"
    if isinstance(record, Exception):
        return f"! {type(record).__name__}: {record}"
    if not isinstance(record, Path):
        return None
    try:
        stat = os.stat(record)
    except OSError:
        return None
    return f"{os.path.abspath(record)}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ctime_ns}"


def _size(folder: Path) -> int:
    return sum(entry.stat().st_size for entry in os.scandir(folder))


def _remove_old(folder: Path) -> None:
    with suppress(OSError):
        if time.time() - folder.stat().st_mtime > DAY_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


@cache
def _code(kind: type) -> str | None:
    """A digest of the code that decodes a modality's cells; None when it stands in no file."""
    own = inspect.getsourcefile(kind) if kind.__module__ != "__main__" else None
    if own is None:
        return None
    digest = hashlib.sha256()
    for path in [Path(own), *sorted(Path(locate.__file__).parent.glob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
