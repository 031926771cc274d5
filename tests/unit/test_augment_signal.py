"""The augmentation of signals: its limits, what it does to gaps and times, and straight lines that stay."""

import numpy as np
import pytest
import torch

from sensorium.augment.signal import AMOUNTS, Signal
from sensorium.types import Arrays


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def only(name: str, amount: float) -> Signal:
    """An augmentation that does one thing."""
    made = Signal()
    made.noise = made.gain = made.speed = made.cut = 0.0
    setattr(made, name, amount)
    return made


def whole(values: torch.Tensor, times: torch.Tensor | None = None) -> Arrays:
    return Arrays(values, torch.ones(values.shape[:2], dtype=torch.bool), times)


def line(rows: int, steps: int = 101) -> Arrays:
    return whole(torch.arange(steps, dtype=torch.float32).expand(rows, steps)[..., None].clone())


def test_nothing_is_changed_by_nothing() -> None:
    x = line(3)
    y = only("noise", 0.0)(x, generator())
    torch.testing.assert_close(y.values, x.values)
    assert torch.equal(y.mask, x.mask)


def test_noise_has_the_deviation_that_is_told() -> None:
    y = only("noise", 0.2)(whole(torch.zeros(50, 100, 2)), generator())
    assert float(y.values.std()) == pytest.approx(0.2, rel=0.02)


def test_the_gain_is_one_a_channel_and_at_most_what_is_told() -> None:
    y = only("gain", 0.3)(whole(torch.ones(400, 5, 2)), generator()).values
    torch.testing.assert_close(y, y[:, :1].expand_as(y))
    assert 0.7 <= float(y.min()) < 0.71 < 1.29 < float(y.max()) <= 1.3
    assert not torch.allclose(y[:, 0, 0], y[:, 0, 1])


def test_the_ends_are_cut_and_the_middle_stays_in_place() -> None:
    y = only("cut", 0.35)(line(300), generator())
    length = y.mask.sum(1)
    assert 66 <= int(length.min()) < 70 < 99 < int(length.max()) <= 101
    for row in range(0, 300, 37):
        kept = y.values[row, : length[row], 0]
        torch.testing.assert_close(kept - kept[0], torch.arange(len(kept), dtype=torch.float32))
        assert 0 <= float(kept[0]) <= float(101 - length[row])


def test_time_runs_slower_and_faster_but_never_back_and_ends_where_it_ended() -> None:
    y = only("speed", 0.4)(line(300), generator())
    assert y.mask.all()
    steps = y.values[..., 0].diff(dim=1)
    assert 0.59 < float(steps.min()) < 0.65
    assert 1.35 < float(steps.max()) < 1.41
    np.testing.assert_allclose(y.values[:, -1, 0], np.full(300, 100.0), atol=1e-3)
    np.testing.assert_allclose(y.values[:, 0, 0], np.zeros(300), atol=1e-4)


def test_gaps_move_along() -> None:
    x = line(200)
    mask = torch.ones(200, 101, 1, dtype=torch.bool)
    mask[:, 40:60] = False
    y = only("speed", 0.4)(Arrays(torch.where(mask, x.values, torch.nan), mask), generator())
    assert y.values.isfinite().all()
    seen = y.values[y.mask]
    assert not bool(((seen > 39.001) & (seen < 59.999)).any())
    assert int((~y.mask).sum(1).float().std() * 1000) > 0, "a gap is longer where time runs slower"


def test_times_are_stretched_instead_of_read_between() -> None:
    times = torch.arange(101, dtype=torch.float64).expand(200, 101) * 0.5
    x = Arrays(line(200).values, torch.ones(200, 101, dtype=torch.bool), times)
    y = only("speed", 0.25)(x, generator())
    torch.testing.assert_close(y.values, x.values)
    assert y.times is not None
    factor = y.times[:, -1] / 50
    assert 0.8 <= float(factor.min()) < 0.82 < 1.23 < float(factor.max()) <= 1.25
    np.testing.assert_allclose(y.times, times * factor[:, None])
    cut = only("cut", 0.3)(x, generator())
    assert cut.times is not None
    length = int(cut.mask[0].sum())
    np.testing.assert_allclose(cut.times[0, :length], np.arange(length) * 0.5)
    assert cut.values[0, 0, 0] == torch.round(cut.values[0, 0, 0])


def test_a_row_that_would_lose_all_that_is_real_keeps_its_steps() -> None:
    values, mask = torch.zeros(300, 20, 1), torch.zeros(300, 20, dtype=torch.bool)
    values[:, 0], mask[:, 0] = 3.0, True
    values[:, 19], mask[:150, 19] = 4.0, True
    y = only("cut", 0.9)(Arrays(values, mask), generator())
    assert y.mask.any(1).all()
    assert set(y.values[y.mask].flatten().tolist()) <= {3.0, 4.0}


def test_strength_is_a_name_or_a_number() -> None:
    for number, name in enumerate(AMOUNTS, 1):
        named, numbered = Signal(strength=name), Signal(strength=float(number))  # type: ignore[arg-type]
        assert vars(named) == vars(numbered)
