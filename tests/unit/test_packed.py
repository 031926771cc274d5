"""Prepared columns: ragged records with masks and times, padded, joined and taken apart."""

import numpy as np
import pytest

from sensorium.table import packed
from sensorium.table.packed import MISSING, PRESENT, Packed, absent, concatenated, flat


def signals() -> Packed:
    """Three records of 3, 0 and 2 steps of two channels, with a gap and times."""
    mask = np.ones((5, 2), bool)
    mask[1, 0] = False
    return Packed(
        np.arange(10.0).reshape(5, 2),
        np.array([PRESENT, MISSING, PRESENT], np.uint8),
        np.array([0, 3, 3, 5]),
        mask,
        np.array([0, 0.1, 0.5, 0, 2.0]),
        index=np.array([2, 0, 1, 0]),
    )


@pytest.mark.parametrize("long", [0, 10**6])
def test_values_masks_and_times_are_padded_alike(long: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_LONG", long)
    values, mask, times = signals().timed(np.array([2, 0, 1]))
    assert times is not None
    assert values[0].tolist() == [[6, 7], [8, 9], [0, 0]]
    assert values[1].tolist() == [[0, 1], [0, 3], [4, 5]]
    assert mask[0].tolist() == [[True, True], [True, True], [False, False]]
    assert mask[1].tolist() == [[True, True], [False, True], [True, True]]
    assert not values[2].any()
    assert not mask[2].any()
    assert times.tolist() == [[0, 2, 0], [0, 0.1, 0.5], [0, 0, 0]]


def test_steps_beyond_the_longest_are_left_out() -> None:
    values, mask, times = signals().timed(np.array([0]), longest=2)
    assert times is not None
    assert (values.shape, mask.sum(), times.tolist()) == ((1, 2, 2), 3, [[0, 0.1]])


def test_without_a_mask_steps_are_real_and_without_times_there_are_none() -> None:
    plain = Packed(np.arange(5), np.zeros(2, np.uint8), np.array([0, 3, 5]))
    values, mask, times = plain.timed(np.array([0, 1]))
    padded = plain.padded(np.array([0, 1]))
    assert times is None
    np.testing.assert_array_equal(values, padded[0])
    np.testing.assert_array_equal(mask, padded[1])
    assert values.tolist() == [[0, 1, 2], [3, 4, 0]]


def test_no_record_and_an_absent_column_are_padded_to_one_step() -> None:
    values, mask, times = signals().timed(np.zeros(0, np.int64))
    assert times is not None
    assert (values.shape, mask.shape, times.shape) == ((0, 1, 2), (0, 1, 2), (0, 1))
    gone = absent(signals())
    assert len(gone) == 4
    values, mask, times = gone.timed(gone.records())
    assert times is not None
    assert (values.shape, bool(mask.any()), times.shape) == ((4, 1, 2), False, (4, 1))
    assert gone.mask is not None
    assert len(gone.mask) == 0
    assert flat(gone).row_status().tolist() == [MISSING] * 4


def test_rows_of_their_own_keep_masks_and_times() -> None:
    lone = flat(signals())
    assert lone.index is None
    for one, other in zip(lone.timed(np.arange(4)), signals().timed(np.array([2, 0, 1, 0])), strict=True):
        assert one is not None
        assert other is not None
        np.testing.assert_array_equal(one, other)


def test_chunks_of_which_one_has_gaps_are_one_column_with_a_mask() -> None:
    holes = flat(signals())
    whole = Packed(np.full((2, 2), 7.0), np.zeros(1, np.uint8), np.array([0, 2]), None, np.array([0.0, 1.0]))
    both = concatenated([whole, holes])
    values, mask, times = both.timed(np.arange(5))
    assert times is not None
    assert mask[0].tolist() == [[True, True]] * 2 + [[False, False]]
    np.testing.assert_array_equal(mask[1:], holes.timed(np.arange(4))[1])
    np.testing.assert_array_equal(values[1:], holes.timed(np.arange(4))[0])
    assert concatenated([whole, whole]).mask is None


def test_records_are_shared_where_two_rows_have_one() -> None:
    whole = Packed(np.zeros((3, 2)), np.zeros(3, np.uint8))
    assert not whole.shared()
    assert not whole.rows(np.array([2, 0])).shared()
    assert whole.rows(np.array([2, 0, 2])).shared()
    assert not whole.rows(np.array([1])).shared()
