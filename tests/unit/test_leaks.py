"""The same row or medium on both sides of a split is found, by content, and nothing else is."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sensorium.table import hashes
from sensorium.table.leaks import Leak, find_leaks
from sensorium.table.memory import columns_in
from sensorium.table.table import Table


def table(folder: Path | None = None, **columns: object) -> Table:
    return Table.of(columns_in(columns, "T"), "T", folder=folder)


def halves(rows: int) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """The first half trains, the rest tests."""
    return {"train": np.arange(rows // 2), "val": np.arange(0), "test": np.arange(rows // 2, rows)}


def test_equal_rows_in_two_parts_are_found_with_examples() -> None:
    data = table(a=["x", "y", None, "y", "x", None], b=[1.0, 2.0, None, 2.0, 3.0, None], y=list("abcdef"))
    assert find_leaks(data, halves(6), ["a", "b"]) == [
        Leak("row", "train", "test", 1, 1 / 3, ((1, 3),), None, True)
    ]


def test_a_leak_reads_as_one_sentence() -> None:
    data = table(a=["x", "y", "x", "z"])
    leak = find_leaks(data, halves(4), ["a"])[0]
    assert leak.text(data) == (
        "1 test rows (50.0 %) have the same inputs as train rows, for example row 3 and row 1."
    )


def test_rows_within_one_part_and_rows_without_inputs_are_no_leak() -> None:
    data = table(a=["x", "x", None, "y", "y", None])
    assert find_leaks(data, halves(6), ["a"]) == []
    assert find_leaks(data, halves(6), []) == []


def test_rows_that_differ_in_where_they_are_missing_differ() -> None:
    assert find_leaks(table(a=["x", None], b=[None, "x"]), halves(2), ["a", "b"]) == []


def test_every_pair_of_parts_is_compared_worst_first() -> None:
    data = table(a=["x", "y", "x", "x", "y"])
    parts = {"train": np.array([0, 1]), "val": np.array([2]), "test": np.array([3, 4])}
    found = [(leak.first, leak.second, leak.count) for leak in find_leaks(data, parts, ["a"])]
    assert found == [("train", "test", 2), ("train", "val", 1), ("val", "test", 1)]


def test_files_are_the_same_by_content_not_by_name(tmp_path: Path) -> None:
    for name, content in {"1.png": b"aa", "2.png": b"bb", "3.png": b"aa", "4.png": b"cc"}.items():
        (tmp_path / name).write_bytes(content)
    data = table(tmp_path, f=["1.png", "2.png", "3.png", "4.png"], n=[1, 2, 3, 4])
    found = find_leaks(data, halves(4), ["f", "n"])
    assert found == [Leak("medium", "train", "test", 1, 0.5, ((0, 2),), "f", True)]
    assert found[0].text(data) == (
        "1 test rows (50.0 %) have the same 'f' as train rows, for example row 3 and row 1."
    )
    assert [leak.kind for leak in find_leaks(data, halves(4), ["f"])] == ["medium", "row"]


def test_one_file_named_twice_is_the_same_without_reading_it(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"aa")
    data = table(tmp_path, f=["1.png", "./1.png"])
    assert find_leaks(data, halves(2), ["f"], most_bytes=0)[0].count == 1


def test_missing_broken_and_empty_files_are_no_leak(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "3.png").write_bytes(b"x")
    data = table(tmp_path, f=["1.png", "gone.png", "3.png", None, "2.png", "gone.png", None, None])
    assert find_leaks(data, halves(8), ["f"]) == []


def test_only_files_of_equal_size_across_parts_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, size in enumerate([3, 3, 5, 7, 8, 5]):
        (tmp_path / f"{number}.png").write_bytes(bytes([number]) * size)
    read: list[str] = []
    digest = hashes.file_digest

    def counted(path: Path, size: int) -> bytes | None:
        read.append(path.name)
        return digest(path, size)

    monkeypatch.setattr(hashes, "file_digest", counted)
    assert find_leaks(table(tmp_path, f=[f"{n}.png" for n in range(6)]), halves(6), ["f"]) == []
    assert read == ["2.png", "5.png"]


def test_reading_stops_at_its_limit_and_says_so(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(b"x" * 100)
    data = table(tmp_path, f=[f"{n}.png" for n in (0, 1, 2, 0)])
    leak = next(one for one in find_leaks(data, halves(4), ["f"], most_bytes=100) if one.kind == "medium")
    assert (leak.count, leak.complete) == (1, False)
    assert leak.text(data) == (
        "1 test rows (50.0 % at least; not every file was read) have the same 'f' as train rows, "
        "for example row 4 and row 1."
    )


def test_bytes_pictures_and_arrays_are_compared_by_content() -> None:
    for make in (
        lambda n: bytes([n]) * 9,
        lambda n: Image.new("L", (2, 2), n),
        lambda n: np.full((2, 2), n),
    ):
        data = table(m=[make(1), make(2), make(3), make(1)])
        kinds = {(leak.kind, leak.examples) for leak in find_leaks(data, halves(4), ["m"])}
        assert ("row", ((0, 3),)) in kinds
        assert ("medium", ((0, 3),)) in kinds


def test_long_files_are_told_apart_by_size_head_and_tail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashes, "WHOLE_BYTES", 8)
    found = {}
    for name, content in {"a": b"12345678901", "b": b"12345678902", "c": b"92345678901"}.items():
        (tmp_path / name).write_bytes(content)
        found[name] = hashes.file_digest(tmp_path / name, len(content))
    assert len(set(found.values())) == 3
    assert hashes.file_digest(tmp_path / "gone", 3) is None
    assert hashes.file_size(tmp_path / "gone") == -1
    assert hashes.file_size(tmp_path / "a") == os.path.getsize(tmp_path / "a") == 11


def test_a_hash_of_codes_depends_on_every_column_and_its_place() -> None:
    one, two = np.array([0, 0, 1, 1, -1]), np.array([0, 1, 0, 1, -1])
    assert len(set(hashes.combined([one, two]).tolist())) == 5
    assert not np.array_equal(hashes.combined([one, two]), hashes.combined([two, one]))


def test_a_row_of_an_archive_in_two_parts_is_a_leak_and_other_rows_of_it_are_none(tmp_path: Path) -> None:
    (tmp_path / "w.npz").write_bytes(b"xx")
    cells = ["w.npz#phone[0]", "w.npz#phone[1]", "w.npz#phone[1]", "w.npz#watch[0]"]
    found = find_leaks(table(tmp_path, f=cells, n=[1, 2, 3, 4]), halves(4), ["f", "n"])
    assert [(leak.kind, leak.column, leak.examples) for leak in found] == [("medium", "f", ((1, 2),))]


def test_some_rows_of_a_table_are_searched_as_a_table_of_these_rows_is(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / f"{name}.png").write_bytes(b"same" if name in "bd" else name.encode())
    whole = table(tmp_path, f=["a.png", "a.png", "b.png", "c.png", "d.png"], n=[1, 2, 3, 4, 5])
    found = find_leaks(whole.take([2, 3, 4]), {"train": np.array([0, 1]), "test": np.array([2])}, ["f"])
    assert ("medium", ((0, 2),)) in [(leak.kind, leak.examples) for leak in found]
