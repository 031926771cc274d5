"""What members read of a signal, number by number, against numpy and scipy."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from sensorium.media.signal_statistics import BASIC, SHAPE, WHOLE, names
from sensorium.modalities import _signal_numbers
from sensorium.modalities._signal_numbers import statistics
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Packed, absent, ragged

STEPS = 61


def packed(signals: list[np.ndarray | None], longest: int = 80) -> tuple[Packed, dict[str, np.ndarray]]:
    """The numbers of some signals (T, C), NaN in gaps, and each column of them by name, NaN where masked."""
    width = next(s.shape[1] for s in signals if s is not None)
    part = ragged(signals, np.zeros((0, width)), reasons={})
    real = np.isfinite(part.values)
    part = Packed(np.where(real, part.values, 0), part.status, part.offsets, None if real.all() else real)
    found = statistics(part, width, longest)
    assert found.mask is not None
    table = np.where(found.mask, found.values, np.nan)
    return found, {name: table[:, place] for place, name in enumerate(names(width))}


def noise(steps: int = STEPS, channels: int = 3, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(steps, channels)).cumsum(0) + rng.normal(size=channels)


def amplitude(x: np.ndarray, low: float, high: float) -> float:
    """Root mean square of what lies between two frequencies, by a transform of 128 points."""
    power = np.abs(np.fft.fft(x - x.mean(), 128)) ** 2 / (128 * len(x))
    turns = np.abs(np.fft.fftfreq(128))
    return float(np.sqrt(power[(turns > low) & (turns <= high)].sum()))


BY_HAND: dict[str, Callable[[np.ndarray], float]] = {
    "mean": np.mean,
    "deviation": np.std,
    "min": np.min,
    "10%": lambda x: float(np.quantile(x, 0.1)),
    "75%": lambda x: float(np.quantile(x, 0.75)),
    "median": np.median,
    "max": np.max,
    "spread": lambda x: float(stats.median_abs_deviation(x)),
    "energy": lambda x: float(np.sqrt((x**2).mean())),
    "skewness": stats.skew,
    "slope": lambda x: float(np.polyfit(np.linspace(0, 1, len(x)), x, 1)[0]),
    "change": lambda x: float(np.abs(np.diff(x)).mean()),
    "largest change": lambda x: float(np.abs(np.diff(x)).max()),
    "crossings": lambda x: float((np.diff(np.sign(x - x.mean())) != 0).mean()),
    "repeat 4": lambda x: float(((x - x.mean())[4:] * (x - x.mean())[:-4]).mean() / x.var()),
    "fifth 1 mean": lambda x: float(x[:13].mean()),
    "fifth 5 deviation": lambda x: float(x[49:].std()),
    "octave 1": lambda x: amplitude(x, 0.25, 0.5),
    "octave 3": lambda x: amplitude(x, 0.0625, 0.125),
    "octave 6": lambda x: amplitude(x, 0, 1 / 64),
    "real": lambda x: 1.0,
}


@pytest.mark.parametrize("kind", BY_HAND)
def test_a_number_of_a_channel_is_what_its_name_says(kind: str) -> None:
    x = noise()
    _, found = packed([x])
    for channel in range(3):
        assert found[f"{kind} of {channel + 1}"][0] == pytest.approx(BY_HAND[kind](x[:, channel]), rel=1e-5)
    length = np.sqrt((x**2).sum(1))
    assert found[f"{kind} of three 1"][0] == pytest.approx(BY_HAND[kind](length), rel=1e-5)


def test_frequencies_are_found_in_turns_a_step() -> None:
    place = np.arange(64)
    x = np.stack([np.sin(2 * np.pi * place * f) for f in (0.125, 0.3125)], 1)
    _, found = packed([x], longest=64)
    assert [found[f"strongest frequency of {c}"][0] for c in (1, 2)] == pytest.approx([0.125, 0.3125])
    assert [found[f"middle frequency of {c}"][0] for c in (1, 2)] == pytest.approx([0.125, 0.3125])
    assert found["octave 3 of 1"][0] == pytest.approx(np.sqrt(0.5), rel=1e-5)
    assert found["octave 1 of 1"][0] == pytest.approx(0, abs=1e-6)


def test_pairs_correlate_as_numpy_says() -> None:
    x = noise(channels=4)
    _, found = packed([x])
    expected = np.corrcoef(x.T)
    for one, other in ((0, 1), (0, 3), (2, 3)):
        assert found[f"{one + 1} with {other + 1}"][0] == pytest.approx(expected[one, other], rel=1e-5)


def test_numbers_count_what_is_real_only() -> None:
    x = noise()
    holes = x.copy()
    holes[[3, 4, 20], 0] = np.nan
    holes[:, 2] = np.nan
    _, found = packed([holes])
    left = np.delete(x[:, 0], [3, 4, 20])
    for kind in ("mean", "deviation", "min", "10%", "median", "max", "spread", "energy", "skewness"):
        assert found[f"{kind} of 1"][0] == pytest.approx(BY_HAND[kind](left), rel=1e-5)
    steps = np.delete(np.arange(STEPS), [3, 4, 20]) / (STEPS - 1)
    assert found["slope of 1"][0] == pytest.approx(np.polyfit(steps, left, 1)[0], rel=1e-5)
    changes = np.abs(np.diff(holes[:, 0]))
    assert found["change of 1"][0] == pytest.approx(np.nanmean(changes), rel=1e-5)
    assert found["real of 1"][0] == pytest.approx(58 / 61)
    expected = np.corrcoef(left, np.delete(x[:, 1], [3, 4, 20]))[0, 1]
    assert found["1 with 2"][0] == pytest.approx(expected, rel=0.05)
    assert found["real of 3"][0] == 0
    nothing = [name for name in names(3) if name.endswith((" of 3", "with 3", "three 1"))]
    assert all(np.isnan(found[name][0]) for name in nothing if not name.startswith("real"))


def test_a_flat_and_a_short_signal_define_few_numbers() -> None:
    _, found = packed([np.full((20, 1), 7.3), np.array([[7.3]])], longest=20)
    for row in (0, 1):
        assert found["mean of 1"][row] == pytest.approx(7.3)
        assert found["deviation of 1"][row] == pytest.approx(0, abs=1e-6)
        for kind in ("skewness", "repeat 1", "middle frequency", "strongest frequency"):
            assert np.isnan(found[f"{kind} of 1"][row])
    assert found["change of 1"][0] == 0
    assert np.isnan(found["change of 1"][1])
    assert np.isnan(found["slope of 1"][1])
    assert found["steps"].tolist() == [20, 1]


def test_a_record_has_the_same_numbers_alone_and_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    signals: list[np.ndarray | None] = [noise(n, seed=n) for n in (50, 7, 1, 2, 80, 33)]
    signals[1][2] = np.nan  # type: ignore[index]
    together, _ = packed([*signals, None])
    assert together.status.tolist() == [PRESENT] * 6 + [MISSING]
    assert not together.mask[6].any()  # type: ignore[index]
    monkeypatch.setattr(_signal_numbers, "_BLOCK", 200)
    parted, _ = packed([*signals, None])
    np.testing.assert_allclose(parted.values, together.values, rtol=1e-6, atol=1e-6)
    for row, signal in enumerate(signals):
        alone, _ = packed([signal])
        np.testing.assert_allclose(alone.values[0], together.values[row], rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(alone.mask[0], together.mask[row])  # type: ignore[index]


def test_times_tell_the_seconds() -> None:
    part = Packed(
        np.arange(5.0)[:, None], np.zeros(2, np.uint8), np.array([0, 3, 5]), None, np.array([0, 1, 4, 0, 0.5])
    )
    found = statistics(part, 1, 10)
    assert found.values[:, -2:].tolist() == [[3, 4], [2, 0.5]]


def test_many_channels_have_fewer_numbers_each() -> None:
    assert len(names(3)) == 4 * len((*BASIC, *SHAPE)) + 3 + 2
    assert len(names(16)) == 16 * len((*BASIC, *SHAPE)) + 120 + 2
    assert len(names(17)) == 17 * len((*BASIC, *SHAPE)) + 2
    assert names(33) == [f"{kind} of {c + 1}" for kind in BASIC for c in range(33)] + list(WHOLE)
    assert len(set(names(12))) == len(names(12))
    found, _ = packed([noise(channels=33)])
    assert found.values.shape == (1, len(names(33)))


def test_huge_numbers_stay_finite_and_rows_keep_their_reasons_and_places() -> None:
    part = ragged([np.full((9, 1), 1e30) * np.arange(9)[:, None], None], np.zeros((0, 1)), reasons={1: "why"})
    part = Packed(part.values, part.status, part.offsets, reasons=part.reasons, index=np.array([1, 0, 0]))
    with np.errstate(all="raise"):
        found = statistics(part, 1, 10)
    assert np.isfinite(found.values).all()
    assert found.row_status().tolist() == [CORRUPT, PRESENT, PRESENT]
    assert found.row_reasons() == {0: "why"}
    assert not statistics(absent(part), 1, 10).mask.any()  # type: ignore[union-attr]
