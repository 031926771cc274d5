import math

import torch
from torch import Tensor

from sensorium.losses._base import Loss, column
from sensorium.types import Arrays, Facts

STEEP = 20.0
"""Log rates above which the rate grows as its tangent, so that no gradient is infinite."""


class Poisson(Loss):
    """Half the Poisson deviance as a share of the mean count: log rates (B, 1), target (B,) -> (B,).

    y log(y / rate) - y + rate, which is -log(probability of the count) less that of the best rate. Log rates,
    and counts in the target, are logarithms of shares of the mean count; ``facts["zero"]`` stands for none.
    Source: McCullagh and Nelder 1989, "Generalized Linear Models", section 2.3.
    """

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self.zero = float(facts.get("zero", math.log(0.5)))

    def forward(self, numbers: Tensor, target: Arrays) -> Tensor:
        log_B, true_B = column(numbers, target)
        tangent_B = (log_B - STEEP + 1) * math.exp(STEEP)
        rate_B = torch.where(log_B > STEEP, tangent_B, log_B.clamp(max=STEEP).exp())
        some_B = true_B > self.zero + math.log(2) / 2  # a count of 1 lies log 2 above none
        share_B = torch.where(some_B, true_B.exp(), torch.zeros_like(true_B))
        known_B = torch.where(some_B, true_B, torch.zeros_like(true_B))
        return share_B * (known_B - log_B) - share_B + rate_B
