"""Augmentation of clips: cases worked by hand, and its own limits."""

import pytest
import torch

from sensorium.augment.space_time import SpaceTime
from sensorium.types import Arrays

STILL = 1e-9
"""A strength that changes nothing."""


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def counted(rows: int, frames: int, lengths: list[int] | None = None) -> Arrays:
    """Clips whose frame t has the shade t everywhere."""
    values = torch.arange(frames, dtype=torch.float32).view(1, -1, 1, 1, 1).repeat(rows, 1, 1, 4, 6)
    mask = torch.arange(frames) < torch.tensor(lengths or [frames] * rows)[:, None]
    return Arrays(torch.where(mask[:, :, None, None, None], values, 0.0), mask)


def shades(x: Arrays) -> list[list[float]]:
    return [[round(float(v), 3) for v in row] for row in x.values.mean((2, 3, 4))]


def test_played_backwards_the_real_frames_are_turned_round() -> None:
    x = counted(2, 5, [5, 3])
    assert shades(SpaceTime(strength=STILL, reverse=1.0)(x, generator())) == [
        [4, 3, 2, 1, 0],
        [2, 1, 0, 0, 0],
    ]
    assert shades(SpaceTime(strength=STILL)(x, generator())) == [[0, 1, 2, 3, 4], [0, 1, 2, 0, 0]]


def test_mirrored_the_sides_of_all_frames_are_swapped() -> None:
    values = torch.randn(3, 2, 1, 4, 6, generator=generator())
    x = Arrays(values, torch.ones(3, 2, dtype=torch.bool))
    torch.testing.assert_close(SpaceTime(strength=STILL, mirror=1.0)(x, generator()).values, values.flip(-1))


def test_some_clips_are_mirrored_and_some_reversed_by_their_shares() -> None:
    x = counted(400, 3)
    turned = sum(row[0] > row[2] for row in shades(SpaceTime(strength=STILL, reverse=0.25)(x, generator())))
    assert 70 < turned < 130


def test_all_frames_of_a_clip_move_alike() -> None:
    still = torch.randn(4, 1, 3, 10, 12, generator=generator()).repeat(1, 5, 1, 1, 1)
    moved = SpaceTime(strength="strong")(
        Arrays(still, torch.ones(4, 5, dtype=torch.bool)), generator(1)
    ).values
    torch.testing.assert_close(moved, moved[:, :1].expand_as(moved), rtol=0, atol=1e-5)
    assert (moved - still).abs().mean() > 0.1


@pytest.mark.parametrize(("strength", "tempo", "shift"), [("gentle", 0.1, 0.05), ("strong", 0.35, 0.2)])
def test_tempo_and_start_change_within_their_limits_and_order_stays(
    strength: str, tempo: float, shift: float
) -> None:
    augment = SpaceTime(strength=strength)
    x = counted(300, 41)
    played = augment._timed(x.values, x.mask.sum(1), generator()).mean((2, 3, 4))
    steps = played.diff(dim=1)
    assert (steps >= 0).all()
    assert played.min() == 0
    assert played.max() == 40
    middle = played[:, 20] - 20
    assert middle.abs().max() <= round(shift * 41) + 1
    assert middle.abs().max() > 0.7 * shift * 41
    speed = steps[:, 15:25].mean(1)
    assert 1 / (1 + tempo) - 0.11 < speed.min() < 1 < speed.max() < 1 + tempo + 0.11


def test_light_changes_by_shares_of_the_clips_own_spread() -> None:
    x = Arrays(
        torch.randn(200, 2, 1, 8, 8, generator=generator()) * 5 + 3, torch.ones(200, 2, dtype=torch.bool)
    )
    lit = SpaceTime(strength="gentle")._lit(x.values, x.mask, generator())
    before, after = x.values.flatten(1), lit.flatten(1)
    assert (after.std(1) / before.std(1)).sub(1).abs().max() < 0.151
    assert ((after.mean(1) - before.mean(1)) / before.std(1)).abs().max() < 0.152
    assert ((after.mean(1) - before.mean(1)) / before.std(1)).abs().max() > 0.12


def test_bytes_stay_bytes() -> None:
    x = Arrays(torch.randint(0, 256, (3, 4, 3, 6, 6), dtype=torch.uint8), torch.ones(3, 4, dtype=torch.bool))
    assert SpaceTime(strength="strong")(x, generator()).values.dtype == torch.uint8
    torch.testing.assert_close(SpaceTime(strength=STILL)(x, generator()).values, x.values)
