"""Letters: B rows, C channels, H height, W width."""

from typing import ClassVar, Literal

import torch
from torch import Tensor

from sensorium.augment import _affine
from sensorium.augment._affine import AMOUNTS
from sensorium.augment._base import Augment
from sensorium.types import Arrays, Layout


class Affine(Augment):
    """Shifts, scales, turns and shears each picture by its own random amounts; edges are repeated.

    grid (B, C, H, W) of pictures; one bilinear resampling for the batch.

    Choices:
        strength: gentle (6 % shift, 10 % scale, 8 degrees), medium (about twice) or strong (three times).
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("grid",)
    timed: ClassVar[bool | None] = False

    def __init__(self, *, strength: Literal["gentle", "medium", "strong"] = "gentle") -> None:
        self.amounts = AMOUNTS[strength]

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        values = torch.where(x.mask.view(-1, 1, 1, 1), x.values, torch.zeros_like(x.values))
        moved = _affine.moved(values, self._maps(values, generator))
        return Arrays(moved.to(x.values.dtype), x.mask, x.times)

    def _maps(self, values: Tensor, generator: torch.Generator) -> Tensor:
        return _affine.drawn(values, self.amounts, generator)
