"""Letters: B rows, T frames, C channels, H height, W width."""

import math
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from sensorium.augment import _affine
from sensorium.augment._base import Augment
from sensorium.augment._strength import NAMES, Strength, amounts
from sensorium.nn.draws import spread, uniform
from sensorium.types import Arrays, Layout

AMOUNTS = {
    "gentle": (0.1, 0.05, 0.15, 0.15),
    "medium": (0.2, 0.1, 0.3, 0.3),
    "strong": (0.35, 0.2, 0.6, 0.6),
}
"""Largest change of tempo and shift in time (shares of the clip), brightness and contrast (see Colour)."""
SPACE = {name: _affine.AMOUNTS[name] for name in NAMES}


class SpaceTime(Augment):
    """Changes each clip by its own random amounts: place, tempo and light, the same for all of its frames.

    Shifts, scales, turns and shears the picture; plays the clip a little faster or slower and from a little
    earlier or later (each step shows the nearest frame, the ends are held); changes brightness and contrast.
    It mirrors and reverses nothing unless told to: directions and writing would become others. clip
    (B, T, C, H, W), real frames first; the mask stays.

    Choices:
        strength: gentle (6 % shift, 8 degrees, 10 % of tempo), medium (about twice), strong (three times),
            or a number (1 gentle, 3 strong).
        mirror: share of clips that are mirrored left to right.
        reverse: share of clips that are played backwards.
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("clip",)

    def __init__(
        self,
        *,
        strength: Strength = "gentle",
        mirror: Annotated[float, Field(ge=0, le=1)] = 0.0,
        reverse: Annotated[float, Field(ge=0, le=1)] = 0.0,
    ) -> None:
        self.tempo, self.shift, self.brightness, self.contrast = amounts(strength, AMOUNTS)
        self.space, self.mirror, self.reverse = amounts(strength, SPACE), mirror, reverse

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        if x.values.shape[0] == 0:
            return x
        real = x.mask[:, :, None, None, None]
        values = torch.where(real, x.values, torch.zeros_like(x.values)).float()
        values = self._timed(values, x.mask.sum(1), generator)
        values = self._lit(self._placed(values, generator), x.mask, generator)
        if not x.values.is_floating_point():
            values = values.round().clamp(0, 255)
        return Arrays(torch.where(real, values, 0.0).to(x.values.dtype), x.mask, x.times)

    def _timed(self, values: Tensor, length_B: Tensor, generator: torch.Generator) -> Tensor:
        """Each step's frame: the one nearest to its moment at another tempo."""
        rows, frames = values.shape[:2]
        factor_B = spread(rows, math.log1p(self.tempo), generator, values).exp()
        late_B = spread(rows, self.shift, generator, values) * length_B
        back_B = uniform(rows, 0, 1, generator, values) < self.reverse
        last_B1 = (length_B - 1).clamp(min=0)[:, None]
        step_BT = torch.arange(frames, device=values.device) - last_B1 / 2
        place_BT = (step_BT * factor_B[:, None] + late_B[:, None] + last_B1 / 2).round().clamp(min=0)
        place_BT = torch.minimum(place_BT, last_B1)
        place_BT = torch.where(back_B[:, None], last_B1 - place_BT, place_BT).long()
        return values[torch.arange(rows, device=values.device)[:, None], place_BT]

    def _placed(self, values: Tensor, generator: torch.Generator) -> Tensor:
        """All frames of a clip by one map: they are resampled as channels of one picture."""
        flat_BCHW = values.flatten(1, 2)
        moved = _affine.moved(flat_BCHW, _affine.drawn(flat_BCHW, self.space, generator))
        turned_B = uniform(len(values), 0, 1, generator, values) < self.mirror
        moved = torch.where(turned_B.view(-1, 1, 1, 1), moved.flip(-1), moved)
        return moved.view(values.shape)

    def _lit(self, values: Tensor, mask_BT: Tensor, generator: torch.Generator) -> Tensor:
        """Gain about the clip's mean, and lift in its standard deviations."""
        rows, real = len(values), mask_BT[:, :, None, None, None]
        count = (mask_BT.sum(1) * values[0, 0].numel()).clamp(min=1).view(-1, 1, 1, 1, 1)
        zero = torch.zeros_like(values)
        middle = torch.where(real, values, zero).sum((1, 2, 3, 4), keepdim=True) / count
        unit = torch.where(real, values - middle, zero).square().sum((1, 2, 3, 4), keepdim=True) / count
        gain = 1 + spread(rows, self.contrast, generator, values).view(-1, 1, 1, 1, 1)
        lift = spread(rows, self.brightness, generator, values).view(-1, 1, 1, 1, 1)
        return (values - middle) * gain + middle + lift * unit.sqrt()
