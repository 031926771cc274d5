"""Letters: B rows, T time, F features."""

from typing import ClassVar

import torch

from sensorium.augment._base import Augment
from sensorium.augment._strength import Strength, amounts
from sensorium.types import Arrays, Layout

AMOUNTS = {"gentle": (0.05,), "medium": (0.1,), "strong": (0.2,)}
"""Standard deviations of the standardised numbers."""


class Noise(Augment):
    """Adds noise of a normal distribution to every number.

    scalar (B, F) or frames (B, T, F), standardised: as modalities give them.

    Choices:
        strength: gentle (5 % of a standard deviation), medium (10 %), strong (20 %), or a number
            (1 gentle, 3 strong).
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("scalar", "frames")

    def __init__(self, *, strength: Strength = "gentle") -> None:
        (self.deviation,) = amounts(strength, AMOUNTS)

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        noise = torch.randn(x.values.shape, generator=generator).to(x.values)
        mask = x.mask if x.mask.ndim == x.values.ndim else x.mask.unsqueeze(-1)
        values = torch.where(mask, x.values, torch.zeros_like(x.values)) + self.deviation * noise
        return Arrays(torch.where(mask, values, torch.zeros_like(values)), x.mask, x.times)
