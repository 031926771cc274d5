"""Log-mel spectrograms against a reference in plain numpy, and against their own padding."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sensorium.nn.melspec import LogMel, filterbank, to_hertz, to_mel

RATE, WINDOW, HOP, MELS = 8000, 200, 80, 24


def sound(samples: int, seed: int = 0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    time = np.arange(samples) / RATE
    return 0.3 * np.sin(2 * np.pi * (300 + 900 * time) * time) + 0.01 * rng.normal(size=samples)


def reference(wave: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Frame by frame, by the sums that define a discrete Fourier transform. (M, W)"""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    window /= math.sqrt((window**2).sum())
    bank = filterbank(RATE, size, MELS)
    basis = np.exp(-2j * np.pi * np.outer(np.arange(size // 2 + 1), np.arange(WINDOW)) / size)
    rows = []
    for centre in range(0, len(wave), HOP):
        at = centre - WINDOW // 2 + np.arange(WINDOW)
        inside = (at >= 0) & (at < len(wave))
        frame = np.where(inside, wave[np.clip(at, 0, len(wave) - 1)], 0) * window
        rows.append(np.log(bank.T @ (np.abs(basis @ frame) ** 2) + 1e-7))
    return np.array(rows).T


def test_the_spectrogram_equals_the_reference() -> None:
    wave = sound(2345)
    made = LogMel(RATE, window=WINDOW, hop=HOP, mels=MELS, level=False)
    bands, mask = made(torch.from_numpy(wave)[None].float(), torch.ones(1, len(wave), dtype=torch.bool))
    wanted = (reference(wave, made.size) + 9) / 4
    assert bands.shape == (1, MELS, 30)
    assert mask.all()
    np.testing.assert_allclose(bands[0].numpy(), wanted, atol=2e-4)


def test_levelled_rows_have_mean_zero_and_deviation_one() -> None:
    wave = sound(3000)
    made = LogMel(RATE, window=WINDOW, hop=HOP, mels=MELS)
    bands, _ = made(torch.from_numpy(wave)[None].float(), torch.ones(1, 3000, dtype=torch.bool))
    raw = reference(wave, made.size)
    np.testing.assert_allclose(bands[0].numpy(), (raw - raw.mean()) / raw.std(), atol=3e-4)


@pytest.mark.parametrize("level", [True, False])
def test_padding_and_neighbours_change_no_row(level: bool) -> None:
    made = LogMel(RATE, window=WINDOW, hop=HOP, mels=MELS, level=level)
    lengths = [1, 79, 80, 81, 1000, 2345, 0]
    batch = torch.full((len(lengths), 3000), 12345, dtype=torch.int16)
    mask = torch.zeros(batch.shape, dtype=torch.bool)
    for row, length in enumerate(lengths):
        batch[row, :length] = torch.from_numpy(np.round(sound(length, row) * 32768).astype(np.int16))
        mask[row, :length] = True
    together, frames = made(batch, mask)
    assert frames.sum(1).tolist() == [1, 1, 1, 2, 13, 30, 0]
    assert torch.isfinite(together).all()
    for row, length in enumerate(lengths):
        count = made.frames(length)
        assert (together[row, :, count:] == 0).all()
        if length:
            alone, _ = made(batch[row : row + 1, :length], mask[row : row + 1, :length])
            torch.testing.assert_close(alone[0], together[row, :, :count], rtol=0, atol=1e-5)


def test_a_tone_lands_in_its_band() -> None:
    made = LogMel(RATE, window=WINDOW, hop=HOP, mels=40)
    wave = torch.sin(2 * torch.pi * 1000 * torch.arange(4000) / RATE)[None]
    bands, _ = made(wave, torch.ones(1, 4000, dtype=torch.bool))
    points = to_hertz(np.linspace(*to_mel(np.array([20.0, 4000.0]), "slaney"), 42), "slaney")[1:-1]
    assert abs(points[bands[0, :, 20].argmax()] - 1000) < 80


def test_mel_scales_have_their_published_values() -> None:
    # HTK book, eq. 5.13: 1000 Hz is about 1000 mel. Slaney's Auditory Toolbox: 1 kHz is 15, 6.4 kHz is 42.
    assert to_mel(np.array([1000.0]), "htk")[0] == pytest.approx(999.99, abs=0.01)
    np.testing.assert_allclose(
        to_mel(np.array([0.0, 200.0, 1000.0, 6400.0]), "slaney"), [0, 3, 15, 42], atol=1e-9
    )


@pytest.mark.parametrize("scale", ["htk", "slaney"])
def test_mel_and_hertz_undo_each_other(scale: str) -> None:
    hertz = np.array([0.0, 55.5, 999.0, 1001.0, 3999.0])
    np.testing.assert_allclose(to_hertz(to_mel(hertz, scale), scale), hertz, atol=1e-6)  # type: ignore[arg-type]


def test_every_band_holds_something_even_when_bands_are_narrow() -> None:
    bank = filterbank(8000, 256, 128)
    np.testing.assert_allclose(bank.sum(0), 1)
    assert bank.shape == (129, 128)


def test_bf16_autocast_changes_nothing() -> None:
    made = LogMel(RATE, window=WINDOW, hop=HOP, mels=MELS)
    wave, mask = torch.from_numpy(sound(2000))[None].float(), torch.ones(1, 2000, dtype=torch.bool)
    with torch.autocast("cpu", torch.bfloat16):
        half, _ = made(wave, mask)
    torch.testing.assert_close(half, made(wave, mask)[0])
