"""Letters: B rows, C channels, H height, W width."""

import math
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from sensorium.augment._base import Augment
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
        strength: gentle (6 % shift, 10 % scale, 8 degrees), medium (about twice) or strong (three times).
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("grid",)
    timed: ClassVar[bool | None] = False

    def __init__(self, *, strength: Literal["gentle", "medium", "strong"] = "gentle") -> None:
        self.shift, self.scale, self.turn, self.shear = AMOUNTS[strength]

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        values = torch.where(x.mask.view(-1, 1, 1, 1), x.values, torch.zeros_like(x.values))
        height, width = values.shape[2:]
        down_H = (2 * torch.arange(height, device=values.device) + 1) / height - 1
        right_W = (2 * torch.arange(width, device=values.device) + 1) / width - 1
        maps_B23 = self._maps(values, generator)[:, None, None]  # elementwise: autocast would round a matmul
        place = (
            maps_B23[..., 0] * right_W[:, None] + maps_B23[..., 1] * down_H[:, None, None] + maps_B23[..., 2]
        )
        moved = F.grid_sample(values.float(), place, padding_mode="border", align_corners=False)
        return Arrays(moved.to(x.values.dtype), x.mask, x.times)

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
