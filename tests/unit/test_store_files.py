"""The index of files: each is read once, never told by an old content, whatever happens to the index."""

import hashlib
import os
import sqlite3
import time
from pathlib import Path

import pytest

from sensorium import store_files
from sensorium.store_files import Files, content_digest


def files(folder: Path, number: int = 5) -> list[Path]:
    """Files with times well in the past."""
    folder.mkdir(exist_ok=True)
    found = [folder / f"{place} \u00e9" for place in range(number)]
    for place, path in enumerate(found):
        path.write_bytes(b"content" * place)
    return found


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are old enough to be noted as soon as they are written."""
    monkeypatch.setattr(store_files, "RACY_SECONDS", -60.0)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read."""
    seen: list[str] = []

    def digest(path: Path) -> bytes | None:
        seen.append(path.name)
        return content_digest(path)

    monkeypatch.setattr(store_files, "content_digest", digest)
    return seen


def test_digests_are_the_start_of_sha256_of_the_content(tmp_path: Path) -> None:
    paths = files(tmp_path / "f")
    expected = [hashlib.sha256(path.read_bytes()).digest()[:16] for path in paths]
    assert Files(tmp_path).digests([*paths, tmp_path / "no"]) == [*expected, None]


@pytest.mark.usefixtures("old")
def test_a_file_is_read_once(tmp_path: Path, read: list[str]) -> None:
    paths = files(tmp_path / "f")
    first = Files(tmp_path / "s").digests(paths)
    assert sorted(read) == sorted(path.name for path in paths)
    assert Files(tmp_path / "s").digests([*paths, paths[0]]) == [*first, first[0]]
    assert len(read) == 5


@pytest.mark.usefixtures("old")
def test_verifying_reads_every_file_again(tmp_path: Path, read: list[str]) -> None:
    paths = files(tmp_path / "f")
    first = Files(tmp_path / "s").digests(paths)
    assert Files(tmp_path / "s", verify=True).digests(paths) == first
    assert len(read) == 10


@pytest.mark.usefixtures("old")
def test_verifying_finds_what_size_and_times_hide(tmp_path: Path) -> None:
    (path,) = files(tmp_path / "f", 1)
    path.write_bytes(b"one")
    known = Files(tmp_path / "s").digests([path])
    with sqlite3.connect(tmp_path / "s" / store_files.INDEX) as index:  # as a file system without times would
        index.execute("UPDATE files SET digest = ?", (b"x" * 16,))
    index.close()
    assert Files(tmp_path / "s").digests([path]) == [b"x" * 16]
    assert Files(tmp_path / "s", verify=True).digests([path]) == known
    assert Files(tmp_path / "s").digests([path]) == known


@pytest.mark.usefixtures("old")
def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    (path,) = files(tmp_path / "f", 1)
    path.write_bytes(b"one")
    told = path.stat()
    first = Files(tmp_path / "s").digests([path])
    time.sleep(0.02)  # file systems count time in steps
    path.write_bytes(b"two")
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert Files(tmp_path / "s").digests([path]) != first


def test_young_files_are_not_noted(tmp_path: Path, read: list[str]) -> None:
    paths = files(tmp_path / "f")
    Files(tmp_path / "s").digests(paths)
    Files(tmp_path / "s").digests(paths)
    assert len(read) == 10


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("content", [b"", b"no index", b"SQLite format 3\x00" + bytes(200)], ids=len)
def test_a_damaged_index_is_made_anew(content: bytes, tmp_path: Path, read: list[str]) -> None:
    paths = files(tmp_path / "f")
    index = tmp_path / "s" / store_files.INDEX
    index.parent.mkdir()
    index.write_bytes(content)
    expected = [content_digest(path) for path in paths]
    for _ in range(3):
        assert Files(tmp_path / "s").digests(paths) == expected
    assert len(read) == 5 if not content else len(read) == 10


@pytest.mark.usefixtures("old")
def test_an_index_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    paths = files(tmp_path / "f")
    (tmp_path / "file").touch()
    assert Files(tmp_path / "file").digests(paths) == [content_digest(path) for path in paths]


@pytest.mark.usefixtures("old")
def test_entries_beyond_the_bound_are_dropped_the_least_used_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, index = files(tmp_path / "f", 10), Files(tmp_path / "s")
    index.digests(paths)
    with sqlite3.connect(index.path) as made:
        made.execute("UPDATE files SET used = 3")
    made.close()
    index.digests(paths[6:])  # used today
    index.tidy()
    monkeypatch.setattr(store_files, "MOST_FILES", 8)
    monkeypatch.setattr(store_files, "FEW_BYTES", 0)
    index.tidy()
    with sqlite3.connect(index.path) as made:
        left = {os.fsdecode(path) for (path,) in made.execute("SELECT path FROM files")}
    made.close()
    assert left == {str(path) for path in paths[6:]}
