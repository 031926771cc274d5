"""Prepared media columns on disk, memory-mapped, keyed by what was read and how."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sensorium.plan import InputPlan
from sensorium.table.packed import Cell, Packed
from sensorium.types import Facts

FORMAT = 1


def default_store() -> "Store":
    """The store that runs share: ``SENSORIUM_STORE``, else ``sensorium`` in the user's cache folder."""
    told = os.environ.get("SENSORIUM_STORE")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Store(Path(told) if told else cache / "sensorium")


_PARTS = ("values", "status", "offsets", "mask", "times")


class Store:
    """A folder of prepared columns. Two runs may share it: a column appears whole or not at all.

    A column's key is made of every file's path, size and modification time, the modality, its
    choices and its facts: a file that changes gives another key, so that nothing is ever stale.
    Columns with cells that are no files (bytes, arrays) are not kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def key(self, asked: InputPlan, facts: Facts, records: Sequence[Cell]) -> str | None:
        """The column's key, or None when a record is not a file."""
        digest = hashlib.sha256()
        head = [FORMAT, asked.modality.name, asked.modality.choices, facts]
        digest.update(json.dumps(head, sort_keys=True, default=str).encode())
        for record in records:
            if isinstance(record, Path):
                stat = record.stat()
                line = f"{record.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}\n"
            elif record is None or isinstance(record, Exception):
                line = f"{record!r}\n"
            else:
                return None
            digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()[:32]

    def get(self, key: str) -> Packed | None:
        """The column as memory maps, or None when it is not there."""
        folder = self.folder / key
        if not (folder / "done.json").exists():
            return None
        told = json.loads((folder / "done.json").read_text())
        parts = {n: np.load(folder / f"{n}.npy", mmap_mode="r") for n in _PARTS if n in told["parts"]}
        parts["status"] = np.array(parts["status"])
        if "offsets" in parts:
            parts["offsets"] = np.array(parts["offsets"])
        return Packed(**parts, reasons={int(r): why for r, why in told["reasons"].items()})

    def put(self, key: str, packed: Packed) -> Packed:
        """Keep a column; returns it as memory maps. When the disk is full the column stays in memory."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="part-", dir=self.folder))
        try:
            parts = {n: getattr(packed, n) for n in _PARTS if getattr(packed, n) is not None}
            for name, part in parts.items():
                np.save(fresh / f"{name}.npy", part)
            told = {"parts": sorted(parts), "reasons": packed.reasons}
            (fresh / "done.json").write_text(json.dumps(told))
            os.rename(fresh, self.folder / key)
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
        found = self.get(key)
        return packed if found is None else replace(found, index=packed.index)
