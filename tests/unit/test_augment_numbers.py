"""Augmentations against scipy's resampling, their own limits, and cases worked by hand."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from sensorium.augment.affine import AMOUNTS, Affine
from sensorium.augment.colour import Colour
from sensorium.augment.flip import Flip
from sensorium.augment.spectrum import Spectrum
from sensorium.types import Arrays


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blob(rows: int, side: int = 32) -> Arrays:
    """A smooth spot in the middle of every picture."""
    place = torch.arange(side) - (side - 1) / 2
    spot = torch.exp(-(place[:, None] ** 2 + place**2) / 20)
    return Arrays(spot.expand(rows, 1, side, side).clone(), torch.ones(rows, dtype=torch.bool))


def centres(x: torch.Tensor) -> torch.Tensor:
    """(rows, 2): the centre of mass of every picture, in pixels."""
    place = torch.arange(x.shape[-1], dtype=torch.float32)
    total = x.sum((1, 2, 3))
    return torch.stack([(x.sum((1, 3)) * place).sum(1) / total, (x.sum((1, 2)) * place).sum(1) / total], 1)


@pytest.mark.parametrize("strength", list(AMOUNTS))
def test_affine_resamples_as_scipy_does(strength: str) -> None:
    augment = Affine(strength=strength)
    x = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(20, 30)), 2).astype(np.float32)
    arrays = Arrays(torch.from_numpy(x)[None, None], torch.tensor([True]))
    (a, b, c), (d, e, f) = augment._maps(arrays.values, generator())[0].double().numpy()
    half = np.array([20, 30]) / 2
    across_rows, across_columns = np.array([e, d]) * half[0] / half, np.array([b, a]) * half[1] / half
    matrix = np.stack([across_rows, across_columns])
    middle = half - 0.5
    offset = middle + np.array([f, c]) * half - matrix @ middle
    expected = ndimage.affine_transform(x, matrix, offset, order=1, mode="nearest")
    got = augment(arrays, generator()).values[0, 0].numpy()
    np.testing.assert_allclose(got, expected, atol=1e-4)
    assert np.abs(got - x).max() > 0.02


def test_a_gentle_affine_moves_a_picture_by_up_to_six_percent_and_on_average_not_at_all() -> None:
    moved = centres(Affine()(blob(500), generator()).values) - 15.5
    assert 0.8 * 0.06 * 32 < float(moved.abs().max()) < 1.2 * 0.06 * 32
    assert float(moved.mean(0).abs().max()) < 0.15


def test_affine_keeps_a_flat_picture_flat_up_to_its_edges() -> None:
    flat = Arrays(torch.full((8, 3, 9, 11), 2.5), torch.ones(8, dtype=torch.bool))
    torch.testing.assert_close(Affine(strength="strong")(flat, generator()).values, flat.values)


def test_flip_mirrors_about_the_asked_share_of_rows() -> None:
    x = Arrays(torch.randn(400, 2, 3, 4), torch.ones(400, dtype=torch.bool))
    y = Flip(chance=0.25)(x, generator()).values
    mirrored = (y == x.values.flip(-1)).flatten(1).all(1)
    kept = (y == x.values).flatten(1).all(1)
    assert (mirrored ^ kept).all()
    assert 70 <= int(mirrored.sum()) <= 130
    torch.testing.assert_close(Flip(chance=1.0)(x, generator()).values, x.values.flip(-1))


def test_colour_of_a_grey_picture_is_one_affine_map_a_row_within_its_limits() -> None:
    x = Arrays(torch.randn(200, 1, 6, 6) * 4 + 10, torch.ones(200, dtype=torch.bool))
    y = Colour()(x, generator()).values.flatten(1).double().numpy()
    flat = x.values.flatten(1).double().numpy()
    slopes = np.array([np.polyfit(a, b, 1) for a, b in zip(flat, y, strict=True)])
    fitted = flat * slopes[:, :1] + slopes[:, 1:]
    np.testing.assert_allclose(y, fitted, atol=1e-3)
    assert 0.84 < slopes[:, 0].min() < 0.88
    assert 1.12 < slopes[:, 0].max() < 1.16
    lift = (y.mean(1) - flat.mean(1)) / flat.std(1)
    assert 0.12 < lift.max() < 0.151
    assert -0.151 < lift.min() < -0.12


def test_colour_tints_each_channel_apart_and_keeps_bytes_in_range() -> None:
    pixels = torch.randint(0, 256, (5, 3, 8, 8), dtype=torch.uint8)
    y = Colour(strength="strong")(Arrays(pixels, torch.ones(5, dtype=torch.bool)), generator()).values
    assert y.dtype == torch.uint8
    grey = Arrays(torch.randn(5, 1, 8, 8).expand(5, 3, 8, 8), torch.ones(5, dtype=torch.bool))
    lifted = Colour()(grey, generator()).values.mean((2, 3))
    assert (lifted.std(1) > 1e-3).all()


def tone(rows: int, lengths: list[int], band: int = 8) -> Arrays:
    """Log-mel sounds with one bright band and a click in the middle of their time."""
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    values = torch.full((rows, 1, 16, max(lengths)), -1.0)
    values[:, :, band] = 2.0
    return Arrays(torch.where(mask[:, None, None], values, 0.0), mask)


def test_spectrum_stretches_by_up_to_twelve_percent_and_the_mask_follows() -> None:
    x = tone(300, [100] * 150 + [50] * 150)
    y = Spectrum()(x, generator())
    lengths = y.mask.sum(1)
    assert y.mask.shape[1] == int(lengths.max())
    assert torch.equal(y.mask, torch.arange(y.mask.shape[1]) < lengths[:, None])
    for before, part in ((100, lengths[:150]), (50, lengths[150:])):
        assert before / 1.13 < int(part.min()) < before * 0.92
        assert before * 1.08 < int(part.max()) < before * 1.13
    assert not y.values[~y.mask[:, None, None].expand(y.values.shape)].any()


def test_spectrum_moves_the_bright_band_a_little_up_or_down() -> None:
    y = Spectrum()(tone(200, [40] * 200), generator())
    profile = torch.where(y.mask[:, None, None], y.values, 0.0).sum((1, 3))
    moved = (profile.argmax(1) - 8).float()
    assert float(moved.abs().max()) <= 3
    assert float(moved.abs().max()) >= 1
    assert abs(float(moved.mean())) < 0.5


def test_spectrum_changes_level_by_its_limits_and_blanks_at_most_a_tenth() -> None:
    steady = Arrays(torch.randn(1, 1, 16, 60).expand(200, 1, 16, 60), torch.ones(200, 60, dtype=torch.bool))
    y = Spectrum()(steady, generator())
    count = y.mask.sum(1) * 16
    mean = y.values.sum((1, 2, 3)) / count
    assert 0.1 < float((mean - steady.values.mean()).abs().max()) < 0.6
    blank = (y.values[:, 0] == y.values[:, 0].mode(-1).values.mode(-1).values[:, None, None]) & y.mask[
        :, None
    ]
    share = blank.sum((1, 2)) / count
    assert 0.1 < float(share.max()) < 0.22


def test_roll_turns_a_sound_round_in_time() -> None:
    ramp = torch.arange(50.0).expand(100, 1, 4, 50)
    x = Arrays(ramp.clone(), torch.ones(100, 50, dtype=torch.bool))

    def steepest_fall(roll: float) -> float:
        y = Spectrum(roll=roll)(x, generator())
        step = y.values[:, 0, 1, 1:] - y.values[:, 0, 1, :-1]
        return float(step[y.mask[:, 1:]].min())

    assert steepest_fall(0.0) > -30
    assert steepest_fall(1.0) < -30
