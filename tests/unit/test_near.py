"""Searching near fingerprints: as comparing each with each, in bounded work, and in groups."""

import numpy as np
import pytest

from sensorium.table import near as module
from sensorium.table.near import Near, linked, near


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def planted(count: int, copies: int, most: int) -> np.ndarray:
    """uint8 (count, 32): random bits; the last ``copies`` are the first ones with ``most`` bits flipped."""
    bits = rng(1).random((count, 256)) < 0.5
    for row in range(copies):
        bits[count - 1 - row] = bits[row]
        bits[count - 1 - row, rng(row).choice(256, most, replace=False)] ^= True
    return np.packbits(bits, axis=1)


def pairs(found: Near) -> set[tuple[int, int]]:
    """The near pairs as places of cells (each look has one cell here)."""
    cell = {int(look): place for place, look in enumerate(found.look)}
    made = zip(found.first.tolist(), found.second.tolist(), strict=True)
    return {(min(cell[a], cell[b]), max(cell[a], cell[b])) for a, b in made}


def test_few_fingerprints_are_compared_each_with_each() -> None:
    rows = planted(300, 20, 10)
    bits = np.unpackbits(rows, axis=1).astype(int)
    apart = (bits[:, None] != bits[None]).sum(2)
    expected = {(i, j) for i, j in zip(*np.nonzero(apart <= 100), strict=True) if i < j}
    found = near([row.tobytes() for row in rows], 100, rng())
    assert pairs(found) == expected
    assert len(expected) > 20
    assert found.complete
    for one, other, differing in zip(found.first, found.second, found.bits, strict=True):
        place = [int(np.flatnonzero(found.look == look)[0]) for look in (one, other)]
        assert apart[place[0], place[1]] == differing


@pytest.mark.parametrize("most", [8, 24])
def test_hash_tables_find_what_comparing_each_with_each_finds(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    prints = [row.tobytes() for row in planted(4000, 300, most)]
    whole = pairs(near(prints, most, rng()))
    assert len(whole) == 300
    monkeypatch.setattr(module, "ALL_PAIRS", 100)
    hashed = near(prints, most, rng())
    assert pairs(hashed) <= whole
    assert len(pairs(hashed)) >= 0.96 * len(whole)
    assert hashed.complete
    assert (hashed.bits <= most).all()
    again = near(prints, most, rng())
    np.testing.assert_array_equal(hashed.first, again.first)


def test_a_crowd_that_looks_alike_costs_a_bounded_work_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ALL_PAIRS", 100)
    bits = np.zeros((2000, 256), bool)
    for row in range(2000):
        bits[row, rng(row).choice(256, 2, replace=False)] = True
    found = near([row.tobytes() for row in np.packbits(bits, axis=1)], 4, rng())
    assert not found.complete
    assert len(np.unique(found.groups())) == 1  # still one group
    monkeypatch.setattr(module, "MOST_PAIRS", 50)
    few = near([row.tobytes() for row in np.packbits(bits, axis=1)], 4, rng())
    assert (len(few.first), few.complete) == (50, False)


def test_cells_without_a_fingerprint_look_like_nothing() -> None:
    one, other = bytes(32), bytes([255] * 32)
    found = near([None, one, other, one, None], 3, rng())
    assert found.look.tolist() == [-1, 0, 1, 0, -1]
    assert found.groups().tolist() == [-1, 0, 1, 0, -1]
    nothing = near([None, None], 3, rng())
    assert nothing.groups().tolist() == [-1, -1]
    assert len(near([], 3, rng()).groups()) == 0


def test_groups_link_through_others() -> None:
    chain = [bytes([0] * 32), bytes([1] + [0] * 31), bytes([3] + [0] * 31), bytes([255] * 32)]
    found = near(chain, 1, rng())
    assert found.groups().tolist() == [0, 0, 0, 1]
    assert sorted(found.bits.tolist()) == [1, 1]
    assert linked(4, np.array([2]), np.array([0])).tolist() == [0, 1, 0, 2]
