"""The store is bounded: what was not used for longest goes, and what killed runs left."""

import multiprocessing
import os
import time
from pathlib import Path

import numpy as np

from sensorium import store as stores
from sensorium.store import Store
from sensorium.table.packed import Packed


def column() -> Packed:
    return Packed(np.random.default_rng(0).random((50, 30)), np.zeros(50, np.uint8))


def test_what_was_not_used_for_longest_is_removed_beyond_the_bound(tmp_path: Path) -> None:
    one = column()
    Store(tmp_path).put("size", one)
    bytes_of_one = stores._size(tmp_path / "size")
    store = Store(tmp_path / "s", limit_gb=3.5 * bytes_of_one / 1e9)
    for place, key in enumerate("abc"):
        store.put(key, one)
        os.utime(tmp_path / "s" / key / "done.json", (1000 + place, 1000 + place))
    assert store.get("a") is not None
    store.put("d", one)
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == ["a", "c", "d"]


def test_the_newest_column_stays_even_when_it_is_larger_than_the_bound(tmp_path: Path) -> None:
    store = Store(tmp_path, limit_gb=1e-9)
    store.put("a", column())
    store.put("b", column())
    assert [p.name for p in tmp_path.iterdir()] == ["b"]


def test_a_bound_of_nothing_keeps_nothing(tmp_path: Path) -> None:
    kept = Store(tmp_path / "s", limit_gb=0).put("k", column())
    np.testing.assert_array_equal(kept.values, column().values)
    assert not (tmp_path / "s").exists()


def test_half_columns_of_killed_runs_are_removed_after_a_day(tmp_path: Path) -> None:
    for name, age in (("part-old", 2 * stores.DAY_SECONDS), ("part-new", 60)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    Store(tmp_path).put("k", column())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["k", "part-new"]


def _text(folder: Path) -> None:
    (folder / "t.txt").write_bytes(b"0123456789" * 1000)


def test_converted_tables_count_and_go_like_columns(tmp_path: Path) -> None:
    store = Store(tmp_path, limit_gb=2.5e-5)
    for place, key in enumerate("abc"):
        found = store.made(key, _text)
        assert found is not None
        assert (found / "t.txt").read_bytes()[:10] == b"0123456789"
        os.utime(tmp_path / key / "done.json", (1000 + place, 1000 + place))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b", "c"]
    assert store.made("b", _never) is not None
    store.put("d", column())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b", "d"]


def _never(folder: Path) -> None:
    raise AssertionError("made again")


def test_what_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    def full(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    assert Store(tmp_path / "s").made("k", full) is None
    assert list((tmp_path / "s").iterdir()) == []
    assert Store(tmp_path / "s", limit_gb=0).made("k", _text) is None


def _fill(folder: Path, name: str, barrier: object) -> None:
    barrier.wait(30)  # type: ignore[attr-defined]
    store = Store(folder, limit_gb=5e-5)
    for turn in range(40):
        kept = store.put(f"{name}{turn % 7}", column())
        np.testing.assert_array_equal(kept.values, column().values)


def test_two_processes_that_both_remove_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(2)
    both = [context.Process(target=_fill, args=(tmp_path, name, barrier)) for name in "xy"]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert [one.exitcode for one in both] == [0, 0]
    assert 1 <= len(list(tmp_path.iterdir())) <= 4
