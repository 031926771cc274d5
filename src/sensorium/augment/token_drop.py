"""Letters: B rows, T tokens."""

from typing import ClassVar

import torch

from sensorium.augment._base import Augment
from sensorium.augment._strength import Strength, amounts
from sensorium.types import Arrays, Layout

AMOUNTS = {"gentle": (0.05,), "medium": (0.1,), "strong": (0.2,)}
"""Share of tokens."""


class TokenDrop(Augment):
    """Leaves out some tokens of each row (Wei 2019, "random deletion"): texts get shorter, sets smaller.

    ids (B, T), real tokens first. At least one token of a row stays.

    Choices:
        strength: gentle (5 % of the tokens), medium (10 %), strong (20 %), or a number (1 gentle, 3 strong).
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("ids",)

    def __init__(self, *, strength: Strength = "gentle") -> None:
        (self.share,) = amounts(strength, AMOUNTS)

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        drawn_BT = torch.rand(x.mask.shape, generator=generator).to(x.values.device)
        drawn_BT = torch.where(x.mask, drawn_BT, -1.0)
        best_B1 = drawn_BT.amax(1, keepdim=True)
        kept_BT = x.mask & ((drawn_BT >= self.share) | (drawn_BT == best_B1))
        order_BT = torch.argsort((~kept_BT).to(torch.uint8), dim=1, stable=True)
        mask_BT = kept_BT.gather(1, order_BT)
        values_BT = x.values.gather(1, order_BT)
        return Arrays(torch.where(mask_BT, values_BT, torch.zeros_like(values_BT)), mask_BT)
