"""Letters: B rows, F features."""

from typing import ClassVar

import torch

from sensorium.augment._base import Augment
from sensorium.augment._strength import Strength, amounts
from sensorium.types import Arrays, Layout

AMOUNTS = {"gentle": (0.05,), "medium": (0.1,), "strong": (0.2,)}
"""Share of the values."""


class ValueDropout(Augment):
    """Makes some numbers or categories of each row missing, as they may be in use; never a row's last one.

    scalar or index (B, F). With one feature nothing changes: hiding of whole inputs is ``train.hide_inputs``.

    Choices:
        strength: gentle (5 % of the values), medium (10 %), strong (20 %), or a number (1 gentle, 3 strong).
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("scalar", "index")

    def __init__(self, *, strength: Strength = "gentle") -> None:
        (self.share,) = amounts(strength, AMOUNTS)

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        drawn_BF = torch.rand(x.mask.shape, generator=generator).to(x.values.device)
        drawn_BF = torch.where(x.mask, drawn_BF, -1.0)
        best_B1 = drawn_BF.amax(1, keepdim=True)
        mask_BF = x.mask & ((drawn_BF >= self.share) | (drawn_BF == best_B1))
        return Arrays(torch.where(mask_BF, x.values, torch.zeros_like(x.values)), mask_BF)
