from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from sensorium.losses._base import Loss
from sensorium.losses._several import balanced, cost, several, weighed
from sensorium.types import Arrays, Facts


class Focal(Loss):
    """Cross-entropy of labels that counts less the surer it is right: logits, target (B, K) -> (B,).

    -(1 - p)^gamma log(p), p the probability of what is true of the label; the mean over the labels.
    Source: Lin et al. 2017, "Focal Loss for Dense Object Detection", equation 4 (and 5 by ``balance``).

    Choices:
        gamma: How much less sure labels count; 0: binary cross-entropy.
        balance: How much more rare answers count, by effective numbers (Cui 2019); near 1: as 1 / rows.
    """

    weights: Tensor | None

    def __init__(
        self,
        facts: Facts,
        *,
        gamma: Annotated[float, Field(ge=0)] = 2.0,
        balance: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    ) -> None:
        super().__init__()
        self.gamma = gamma
        self.register_buffer("weights", balanced(facts, balance), persistent=False)

    def forward(self, numbers: Tensor, target: Arrays) -> Tensor:
        logits_BK, true_BK = several(numbers, target)
        wrong_BK = torch.sigmoid(torch.where(true_BK > 0, -logits_BK, logits_BK))
        return weighed(wrong_BK**self.gamma * cost(logits_BK, true_BK), true_BK, self.weights)
