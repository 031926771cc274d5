"""Letters: B rows, C channels, H height, W width."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field

from sensorium.augment._base import Augment
from sensorium.types import Arrays, Layout


class Flip(Augment):
    """Mirrors pictures left to right. Not a default: it changes digits, letters and "left of".

    grid (B, C, H, W) of pictures.

    Choices:
        chance: share of rows that are mirrored.
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("grid",)
    timed: ClassVar[bool | None] = False

    def __init__(self, *, chance: Annotated[float, Field(ge=0, le=1)] = 0.5) -> None:
        self.chance = chance

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        drawn = torch.rand(len(x.values), generator=generator).to(x.values.device)
        mirrored = (drawn < self.chance).view(-1, 1, 1, 1)
        return Arrays(torch.where(mirrored, x.values.flip(-1), x.values), x.mask, x.times)
