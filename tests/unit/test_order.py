"""Rows that do not fit into memory are visited near each other on disk, shuffled well, and each once."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium import batches as batches_file
from sensorium.batches import Batches
from sensorium.store import Store
from sensorium.table.order import Shards, shuffled
from sensorium.table.packed import PRESENT, Packed
from sensorium.table.prepared import Prepared
from sensorium.train.ahead import AHEAD, FIRST, Ahead
from tiny import asked, plan_of


@given(st.integers(1, 200), st.integers(1, 30), st.integers(1, 60), st.integers(1, 20), st.integers(0, 3))
def test_an_epoch_of_shards_holds_every_row_once_and_is_seeded(
    rows: int, shard: int, buffer: int, batch_rows: int, seed: int
) -> None:
    places = np.random.default_rng(seed).permutation(rows)
    shards = Shards(places, shard, buffer)
    media, lengths = places // 3, places % 7
    for given_media, given_lengths in ((None, None), (media, None), (None, lengths)):
        cut, again = (
            shuffled(rows, batch_rows, np.random.default_rng(seed), given_lengths, given_media, shards)
            for _ in range(2)
        )
        assert sorted(np.concatenate(cut).tolist()) == list(range(rows))
        assert [one.tolist() for one in cut] == [one.tolist() for one in again]


def test_rows_that_come_together_lie_in_few_shards() -> None:
    places = np.random.default_rng(0).permutation(10_000)
    found = Shards(places, 100, 1_000).shuffled(np.random.default_rng(1))
    for start in range(0, 10_000, 1_000):
        assert len(np.unique(places[found[start : start + 1_000]] // 100)) == 10
    plain = np.random.default_rng(1).permutation(10_000)
    assert len(np.unique(places[plain[:1_000]] // 100)) == 100


def test_shards_are_shuffled_among_each_other_and_anew_each_epoch() -> None:
    places = np.arange(10_000)
    rng = np.random.default_rng(0)
    one, other = (Shards(places, 100, 2_000).shuffled(rng) for _ in range(2))
    assert abs(np.corrcoef(one, np.arange(10_000))[0, 1]) < 0.3
    assert abs(np.corrcoef(one[:-1], one[1:])[0, 1]) < 0.3  # neighbours on disk do not come behind each other
    assert (one != other).mean() > 0.9


def test_media_that_rows_share_come_together_and_in_the_order_of_shards() -> None:
    media = np.repeat(np.arange(1_000), 4)
    rng = np.random.default_rng(0)
    rows = np.concatenate(shuffled(4_000, 16, rng, None, media, Shards(media, 80, 400)))
    assert (media[rows].reshape(-1, 4).std(1) == 0).all()
    assert len(np.unique(media[rows[:400]] // 20)) <= 6


def test_without_shards_the_order_is_a_plain_permutation() -> None:
    found = np.concatenate(shuffled(50, 8, np.random.default_rng(3), None, None))
    assert found.tolist() == np.random.default_rng(3).permutation(50).tolist()


def test_columns_larger_than_the_bound_are_visited_by_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.zeros((300, 1, 12, 12), np.uint8)
    part = Packed(values, np.full(300, PRESENT, np.uint8))
    mapped = Store(tmp_path).put("k", part)
    plan = plan_of({"photo": asked("image")}, "regress")
    rows = np.random.default_rng(0).permutation(300)[:200]
    of = {name: Prepared(np.arange(300), {"photo": (one,)}).rows(rows) for name, one in
          (("memory", part), ("mapped", mapped))}  # fmt: skip
    assert Batches(plan, of["mapped"]).shards() is None
    monkeypatch.setattr(batches_file, "SHARDED", values.nbytes - 1)
    monkeypatch.setattr(batches_file, "SHARD", 20 * 144)
    monkeypatch.setattr(batches_file, "BUFFER", 60 * 144)
    assert Batches(plan, of["memory"]).shards() is None
    found = Batches(plan, of["mapped"]).shards()
    assert found is not None
    assert (found.shard, found.buffer) == (20, 60)
    assert found.places.tolist() == rows.tolist()
    visited = np.concatenate(Batches(plan, of["mapped"]).order(16, np.random.default_rng(0)))
    assert sorted(visited.tolist()) == list(range(200))
    assert np.ptp(np.sort(rows)[:60]) > 0
    first = np.sort(rows[visited[:60]])
    assert (np.diff(first) > 20).sum() <= 3  # three runs of neighbours


def test_work_ahead_comes_in_order_and_only_a_little_is_made_ahead() -> None:
    begun: list[int] = []

    def make(item: int) -> int:
        begun.append(item)
        time.sleep(0.002 * (item % 3))
        return item * item

    found = []
    for place, (value, waited) in enumerate(Ahead()(make, range(20))):
        found.append(value)
        assert waited >= 0
        assert len(begun) <= place + AHEAD + 1
    assert found == [n * n for n in range(20)]
    assert list(Ahead()(make, [])) == []


def test_what_is_quickly_made_is_made_where_it_is_used_and_what_is_slow_in_threads() -> None:
    def makers(seconds: float) -> list[bool]:
        made_here: list[bool] = []

        def make(item: int) -> int:
            made_here.append(threading.current_thread() is threading.main_thread())
            time.sleep(seconds)
            return item

        found = []
        for value, _ in ahead(make, range(12)):
            found.append(value)
            time.sleep(0.004)
        assert found == list(range(12))
        return made_here

    ahead = Ahead()
    assert makers(0.002) == [True] * FIRST + [False] * (12 - FIRST)
    assert makers(0.0) == [False] * 12  # what one epoch showed holds in the next
    ahead = Ahead()
    assert makers(0.0)[:FIRST] == [True] * FIRST
    ahead._made, ahead._used = 0.0, 1e9
    assert makers(0.002) == [True] * 12


def test_the_time_that_was_waited_is_told() -> None:
    slow = [waited for _, waited in Ahead()(lambda _: time.sleep(0.02), range(12))]
    assert sum(slow) > 0.02
    quick = []
    for _, waited in Ahead()(lambda _: None, range(12)):
        time.sleep(0.01)
        quick.append(waited)
    assert sum(quick) < sum(slow)


def test_work_ahead_ends_with_its_reader_and_passes_errors_on() -> None:
    before = threading.active_count()
    ahead = Ahead()
    for place, _ in enumerate(ahead(lambda item: time.sleep(0.001), range(1000))):
        if place == FIRST + 2:
            assert threading.active_count() > before
            break
    assert ahead.slow
    assert threading.active_count() == before

    def broken(item: int) -> int:
        return 1 // (item - 5)

    with pytest.raises(ZeroDivisionError):
        list(ahead(broken, range(100)))
    with pytest.raises(ZeroDivisionError):
        list(Ahead()(broken, range(100)))
    assert threading.active_count() == before
