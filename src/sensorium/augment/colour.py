"""Letters: B rows, C channels, H height, W width."""

from typing import ClassVar

import torch

from sensorium.augment._base import Augment
from sensorium.augment._strength import Strength, amounts
from sensorium.nn.draws import spread
from sensorium.types import Arrays, Layout

AMOUNTS: dict[str, tuple[float, float, float]] = {
    "gentle": (0.15, 0.15, 0.05),
    "medium": (0.3, 0.3, 0.1),
    "strong": (0.6, 0.6, 0.2),
}
"""Largest brightness and tint (in standard deviations of the picture) and change of contrast (share)."""


class Colour(Augment):
    """Changes each picture's brightness, contrast and tint by its own random amounts.

    grid (B, C, H, W) of pictures, in any unit: amounts are relative to the picture's own spread.

    Choices:
        strength: gentle (15 % of a standard deviation), medium (30 %), strong (60 %), or a
            number (1 gentle, 3 strong).
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("grid",)
    timed: ClassVar[bool | None] = False

    def __init__(self, *, strength: Strength = "gentle") -> None:
        self.brightness, self.contrast, self.tint = amounts(strength, AMOUNTS)

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        real = x.mask.view(-1, 1, 1, 1)
        values = torch.where(real, x.values, torch.zeros_like(x.values)).float()
        rows, channels = values.shape[:2]
        middle = values.mean((1, 2, 3), keepdim=True)
        unit = (values - middle).square().mean((1, 2, 3), keepdim=True).sqrt()
        gain = 1 + spread(rows, self.contrast, generator, values).view(-1, 1, 1, 1)
        lift = spread(rows, self.brightness, generator, values).view(-1, 1, 1, 1)
        if channels > 1:
            lift = lift + spread(rows * channels, self.tint, generator, values).view(rows, channels, 1, 1)
        changed = (values - middle) * gain + middle + lift * unit
        if not x.values.is_floating_point():
            changed = changed.clamp(0, 255)
        return Arrays(changed.to(x.values.dtype), x.mask, x.times)
