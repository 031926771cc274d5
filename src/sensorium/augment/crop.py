"""Letters: B rows, C channels, H height, W width."""

import math
from typing import ClassVar

import torch

from sensorium.augment._base import Augment
from sensorium.augment._resampled import axes, resampled
from sensorium.augment._strength import Strength, amounts
from sensorium.nn.draws import spread, uniform
from sensorium.types import Arrays, Layout

AMOUNTS = {"gentle": (0.2, 0.1), "medium": (0.4, 0.2), "strong": (0.7, 0.3)}
"""Largest share of the area that is cut away, and largest change of the sides' ratio (share)."""
MOST_CUT = 0.95


class Crop(Augment):
    """Cuts a random box out of each picture and enlarges it to the picture's size (Szegedy 2015, section 6).

    grid (B, C, H, W) of pictures; one bilinear resampling for the batch.

    Choices:
        strength: gentle (up to 20 % of the area is cut away), medium (40 %), strong (70 %), or a number
            (1 gentle, 3 strong).
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("grid",)
    timed: ClassVar[bool | None] = False

    def __init__(self, *, strength: Strength = "gentle") -> None:
        cut, self.ratio = amounts(strength, AMOUNTS)
        self.cut = min(MOST_CUT, cut)

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        rows, _, height, width = x.values.shape
        side_B = (1 - uniform(rows, 0, self.cut, generator, x.values)).sqrt()
        lean_B = spread(rows, math.log1p(self.ratio) / 2, generator, x.values).exp()
        tall_B, wide_B = (side_B * lean_B).clamp(max=1), (side_B / lean_B).clamp(max=1)
        down_B, right_B = (spread(rows, 1, generator, x.values) for _ in range(2))
        down_H, right_W = axes(x.values)
        along = (tall_B[:, None] * down_H + (down_B * (1 - tall_B))[:, None])[:, :, None]
        across = (wide_B[:, None] * right_W + (right_B * (1 - wide_B))[:, None])[:, None, :]
        shape = (rows, height, width)
        return resampled(x, torch.stack([across.expand(shape), along.expand(shape)], -1))
