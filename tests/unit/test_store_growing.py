"""Columns that grow part by part: killed, raced, out of disk, and never half there."""

import multiprocessing
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from sensorium import store_growing
from sensorium.store import Store
from sensorium.store_growing import Growing
from sensorium.table.packed import CORRUPT, PRESENT, Packed, concatenated


def part(seed: int, ragged: bool = True) -> Packed:
    """Five records, the second corrupt."""
    rng = np.random.default_rng(seed)
    status = np.full(5, PRESENT, np.uint8)
    status[1] = CORRUPT
    lengths = rng.integers(0, 7, 5)
    lengths[1] = 0
    total = int(lengths.sum()) if ragged else 5
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64) if ragged else None
    values = rng.integers(0, 255, (total, 2, 3)).astype(np.uint8)
    times = rng.random(total) if ragged else None
    return Packed(values, status, offsets, rng.random((total, 2, 3)) > 0.5, times, {1: f"odd \u00e9\n{seed}"})


def same(one: Packed | None, other: Packed) -> None:
    assert one is not None
    for name in store_growing.PARTS:
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine is None) == (theirs is None)
        if mine is not None:
            np.testing.assert_array_equal(mine, theirs)
            assert mine.dtype == theirs.dtype
    assert one.reasons == other.reasons


def grown(growing: Growing, seeds: range, ragged: bool = True) -> Packed:
    for seed in seeds:
        growing.add(part(seed, ragged))
    return growing.done()


@pytest.mark.parametrize("ragged", [True, False])
def test_a_column_that_grew_is_what_its_parts_are_together(ragged: bool, tmp_path: Path) -> None:
    whole, store = concatenated([part(seed, ragged) for seed in range(4)]), Store(tmp_path)
    kept = grown(store.growing("k"), range(4), ragged)
    same(kept, whole)
    same(store.get("k"), whole)
    assert isinstance(kept.values, np.memmap)
    same(grown(Growing(), range(4), ragged), whole)
    assert sorted(p.name for p in (tmp_path / "k").glob("*.json*")) == ["done.json"]


def _killed(folder: Path, parts: int) -> None:
    growing = Store(folder).growing("k")
    for seed in range(parts):
        growing.add(part(seed))
    with (folder / "part-k" / "values.npy").open("ab") as file:
        file.write(b"half a part")  # what was written after the last whole part
    os._exit(9)


def test_a_column_that_was_interrupted_goes_on_where_it_stopped(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=_killed, args=(tmp_path, 3))
    process.start()
    process.join(60)
    assert process.exitcode == 9
    store = Store(tmp_path)
    assert store.get("k") is None
    growing = store.growing("k")
    assert growing.records == 15
    same(grown(growing, range(3, 6)), concatenated([part(seed) for seed in range(6)]))
    assert [p.name for p in tmp_path.iterdir()] == ["k"]


@pytest.mark.parametrize("damage", ["values.npy", "progress.json"])
def test_what_was_left_half_and_is_damaged_starts_anew(damage: str, tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=_killed, args=(tmp_path, 3))
    process.start()
    process.join(60)
    (tmp_path / "part-k" / damage).write_bytes(b"{")
    growing = Store(tmp_path).growing("k")
    assert growing.records == 0
    same(grown(growing, range(2)), concatenated([part(seed) for seed in range(2)]))


def test_two_that_grow_the_same_column_do_not_touch_each_other(tmp_path: Path) -> None:
    first, second = Store(tmp_path).growing("k"), Store(tmp_path).growing("k")
    for seed in range(3):
        first.add(part(seed))
        second.add(part(seed))
    assert second.records == 15
    whole = concatenated([part(seed) for seed in range(3)])
    same(first.done(), whole)
    third = Store(tmp_path).growing("k")
    assert third.records == 0
    same(second.done(), whole)
    third.leave()
    assert [p.name for p in tmp_path.iterdir()] == ["k"]


@pytest.mark.parametrize("written", range(6))
def test_a_full_disk_goes_on_in_memory(written: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    growing = Store(tmp_path).growing("k")
    growing.add(part(0))
    left, append = [written], store_growing._Files._append

    def full(*given: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        append(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(store_growing._Files, "_append", full)
    same(grown(growing, range(1, 3)), concatenated([part(seed) for seed in range(3)]))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_somebody_removes_costs_nothing(tmp_path: Path) -> None:
    growing = Store(tmp_path / "s").growing("k")
    growing.add(part(0))
    shutil.rmtree(tmp_path / "s")
    same(grown(growing, range(1, 3)), concatenated([part(seed) for seed in range(3)]))


def test_what_is_left_is_not_kept(tmp_path: Path) -> None:
    growing = Store(tmp_path).growing("k")
    growing.add(part(0))
    growing.leave()
    growing.leave()
    same(grown(growing, range(1, 2)), concatenated([part(0), part(1)]))
    assert list(tmp_path.iterdir()) == []


def test_records_without_values_grow_too(tmp_path: Path) -> None:
    empty = Packed(np.zeros((0, 3), np.float32), np.ones(4, np.uint8), np.zeros(5, np.int64))
    growing = Store(tmp_path).growing("k")
    growing.add(empty)
    growing.add(empty)
    same(growing.done(), concatenated([empty, empty]))
    left = Store(tmp_path).growing("other")
    left.add(empty)
    left.leave()
    same(left.done(), empty)
