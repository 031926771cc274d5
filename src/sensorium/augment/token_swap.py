"""Letters: B rows, T tokens."""

from typing import ClassVar

import torch

from sensorium.augment._base import Augment
from sensorium.augment._strength import Strength, amounts
from sensorium.types import Arrays, Layout

AMOUNTS = {"gentle": (0.05,), "medium": (0.1,), "strong": (0.2,)}
"""Share of tokens."""
REACH = 2.5
"""Places that a token moves at most, to either side, and half a place, so that it passes its neighbour."""


class TokenSwap(Augment):
    """Moves some tokens of each row past their neighbours (Wei 2019, "random swap", but near by).

    ids (B, T), real tokens first. Encoders that see no order (bag without pairs) see no change.

    Choices:
        strength: gentle (5 % of the tokens), medium (10 %), strong (20 %), or a number (1 gentle, 3 strong).
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("ids",)

    def __init__(self, *, strength: Strength = "gentle") -> None:
        (self.share,) = amounts(strength, AMOUNTS)

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        drawn_2BT = torch.rand((2, *x.mask.shape), generator=generator).to(x.values.device)
        place_T = torch.arange(x.mask.shape[1], device=x.values.device, dtype=torch.float32)
        far_BT = torch.where(drawn_2BT[0] < self.share, (2 * drawn_2BT[1] - 1) * REACH, 0.0)
        place_BT = torch.where(x.mask, place_T + far_BT, float("inf"))
        order_BT = torch.argsort(place_BT, dim=1, stable=True)
        values_BT = torch.where(x.mask, x.values.gather(1, order_BT), torch.zeros_like(x.values))
        return Arrays(values_BT, x.mask)
