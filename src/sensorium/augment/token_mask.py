"""Letters: B rows, T tokens."""

from typing import ClassVar

import torch

from sensorium.augment._base import Augment
from sensorium.augment._strength import Strength, amounts
from sensorium.types import Arrays, Layout

AMOUNTS = {"gentle": (0.05,), "medium": (0.1,), "strong": (0.2,)}
"""Share of tokens."""
UNKNOWN = 1
"""The id that stands for a token that training did not know."""


class TokenMask(Augment):
    """Makes some tokens of each row unknown, so that no single word decides and unknown ones are met early.

    ids (B, T).

    Choices:
        strength: gentle (5 % of the tokens), medium (10 %), strong (20 %), or a number (1 gentle, 3 strong).
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("ids",)

    def __init__(self, *, strength: Strength = "gentle") -> None:
        (self.share,) = amounts(strength, AMOUNTS)

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        hidden_BT = torch.rand(x.mask.shape, generator=generator).to(x.values.device) < self.share
        values_BT = torch.where(hidden_BT, torch.full_like(x.values, UNKNOWN), x.values)
        return Arrays(torch.where(x.mask, values_BT, torch.zeros_like(values_BT)), x.mask)
