from typing import Annotated

from pydantic import Field
from torch import Tensor

from sensorium.losses._base import Loss
from sensorium.losses._several import balanced, cost, several, weighed
from sensorium.types import Arrays, Facts


class BinaryCrossEntropy(Loss):
    """The mean of -log(probability of what is true) over the labels: logits (B, K), target (B, K) -> (B,).

    Each label is a yes/no question of its own.

    Choices:
        smoothing: The share of each answer that is spread evenly over yes and no.
        balance: How much more rare answers count, by effective numbers (Cui 2019); near 1: as 1 / rows.
    """

    weights: Tensor | None

    def __init__(
        self,
        facts: Facts,
        *,
        smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0,
        balance: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    ) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.register_buffer("weights", balanced(facts, balance), persistent=False)

    def forward(self, numbers: Tensor, target: Arrays) -> Tensor:
        logits_BK, true_BK = several(numbers, target)
        soft_BK = true_BK * (1 - self.smoothing) + self.smoothing / 2
        return weighed(cost(logits_BK, soft_BK), true_BK, self.weights)
