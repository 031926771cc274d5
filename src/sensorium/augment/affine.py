"""Letters: B rows, C channels, H height, W width."""

from typing import ClassVar

import torch
from torch import Tensor

from sensorium.augment import _affine
from sensorium.augment._affine import AMOUNTS
from sensorium.augment._base import Augment
from sensorium.augment._resampled import real, stored
from sensorium.augment._strength import Strength, amounts
from sensorium.types import Arrays, Layout


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
        self.amounts = amounts(strength, AMOUNTS)

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        values = real(x)
        return stored(_affine.moved(values, self._maps(values, generator)), x)

    def _maps(self, values: Tensor, generator: torch.Generator) -> Tensor:
        return _affine.drawn(values, self.amounts, generator)
