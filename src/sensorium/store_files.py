"""What files hold: SHA-256 of their content, looked up by path, size and times so that none is read twice."""

import hashlib
import os
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = tuple[int, int, int]
"""Size, and times of modification and change in nanoseconds."""

INDEX = "files.sqlite"
MOST_FILES, FEW_BYTES = 1_000_000, 1 << 26
"""Entries beyond are dropped, those first that were not used for longest."""
RACY_SECONDS = 2.0
"""A file that is younger may still change without another time: some file systems count in steps of 2 s."""
_ASKED, _PIECE, _DAY = 1_000, 1 << 20, 86_400
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, size INTEGER, modified INTEGER, "
    "changed INTEGER, digest BLOB, used INTEGER) WITHOUT ROWID"
)


class Files:
    """The digests of files. folder: where the index lies. verify: read every file, whatever the index says.

    Several processes may share the index; without one that can be written, every file is read.
    """

    def __init__(self, folder: Path, *, verify: bool = False) -> None:
        self.path, self.verify = folder / INDEX, verify

    def digests(self, paths: Sequence[Path]) -> list[bytes | None]:
        """16 bytes for each file that tell its content; None for one that cannot be read."""
        stamps = {os.path.abspath(path): stamp(path) for path in paths}
        known = {} if self.verify else self._known(stamps)
        unread = [name for name, told in stamps.items() if told is not None and name not in known]
        if unread:
            read = self._read(unread)
            self._keep({n: (t, d) for n, d in read.items() if (t := stamps[n]) is not None and d is not None})
            known |= {name: digest for name, digest in read.items() if digest is not None}
        return [known.get(os.path.abspath(path)) for path in paths]

    def tidy(self) -> None:
        """Drop entries beyond MOST_FILES."""
        with suppress(sqlite3.Error, OSError):
            if self.path.stat().st_size < FEW_BYTES:
                return
            self._drop()

    def _drop(self) -> None:
        with closing(self._opened()) as index, index:
            (count,) = index.execute("SELECT COUNT(*) FROM files").fetchone()
            if count > MOST_FILES:
                oldest = "SELECT path FROM files ORDER BY used LIMIT ?"
                index.execute(f"DELETE FROM files WHERE path IN ({oldest})", (count - MOST_FILES // 2,))

    def _read(self, names: Sequence[str]) -> dict[str, bytes | None]:
        threads = min(len(names), _cores())
        if threads < 2:
            return {name: content_digest(Path(name)) for name in names}
        with ThreadPoolExecutor(threads) as pool:
            return dict(zip(names, pool.map(lambda n: content_digest(Path(n)), names), strict=True))

    def _known(self, stamps: dict[str, Stamp | None]) -> dict[str, bytes]:
        """The digests of files that the index has with these very stamps."""
        found: dict[str, bytes] = {}
        if not self.path.exists():
            return found
        names, today, old = list(stamps), int(time.time()) // _DAY, list[tuple[int, bytes]]()
        with suppress(sqlite3.Error, OSError), closing(self._opened()) as index:
            for start in range(0, len(names), _ASKED):
                asked = [os.fsencode(name) for name in names[start : start + _ASKED]]
                marks = ",".join("?" * len(asked))
                columns = "path, size, modified, changed, digest, used"
                for path, *told, digest, used in index.execute(
                    f"SELECT {columns} FROM files WHERE path IN ({marks})", asked
                ):
                    name = os.fsdecode(path)
                    if stamps.get(name) == tuple(told):
                        found[name] = digest
                        old += [(today, path)] if used < today else []
            if old:
                with index:
                    index.executemany("UPDATE files SET used = ? WHERE path = ?", old)
        return found

    def _keep(self, read: dict[str, tuple[Stamp, bytes]]) -> None:
        """Note what was read of files that were the same before and after, and are not too young."""
        now, today = time.time_ns(), int(time.time()) // _DAY
        rows = [
            (os.fsencode(name), *told, digest, today)
            for name, (told, digest) in read.items()
            if stamp(Path(name)) == told and now - max(told[1:]) > RACY_SECONDS * 1e9
        ]
        if not rows:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._opened()) as index, index:
                index.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.OperationalError:  # locked for too long, or a folder that cannot be written
            pass
        except sqlite3.DatabaseError:  # what a crash or a hand left is no index
            self.path.unlink(missing_ok=True)
        except OSError:
            pass

    def _opened(self) -> sqlite3.Connection:
        index = sqlite3.connect(self.path, timeout=30)
        try:
            index.execute(_SCHEMA)
        except sqlite3.Error:
            index.close()
            raise
        return index


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stamp(path: Path) -> Stamp | None:
    """What tells that a file was not changed; None when it cannot be looked at."""
    try:
        told = os.stat(path)
    except (OSError, ValueError):
        return None
    return told.st_size, told.st_mtime_ns, told.st_ctime_ns


def content_digest(path: Path) -> bytes | None:
    """The first 16 bytes of SHA-256 of a file's whole content; None when it cannot be read."""
    found = hashlib.sha256()
    try:
        with path.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                found.update(piece)
    except OSError:
        return None
    return found.digest()[:16]
