"""Letters: B rows, C channels, H height, W width."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch.nn import functional as F

from sensorium.augment._base import Augment
from sensorium.augment._resampled import axes, resampled
from sensorium.augment._strength import Strength, amounts
from sensorium.types import Arrays, Layout

AMOUNTS = {"gentle": (0.015,), "medium": (0.03,), "strong": (0.06,)}
"""Standard deviation of the shifts, share of the side."""


class Distort(Augment):
    """Bends each picture by a smooth field of random shifts (elastic distortion, Simard 2003, section 2).

    grid (B, C, H, W) of pictures. Shifts are drawn at the knots of a coarse lattice and interpolated
    bicubically between them; edges are repeated.

    Choices:
        strength: gentle (shifts of 1.5 % of the side), medium (3 %), strong (6 %), or a number (1 gentle,
            3 strong).
        knots: knots along each side; more knots bend more finely.
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("grid",)
    timed: ClassVar[bool | None] = False

    def __init__(
        self, *, strength: Strength = "gentle", knots: Annotated[int, Field(ge=2, le=32)] = 5
    ) -> None:
        (self.amount,), self.knots = amounts(strength, AMOUNTS), knots

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        rows, _, height, width = x.values.shape
        drawn = torch.randn(rows, 2, self.knots, self.knots, generator=generator).to(x.values.device)
        field = F.interpolate(drawn, (height, width), mode="bicubic", align_corners=True)
        down_H, right_W = axes(x.values)
        still = torch.stack([right_W.expand(height, width), down_H[:, None].expand(height, width)], -1)
        return resampled(x, still + 2 * self.amount * field.permute(0, 2, 3, 1))
