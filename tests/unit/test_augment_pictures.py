"""Cuts, blanks and bends of pictures, on pictures whose pixels say where they are."""

import numpy as np
import pytest
import torch

from sensorium.augment._base import Augment
from sensorium.augment.affine import Affine
from sensorium.augment.crop import Crop
from sensorium.augment.distort import Distort
from sensorium.augment.erase import Erase
from sensorium.types import Arrays

SIDE = 32


def places(rows: int) -> Arrays:
    """Float pictures (B, 2, H, W): the first channel is the pixel's row, the second its column."""
    line = torch.arange(SIDE, dtype=torch.float32)
    one = torch.stack([line[:, None].expand(SIDE, SIDE), line.expand(SIDE, SIDE)])
    return Arrays(one.expand(rows, 2, SIDE, SIDE).clone(), torch.ones(rows, dtype=torch.bool))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize(("strength", "cut", "ratio"), [("gentle", 0.2, 0.1), ("strong", 0.7, 0.3)])
def test_a_crop_is_a_box_of_the_promised_area_and_ratio(strength: str, cut: float, ratio: float) -> None:
    found = Crop(strength=strength)(places(400), generator()).values  # type: ignore[arg-type]
    tall = (found[:, 0, -2, 0] - found[:, 0, 1, 0]) / (SIDE - 3)  # the outermost pixels repeat edges
    wide = (found[:, 1, 0, -2] - found[:, 1, 0, 1]) / (SIDE - 3)
    area = (tall * wide).numpy()
    assert area.max() <= 1 + 1e-4
    assert area.min() >= 1 - cut - 0.03
    assert area.min() < 1 - 0.9 * cut
    assert float((tall / wide).log().abs().max()) <= np.log1p(ratio) + 1e-3
    assert found.min() >= 0
    assert found.max() <= SIDE - 1


def test_erased_boxes_hold_the_mean_and_have_the_promised_size_and_share() -> None:
    x = places(2000)
    found = Erase(strength="medium")(x, generator()).values
    blank = (found != x.values).any(1)
    share = blank.flatten(1).float().mean(1)
    assert (share > 0).float().mean() == pytest.approx(0.5, abs=0.04)
    assert float(share.max()) <= 0.25 + 2 / SIDE
    assert float(share[share > 0].mean()) == pytest.approx((0.02 + 0.25) / 2, abs=0.02)
    row = int((share > 0).nonzero()[0])
    lost = blank[row].nonzero()
    box = lost.max(0).values - lost.min(0).values + 1
    assert int(box.prod()) == len(lost)
    assert (found[row][:, blank[row]] == (SIDE - 1) / 2).all()


def test_shifts_of_a_distortion_have_the_promised_spread_and_are_smooth() -> None:
    x = places(300)
    found = Distort(strength="strong", knots=4)(x, generator()).values - x.values
    inner = found[:, :, SIDE // 3, SIDE // 3]  # near a knot of the lattice, far from the edges
    assert float(inner.std()) == pytest.approx(0.06 * SIDE, rel=0.15)
    steps = (found[:, :, 8:24, 9:24] - found[:, :, 8:24, 8:23]).abs()
    assert float(steps.mean()) < 0.15 * float(found.abs().mean()) * 4 / 3


@pytest.mark.parametrize("augment", [Crop(), Erase(strength=6), Distort(), Affine()])
def test_pictures_of_bytes_stay_bytes_and_missing_ones_stay_zero(augment: Augment) -> None:
    values = torch.full((3, 3, SIDE, SIDE), 200, dtype=torch.uint8)
    found = augment(Arrays(values, torch.tensor([True, False, True])), generator())
    assert found.values.dtype == torch.uint8
    assert (found.values[1] == 0).all()
    assert (found.values[0] == 200).all()
