"""A folder with one sub-folder per class, perhaps below train, val and test."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from sensorium.errors import DataError
from sensorium.readers._base import Reader, Rows
from sensorium.table.split import split_word


class Folder(Reader):
    """Files below one sub-folder per class: columns ``file`` (path below the folder) and ``label``.

    When every sub-folder is named train, val, test or the like and holds class folders, these make a
    column ``split``. Hidden files are left out. Rows are sorted by path.
    """

    suffixes: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def sniff(cls, path: Path, head: bytes) -> bool:  # noqa: ARG003
        return path.is_dir()

    @classmethod
    def read(cls, path: Path) -> Rows:
        classes = _folders(path)
        words = {name: split_word(name) for name in classes}
        if classes and all(words.values()) and any(_folders(path / name) for name in classes):
            rows = [(file, label, words[name]) for name in classes for file, label in _split(path, name)]
        else:
            rows = [(file, name, None) for name in classes for file in _files(path, name)]
        if not rows:
            raise DataError(
                f"{path}: the folder holds no table and no class folders with files. Expected "
                "<class>/<file>, or train/<class>/<file> and test/<class>/<file>, or the path of a table."
            )
        rows.sort(key=lambda row: row[0])
        columns: dict[str, list[object]] = {}
        columns["file"], columns["label"] = [r[0] for r in rows], [r[1] for r in rows]
        if any(row[2] for row in rows):
            columns["split"] = [row[2] for row in rows]
        try:
            return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})
        except UnicodeEncodeError:  # a file name that is not UTF-8: its cell will be corrupt, no other
            return columns

    @classmethod
    def weight(cls, path: Path) -> int:  # noqa: ARG003
        return 0

    @classmethod
    def pieces(cls, path: Path) -> Iterator[Rows]:
        yield cls.read(path)


def _split(path: Path, name: str) -> list[tuple[str, str | None]]:
    """(file, label) of one of train, val and test; files that lie in no class folder have no label."""
    loose = [(f"{name}/{e.name}", None) for e in os.scandir(path / name) if _shown(e) and e.is_file()]
    return [*loose, *((file, c) for c in _folders(path / name) for file in _files(path, f"{name}/{c}"))]


def _folders(path: Path) -> list[str]:
    with os.scandir(path) as entries:
        return sorted(e.name for e in entries if _shown(e) and e.is_dir())


def _files(path: Path, below: str) -> list[str]:
    found = []
    for place, folders, files in os.walk(path / below):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "__")))
        start = Path(place).relative_to(path).as_posix()
        found += [f"{start}/{f}" for f in files if not f.startswith(".") and f.lower() not in _LITTER]
    return found


def _shown(entry: "os.DirEntry[str]") -> bool:
    return not entry.name.startswith((".", "__")) and entry.name.lower() not in _LITTER


_LITTER = ("thumbs.db", "desktop.ini")
