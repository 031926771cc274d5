"""Letters: B rows, C channels, H height (mel bands), W width (time), V width after stretching."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from sensorium.augment._base import Augment
from sensorium.augment._strength import Strength, amounts
from sensorium.nn.draws import spread, uniform
from sensorium.types import Arrays, Layout


@dataclass(frozen=True, slots=True)
class _Amounts:
    """Largest changes of a sound."""

    stretch: float
    """Share of the length."""
    shift: float
    """Share of the length that moves out at one end."""
    bands: float
    """Shift along the mel axis, share of its height: pitch."""
    warp: float
    """Scaling of the mel axis, share: length of the vocal tract."""
    level: float
    """Gain and tilt, in standard deviations of the sound."""
    floor: float
    """Height of the noise floor over the sound's lowest value, in standard deviations."""
    masked: float
    """Longest mask, share of the axis; one over time and one over bands."""


AMOUNTS: dict[str, tuple[float, ...]] = {
    "gentle": (0.12, 0.03, 0.03, 0.06, 0.15, 0.5, 0.1),
    "medium": (0.2, 0.06, 0.05, 0.1, 0.3, 0.8, 0.15),
    "strong": (0.3, 0.1, 0.08, 0.15, 0.5, 1.2, 0.25),
}


class Spectrum(Augment):
    """Changes each log-mel sound by its own random amounts, in time, pitch, colour and level.

    Stretches and shifts time, shifts and scales the mel axis (one bilinear resampling), adds gain, tilt
    and a noise floor, and blanks one span of time and one of bands (SpecAugment, Park 2019, section 2). The
    mask follows the new lengths. grid (B, C, H, W) of sounds, mask (B, W), real columns first.

    Choices:
        strength: gentle (12 % of tempo, 3 % of pitch), medium (20 %, 5 %), strong (30 %, 8 %),
            or a number (1 gentle, 3 strong).
        roll: largest cyclic shift in time, as a share of the length; for sounds without a beginning.
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("grid",)
    timed: ClassVar[bool | None] = True

    def __init__(
        self,
        *,
        strength: Strength = "gentle",
        roll: Annotated[float, Field(ge=0, le=1)] = 0.0,
    ) -> None:
        self.amounts, self.roll = _Amounts(*amounts(strength, AMOUNTS)), roll

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        if x.values.shape[0] == 0:
            return x
        values = torch.where(x.mask[:, None, None], x.values, torch.zeros_like(x.values)).float()
        length_B = x.mask.sum(1)
        factor_B = spread(len(values), math.log1p(self.amounts.stretch), generator, values).exp()
        longer_B = torch.where(length_B > 0, (length_B * factor_B).round().long().clamp(min=1), length_B)
        mask_BV = torch.arange(max(1, int(longer_B.max())), device=values.device) < longer_B[:, None]
        values = self._warped(values, length_B, longer_B, mask_BV.shape[1], generator)
        values = self._coloured(values, mask_BV, generator)
        values = self._blanked(values, longer_B, mask_BV, generator)
        values = torch.where(mask_BV[:, None, None], values, torch.zeros_like(values))
        return Arrays(values.to(x.values.dtype), mask_BV)

    def _warped(
        self, values: Tensor, length_B: Tensor, longer_B: Tensor, width: int, generator: torch.Generator
    ) -> Tensor:
        """(B, C, H, V): resampled along time and along the mel axis; both ends are repeated."""
        rows, _, height, before = values.shape
        offset = spread(rows, self.amounts.shift, generator, values) * length_B
        rolled = uniform(rows, 0, self.roll, generator, values) * length_B
        ratio = length_B / longer_B.clamp(min=1)
        column = (torch.arange(width, device=values.device) + 0.5) * ratio[:, None] - 0.5
        last = (length_B - 1).clamp(min=0)[:, None]
        column = torch.minimum((column + offset[:, None]).clamp(min=0), last)
        column = (column + rolled[:, None]).remainder(length_B.clamp(min=1)[:, None])
        column = torch.minimum(column, last)  # between the last and the first the last is held
        grown = spread(rows, math.log1p(self.amounts.warp), generator, values).exp()
        moved = spread(rows, self.amounts.bands * height, generator, values)
        band = torch.arange(height, device=values.device) - (height - 1) / 2
        band = band * grown[:, None] + moved[:, None] + (height - 1) / 2
        across = ((2 * column + 1) / before - 1)[:, None, :].expand(rows, height, width)
        along = ((2 * band + 1) / height - 1)[:, :, None].expand(rows, height, width)
        place = torch.stack([across, along], -1)
        return F.grid_sample(values, place, padding_mode="border", align_corners=False)

    def _coloured(self, values: Tensor, mask_BV: Tensor, generator: torch.Generator) -> Tensor:
        """Gain, tilt over bands, and a floor of noise under half of the rows."""
        rows, channels, height, width = values.shape
        middle, unit = _moments(values, mask_BV)
        gain, tilt = (spread(rows, self.amounts.level, generator, values).view(-1, 1, 1, 1) for _ in range(2))
        slope = torch.linspace(-1, 1, height, device=values.device).view(1, 1, -1, 1)
        values = values + unit * (gain + tilt * slope)
        lowest = torch.where(mask_BV[:, None, None], values, middle).amin((1, 2, 3), keepdim=True)
        raised = uniform(rows, -self.amounts.floor, self.amounts.floor, generator, values).view(-1, 1, 1, 1)
        noise = torch.randn(rows, channels, height, width, generator=generator).to(values.device)
        floor = lowest + unit * (raised + 0.3 * noise)
        return torch.where(raised > 0, torch.maximum(values, floor), values)

    def _blanked(
        self, values: Tensor, longer_B: Tensor, mask_BV: Tensor, generator: torch.Generator
    ) -> Tensor:
        """One span of time and one of bands, at the sound's mean."""
        middle, _ = _moments(values, mask_BV)
        rows, _, height, width = values.shape
        time = self._span(width, longer_B, generator, values).view(rows, 1, 1, width)
        bands = self._span(height, torch.full_like(longer_B, height), generator, values)
        return torch.where(time | bands.view(rows, 1, height, 1), middle, values)

    def _span(self, size: int, length_B: Tensor, generator: torch.Generator, values: Tensor) -> Tensor:
        """bool (B, size): a random span within each row's length."""
        rows = len(length_B)
        span = uniform(rows, 0, self.amounts.masked, generator, values) * length_B
        start = uniform(rows, 0, 1, generator, values) * (length_B - span)
        place = torch.arange(size, device=values.device)
        return (place >= start[:, None]) & (place < (start + span)[:, None])


def _moments(values: Tensor, mask_BV: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (B, 1, 1, 1) over the real columns of each row."""
    real = mask_BV[:, None, None]
    count = (mask_BV.sum(1) * values.shape[1] * values.shape[2]).clamp(min=1).view(-1, 1, 1, 1)
    zero = torch.zeros_like(values)
    middle = torch.where(real, values, zero).sum((1, 2, 3), keepdim=True) / count
    spread_ = torch.where(real, values - middle, zero).square().sum((1, 2, 3), keepdim=True) / count
    return middle, spread_.sqrt()
