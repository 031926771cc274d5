"""Times of steps, and signals at one rate: against numpy's interpolation and cases worked by hand."""

import numpy as np
import pytest

from sensorium.errors import CorruptCell
from sensorium.media.signal import Form, Signal, at, decode, says_rate, timed
from sensorium.media.signal_files import Limits
from sensorium.media.signal_times import at_rate, in_order, rate_of

NAN = float("nan")
MOST = 10_000


def column(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float64)[:, None]


def test_steps_are_sorted_and_those_of_one_time_become_one() -> None:
    values = np.array([[3.0, NAN], [1.0, 10.0], [NAN, 20.0], [5.0, 30.0], [9.0, 9.0]])
    values, times = in_order(values, np.array([2.0, 1.0, 2.0, 2.0, NAN]))
    assert times.tolist() == [0, 1]
    np.testing.assert_array_equal(values, [[1, 10], [4, 25]])


def test_a_signal_that_is_even_already_is_left_as_it_is() -> None:
    values = np.random.default_rng(0).normal(size=(50, 2))
    times = np.arange(50) / 20
    assert at_rate(values, times, 20.0, most=MOST) is not values
    np.testing.assert_array_equal(at_rate(values, times, 20.0, most=MOST), values)
    np.testing.assert_array_equal(at_rate(values, times, 20.0, most=7), values[:7])


def test_between_steps_lies_a_straight_line_as_numpy_draws_it() -> None:
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(0.1, 0.4, 40))
    times -= times[0]
    values = rng.normal(size=(40, 1))
    found = at_rate(values, times, 50.0, most=MOST)[:, 0]
    grid = np.arange(len(found)) / 50
    assert grid[-1] <= times[-1] < grid[-1] + 1 / 50
    alone = np.bincount(np.rint(times * 50).astype(int), minlength=len(grid))[: len(grid)] < 2
    np.testing.assert_allclose(found[alone], np.interp(grid, times, values[:, 0])[alone], rtol=1e-12)


def test_a_lower_rate_takes_the_mean_of_what_lies_nearest() -> None:
    values = column(*range(12))
    found = at_rate(values, np.arange(12) / 4, 1.0, most=MOST)
    assert found[:, 0].tolist() == [1.0, 4.0, 8.0], "steps 0-2, 3-5 and 6-10: halves go to the even second"


def test_short_gaps_are_bridged_and_long_ones_stay() -> None:
    values = column(0, 1, 2, NAN, NAN, NAN, NAN, 7, NAN, NAN, NAN, NAN, NAN, 13, 14, 15)
    found = at_rate(values, np.arange(16) * 0.5 + np.linspace(0, 1e-2, 16), 2.0, most=MOST)[:, 0]
    np.testing.assert_allclose(found[:8], np.arange(8), atol=0.03)
    assert np.isnan(found[8:13]).all()
    np.testing.assert_allclose(found[13:], [13, 14, 15], atol=0.03)


def test_a_channel_of_a_lower_rate_is_bridged_by_its_own_steps() -> None:
    values = np.array([[n, n if n % 8 == 0 else NAN] for n in range(33)], np.float64)
    found = at_rate(values, np.arange(33) * 1.01, 1.0, most=MOST)
    assert np.isfinite(found[:32]).all()
    np.testing.assert_allclose(found[:32, 1], np.arange(32) / 1.01, atol=1e-9)


def test_a_channel_stays_a_gap_before_it_begins_and_after_it_ends() -> None:
    values = np.array([[n, n if 3 <= n <= 6 else NAN] for n in range(10)], np.float64)
    found = at_rate(values, np.arange(10) * 1.1, 1.0, most=MOST)[:, 1]
    assert np.isnan(found[[0, 1, 2, 8, 9]]).all()
    np.testing.assert_allclose(found[4:7], np.arange(4, 7) / 1.1)


def test_a_signal_of_one_step_has_no_rate_and_stays_one_step() -> None:
    assert rate_of(np.zeros(1)) is None
    np.testing.assert_array_equal(at_rate(column(5), np.zeros(1), 100.0, most=MOST), column(5))


def test_a_rate_is_that_of_the_usual_distance() -> None:
    times = np.cumsum([0, 0.02, 0.02, 0.5, 0.02, 0.02])
    assert rate_of(times) == pytest.approx(50)
    assert rate_of(np.array([0.0, 5e-324])) == pytest.approx(1e9)
    assert says_rate(Signal(column(1, 2), rate=12.0)) == 12
    assert says_rate(Signal(column(1, 2))) is None


def test_cells_that_say_no_rate_are_taken_at_the_told_one() -> None:
    signal = Signal(column(*range(100)))
    limits = Limits()
    assert len(at(signal, 10.0, 100.0, most=MOST, limits=limits)) == 10
    assert len(at(signal, 100.0, 100.0, most=MOST, limits=limits)) == 100
    assert len(at(Signal(column(*range(100)), rate=20.0), 10.0, 100.0, most=MOST, limits=limits)) == 50
    values, times = timed(signal, 50.0, 3)
    assert (values[:, 0].tolist(), times.tolist()) == ([0, 1, 2], [0, 0.02, 0.04])


def test_a_signal_that_would_grow_beyond_the_limit_is_corrupt() -> None:
    found = decode({"t": [0, 1, 1e9], "x": [1, 2, 3]}, Form())
    assert found is not None
    with pytest.raises(CorruptCell) as caught:
        at(found, 50.0, 50.0, most=MOST, limits=Limits())
    assert str(caught.value) == (
        "the signal lasts 1,000,000,000 s, which is 50,000,000,001 steps at 50 a second, more than "
        "max_steps = 1,000,000; set a lower rate or raise max_steps"
    )
