"""Letters: B rows, C channels, H height, W width."""

import math
from typing import ClassVar

import torch
from torch import Tensor

from sensorium.augment._base import Augment
from sensorium.augment._resampled import axes, resampled
from sensorium.augment._strength import Strength, amounts
from sensorium.nn.draws import spread
from sensorium.types import Arrays, Layout

AMOUNTS: dict[str, tuple[float, float, float, float]] = {
    "gentle": (0.06, 0.10, 8.0, 0.05),
    "medium": (0.10, 0.18, 15.0, 0.12),
    "strong": (0.18, 0.30, 30.0, 0.25),
}
"""Largest shift (share of the side), change of scale, turn (degrees) and shear."""


class Affine(Augment):
    """Shifts, scales, turns and shears each picture by its own random amounts; edges are repeated.

    grid (B, C, H, W) of pictures; one bilinear resampling for the batch.

    Choices:
        strength: gentle (6 % shift, 10 % scale, 8 degrees), medium (about twice), strong (three times),
            or a number (1 gentle, 3 strong).
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("grid",)
    timed: ClassVar[bool | None] = False

    def __init__(self, *, strength: Strength = "gentle") -> None:
        self.shift, self.scale, self.turn, self.shear = amounts(strength, AMOUNTS)

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        down_H, right_W = axes(x.values)
        maps_B23 = self._maps(x.values, generator)[
            :, None, None
        ]  # elementwise: autocast would round a matmul
        place = (
            maps_B23[..., 0] * right_W[:, None] + maps_B23[..., 1] * down_H[:, None, None] + maps_B23[..., 2]
        )
        return resampled(x, place)

    def _maps(self, values: Tensor, generator: torch.Generator) -> Tensor:
        """(B, 2, 3): where each picture's pixels come from, in halves of its sides."""
        rows, _, height, width = values.shape
        angle = spread(rows, math.radians(self.turn), generator, values)
        lean = spread(rows, self.shear, generator, values)
        grown = math.log1p(self.scale)
        tall = spread(rows, grown, generator, values)
        wide = tall + spread(rows, grown / 3, generator, values)
        down, right = (spread(rows, 2 * self.shift, generator, values) for _ in range(2))
        cos, sin, aspect = angle.cos(), angle.sin(), height / width
        across = torch.stack([wide.exp() * cos, wide.exp() * (lean - sin) * aspect, right], -1)
        along = torch.stack([tall.exp() * sin / aspect, tall.exp() * cos, down], -1)
        return torch.stack([across, along], 1)
