"""Letters: B rows, C channels, H height, W width."""

import math
from typing import ClassVar

import torch

from sensorium.augment._base import Augment
from sensorium.augment._resampled import real
from sensorium.augment._strength import Strength, amounts
from sensorium.nn.draws import spread, uniform
from sensorium.types import Arrays, Layout

AMOUNTS = {"gentle": (0.25, 0.15), "medium": (0.5, 0.25), "strong": (0.75, 0.4)}
"""Share of rows that lose a box, and its largest share of the area."""
MOST_AREA, RATIO = 0.9, 3.0
"""A box covers at most so much of a picture and is at most so many times longer than wide."""


class Erase(Augment):
    """Blanks a random box of some pictures at their own mean (random erasing, Zhong 2017, algorithm 1).

    grid (B, C, H, W) of pictures.

    Choices:
        strength: gentle (a quarter of the rows, up to 15 % of the area), medium (half, 25 %), strong (three
            quarters, 40 %), or a number (1 gentle, 3 strong).
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("grid",)
    timed: ClassVar[bool | None] = False

    def __init__(self, *, strength: Strength = "gentle") -> None:
        chance, area = amounts(strength, AMOUNTS)
        self.chance, self.area = min(1.0, chance), min(MOST_AREA, area)

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        values = real(x)
        rows, _, height, width = values.shape
        chosen_B = uniform(rows, 0, 1, generator, values) < self.chance
        side_B = uniform(rows, 0.02, max(0.02, self.area), generator, values).sqrt()
        lean_B = spread(rows, math.log(RATIO) / 2, generator, values).exp()
        down = _inside(side_B * lean_B, height, uniform(rows, 0, 1, generator, values))
        right = _inside(side_B / lean_B, width, uniform(rows, 0, 1, generator, values))
        box = (down[:, :, None] & right[:, None, :] & chosen_B[:, None, None])[:, None] & x.mask.view(
            -1, 1, 1, 1
        )
        middle = values.float().mean((1, 2, 3), keepdim=True).to(x.values.dtype)
        return Arrays(torch.where(box, middle, values), x.mask, x.times)


def _inside(share_B: torch.Tensor, size: int, start_B: torch.Tensor) -> torch.Tensor:
    """bool (B, size): a span of this share of an axis that starts anywhere it fits; at least one place."""
    length_B = (share_B * size).round().clamp(1, size)
    first_B = (start_B * (size - length_B + 1)).floor().clamp(max=size - 1)
    place = torch.arange(size, device=share_B.device)
    return (place >= first_B[:, None]) & (place < (first_B + length_B)[:, None])
