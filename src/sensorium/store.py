"""What was prepared once, on disk and memory-mapped, keyed by what was read and how."""

import hashlib
import inspect
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from sensorium.errors import PlanError
from sensorium.media import locate
from sensorium.modalities import _base as base
from sensorium.modalities import modalities
from sensorium.plan import InputPlan
from sensorium.store_files import Files
from sensorium.store_growing import DONE, PARTS, UNWRITTEN, Growing
from sensorium.store_writable import check_writable, warn_unwritable
from sensorium.table import beside
from sensorium.table import packed as packed_columns
from sensorium.table.packed import Cell, Packed, flat
from sensorium.types import Facts

FORMAT = 3
LIMIT_GB = 20.0
DAY_SECONDS = 86_400
DECODERS = ("pillow", "soundfile", "soxr", "av", "tokenizers", "numpy")


def default_store(*, verify: bool = False) -> "Store":
    """The store that runs share: ``SENSORIUM_STORE``, else ``sensorium`` in the user's cache folder.

    ``SENSORIUM_STORE_GB`` bounds it (else 20; 0 keeps nothing). Raises PlanError when it is no number.
    """
    told = os.environ.get("SENSORIUM_STORE")
    return Store(Path(told or _users()), limit_gb=_limit(os.environ.get("SENSORIUM_STORE_GB")), verify=verify)


def _users() -> str:
    """The folder in which a user's programs keep what they can make again."""
    kept = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(kept, "sensorium")


def _limit(told: str | None) -> float:
    try:
        found = LIMIT_GB if told is None else float(told)
    except ValueError:
        found = math.nan
    if not found >= 0:
        raise PlanError(f"SENSORIUM_STORE_GB: expected a number of gigabytes >= 0, got {told!r}.")
    return found


class Store:
    """A folder of prepared columns and converted tables. Runs may share it: each appears whole or not at all.

    A key is made of the content of what was read (files by SHA-256, which is looked up by path, size and
    times, and read again where ``verify`` asks), of the modality, its choices, the facts that it prepares
    from, and its code: what changes gets another key, so that nothing is ever stale, and every fold of a
    run reads the same column. Cells that have no content to compare (pictures in memory) are not kept.
    Beyond ``limit_gb`` what was not used for longest is removed. Without a folder to write to, all stays in
    memory, with a warning.
    """

    def __init__(self, folder: Path, *, limit_gb: float = LIMIT_GB, verify: bool = False) -> None:
        self.folder, self.limit_gb = folder, limit_gb
        self.files = Files(folder, verify=verify)

    def check(self) -> None:
        """Raise PlanError where nothing can be kept."""
        check_writable(self.folder, self.limit_gb)

    def key(self, asked: InputPlan, facts: Facts, records: Iterable[Sequence[Cell]]) -> str | None:
        """A media column's key from its cells, some at a time; None when some have no content to compare."""
        found = self._head(asked, facts)
        if found is None:
            return None
        for cells in records:
            marks = self._marks(cells)
            if marks is None:
                return None
            found.update(b"".join(marks))
        return found.hexdigest()[:32]

    def column_key(self, asked: InputPlan, facts: Facts, mark: str) -> str | None:
        """The key of a column whose cells have a mark (see ``Table.mark``)."""
        found = self._head(asked, facts)
        if found is None:
            return None
        found.update(mark.encode("utf-8", "surrogateescape"))
        return found.hexdigest()[:32]

    def get(self, key: str) -> Packed | None:
        """The column as memory maps, or None when it is not there, not whole or no longer readable."""
        folder = self.folder / key
        try:
            told = json.loads((folder / DONE).read_text(encoding="utf-8"))
            names = [name for name in PARTS if name in told["parts"]]
            parts = {n: np.load(folder / f"{n}.npy", mmap_mode="r") for n in names}
            reasons = {int(record): str(why) for record, why in told["reasons"].items()}
            small = {n: np.array(parts[n]) for n in ("status", "offsets") if n in parts}
            found = Packed(**(parts | small), reasons=reasons)
        except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError):
            return None
        self._used(key)
        return found

    def put(self, key: str, packed: Packed) -> Packed:
        """Keep a column; returns it as memory maps, or as it is when it cannot be kept."""
        whole = replace(packed, index=None)
        with self.growing(key) as grown:
            rest = np.arange(grown.records, len(whole))
            grown.add(flat(whole.rows(rest)) if grown.records else whole)
            return replace(grown.done(), index=packed.index)

    def growing(self, key: str | None) -> Growing:
        """A column to be filled part by part and kept under the key once it is whole; None: not kept."""
        folder = None if key is None or self.limit_gb <= 0 else self.folder
        if folder is not None:
            warn_unwritable(folder)
        return Growing(folder, key or "", lambda made: self._moved(made, str(key)))

    def made(self, key: str, make: Callable[[Path], None]) -> Path | None:
        """The folder of this key, filled by ``make`` where it is not there; None when it cannot be kept.

        What ``make`` raises is passed on, but for errors of the disk.
        """
        folder = self.folder / key
        if self.limit_gb <= 0:
            return None
        warn_unwritable(self.folder)
        if not (folder / DONE).exists():
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                fresh = Path(tempfile.mkdtemp(prefix=UNWRITTEN, dir=self.folder))
            except OSError:
                return None
            try:
                make(fresh)
                (fresh / DONE).write_text("{}", encoding="utf-8")
                self._move(fresh, key)
            except OSError:  # the disk is full
                return None
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
            self._tidy(key)
        self._used(key)
        return folder if (folder / DONE).exists() else None

    def drop(self, key: str) -> None:
        """Remove what is kept under a key."""
        shutil.rmtree(self.folder / key, ignore_errors=True)

    def _head(self, asked: InputPlan, facts: Facts) -> "hashlib._Hash | None":
        kind = modalities.get(asked.modality.name)
        code = _code(kind)
        if code is None:
            return None
        told = facts if kind.prepared_from is None else {n: facts.get(n) for n in kind.prepared_from}
        head = [FORMAT, code, asked.modality.name, asked.modality.choices, told]
        return hashlib.sha256(json.dumps(head, sort_keys=True, default=str).encode())

    def _marks(self, cells: Sequence[Cell]) -> list[bytes] | None:
        """What tells one cell from another, 17 bytes each; None when one has nothing to be told by."""
        named = [locate.parted(cell) for cell in cells if isinstance(cell, Path)]
        digests = iter(zip(self.files.digests([file for file, *_ in named]), named, strict=True))
        found = []
        for cell in cells:
            if isinstance(cell, Path):
                mark, (_, name, row) = next(digests)
                if mark is not None and (name, row) != (None, None):
                    mark = _digest(mark + f"#{name}[{row}]".encode("utf-8", "surrogateescape"))
            else:
                mark = cell_mark(cell)
            if mark is None:
                return None
            found.append((b"c" if isinstance(cell, Path | bytes) else b"-") + mark)
        return found

    def _moved(self, made: Path, key: str) -> Packed | None:
        """Take a whole folder over under its key, where nobody was quicker."""
        with suppress(OSError):
            self._move(made, key)
        shutil.rmtree(made, ignore_errors=True)
        found = self.get(key)
        self._tidy(key)
        return found

    def _move(self, made: Path, key: str) -> None:
        told = self.folder / key
        if told.exists() and self.get(key) is None and not _made_whole(told):  # what a crash left
            shutil.rmtree(told, ignore_errors=True)
        os.rename(made, told)

    def _used(self, key: str) -> None:
        with suppress(OSError):
            os.utime(self.folder / key / DONE)

    def _tidy(self, kept: str) -> None:
        """Remove what was not used for longest until the bound holds, and what killed runs left half."""
        used: list[tuple[float, int, Path]] = []
        self.files.tidy()
        left = self.limit_gb * 1e9
        with suppress(OSError):
            for entry in self.folder.iterdir():
                if entry.name.startswith(UNWRITTEN):
                    _remove_old(entry)
                elif entry.name != kept and (entry / DONE).exists():
                    with suppress(OSError):
                        used.append(((entry / DONE).stat().st_mtime, _size(entry), entry))
                        continue
                left -= _size(entry)
        for _, size, folder in sorted(used, reverse=True):
            left -= size
            if left < 0:
                shutil.rmtree(folder, ignore_errors=True)


def cell_mark(cell: Cell) -> bytes | None:
    """16 bytes for a cell that is no file; None for one whose content cannot be told."""
    if cell is None:
        return _digest(b"missing")
    if isinstance(cell, Exception):
        return _digest(f"{type(cell).__name__}: {cell}".encode("utf-8", "surrogateescape"))
    if isinstance(cell, bytes):
        return _digest(cell)
    if isinstance(cell, np.ndarray) and not cell.dtype.hasobject:
        return _digest(f"{cell.dtype.str} {cell.shape} ".encode() + np.ascontiguousarray(cell).tobytes())
    if isinstance(cell, str | list | dict | int | float):
        with suppress(TypeError, ValueError):  # what JSON cannot write
            return _digest(b"json " + json.dumps(cell, sort_keys=True).encode())
    return None


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:16]


def _made_whole(folder: Path) -> bool:
    """Whether a folder that is no column is whole."""
    try:
        return "parts" not in json.loads((folder / DONE).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def _size(entry: Path) -> int:
    with suppress(OSError):
        return sum(e.stat().st_size for e in os.scandir(entry)) if entry.is_dir() else entry.stat().st_size
    return 0


def _remove_old(folder: Path) -> None:
    with suppress(OSError):
        if time.time() - folder.stat().st_mtime > DAY_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


@cache
def _code(kind: type) -> str | None:
    """A digest of the code that prepares a modality's cells; None when it stands in no file."""
    media, family = Path(locate.__file__).parent, Path(base.__file__).parent
    shared = [*sorted(media.glob("*.py")), *sorted(family.glob("_*.py"))]
    files = [*shared, Path(packed_columns.__file__), Path(beside.__file__)]
    return code_of((kind,), files, json.dumps(versions_of(DECODERS)).encode())


def code_of(kinds: Iterable[type], files: Iterable[Path], head: bytes = b"") -> str | None:
    """A digest of what makes a key go stale: the code of some classes and files, and what ``head`` says; None
    when a class stands in no file."""
    own = [None if kind.__module__ == "__main__" else inspect.getsourcefile(kind) for kind in kinds]
    digest = hashlib.sha256(head)
    for path in (*own, *files):
        if path is None:
            return None
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()[:16]


@cache
def versions_of(names: tuple[str, ...]) -> dict[str, str]:
    """The installed versions of libraries; those that are not installed are left out."""
    found = {}
    for name in names:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
