"""Statistics of sounds against numpy, and what does not change them."""

import numpy as np
import pytest
import torch
from scipy.fft import dct

from sensorium.modalities.audio import Audio
from sensorium.nn import sound_statistics
from sensorium.table.packed import MISSING, PRESENT

RNG = np.random.default_rng(0)


def bands(frames: int, rows: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    values = torch.from_numpy(RNG.normal(size=(rows, 64, frames)).astype(np.float32))
    return values, torch.ones(rows, frames, dtype=torch.bool)


def test_the_parts_equal_numpy() -> None:
    x, mask = bands(50)
    found = sound_statistics.statistics(x, mask)[0].numpy()
    assert len(found) == sound_statistics.width()
    own = x[0].numpy()
    some = own.reshape(32, 2, 50).mean(1)
    np.testing.assert_allclose(found[:32], some.mean(1), atol=1e-6)
    np.testing.assert_allclose(found[32:64], some.std(1), atol=1e-6)
    np.testing.assert_allclose(found[64:96], np.abs(np.diff(some, axis=1)).mean(1), atol=1e-6)
    ordered = np.sort(some, axis=1)
    np.testing.assert_allclose(found[96:192].reshape(3, 32), ordered[:, [4, 24, 44]].T, atol=1e-6)
    cepstrum = dct(own, axis=0, norm="ortho")[1:21]
    np.testing.assert_allclose(found[192:212], cepstrum.mean(1), atol=1e-5)
    np.testing.assert_allclose(found[212:232], cepstrum.std(1), atol=1e-5)
    zones = found[255:383].reshape(16, 8)
    halves = own.reshape(16, 4, 50).mean(1)
    np.testing.assert_allclose(zones.mean(1), halves.mean(1), atol=1e-5)
    first = (halves[:, :6].sum(1) + 0.25 * halves[:, 6]) / 6.25
    np.testing.assert_allclose(zones[:, 0], first, atol=1e-5)
    curve = np.interp(np.linspace(0, 49, 128), np.arange(50), own.mean(0))
    waves = np.log1p(np.abs(np.fft.rfft(curve - curve.mean())))[1:25]
    np.testing.assert_allclose(found[383:], waves, atol=1e-3)


def test_coefficients_beyond_the_bands_are_exactly_zero() -> None:
    mask = torch.ones(1, 30, dtype=torch.bool)
    found = sound_statistics.statistics(torch.randn(1, 8, 30), mask)[0]
    mean, spread, step = (found[start : start + 20] for start in (192, 212, 232))
    for part in (mean, spread, step):
        assert (part[:7] != 0).all()
        assert (part[7:] == 0).all(), "what rounding leaves of zero would be scaled up by learners"


def test_padding_and_neighbours_change_no_row() -> None:
    x, mask = bands(30)
    padded = torch.cat([x, torch.full((1, 64, 17), torch.nan)], 2)
    wide = torch.cat([mask, torch.zeros(1, 17, dtype=torch.bool)], 1)
    other, _ = bands(47)
    both = sound_statistics.statistics(
        torch.cat([padded, other]), torch.cat([wide, torch.ones(1, 47, dtype=torch.bool)])
    )
    alone = sound_statistics.statistics(x, mask)
    torch.testing.assert_close(both[:1], alone, atol=1e-5, rtol=1e-5)


def test_a_sound_without_frames_is_zeros_and_one_frame_is_finite() -> None:
    x, mask = bands(1, 2)
    mask[0] = False
    found = sound_statistics.statistics(x, mask)
    assert (found[0] == 0).all()
    assert found[1].isfinite().all()
    assert found[1].abs().sum() > 0


def test_members_read_a_sound_by_its_statistics() -> None:
    rng = np.random.default_rng(1)
    modality = Audio()
    cells = [*modality.fake(rng, 40), None]
    facts = modality.fit([cells], rng)
    field = modality.field("voice", [facts])
    assert field is not None
    assert (field.kind, field.features, field.scaled) == ("numbers", sound_statistics.width(), False)
    part = modality.prepare(cells, facts)
    (plain,) = modality.plain((part,), [facts])
    assert plain.values.shape == (41, sound_statistics.width())
    assert (plain.status[:40] == PRESENT).all()
    assert plain.status[40] == MISSING
    assert plain.mask is not None
    assert plain.mask[:40].all()
    assert not plain.mask[40].any()
    (alone,) = modality.plain((modality.prepare(cells[7:8], facts),), [facts])
    assert alone.values[0] == pytest.approx(plain.values[7], abs=1e-4)
