from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from sensorium.losses._base import Loss
from sensorium.losses._one import class_weights, true_labels
from sensorium.types import Arrays, Facts


class FocalCrossEntropy(Loss):
    """Cross-entropy of one label a row that counts less the surer it is right: (B, K), int64 (B,) -> (B,).

    -(1 - p)^gamma log(p), p the probability of the true label: rows that are easy leave the gradient to the
    hard ones. Source: Lin et al. 2017, "Focal Loss for Dense Object Detection", equation 4, with the softmax
    over K labels; ``facts["class_weights"]`` (K numbers), where the plan asks for them, are its equation 5.

    Choices:
        gamma: How much less sure rows count; 0: cross_entropy.
    """

    class_weights: Tensor | None

    def __init__(self, facts: Facts, *, gamma: Annotated[float, Field(ge=0)] = 2.0) -> None:
        super().__init__()
        self.gamma = gamma
        self.register_buffer("class_weights", class_weights(facts), persistent=False)

    def forward(self, numbers: Tensor, target: Arrays) -> Tensor:
        true_B1 = true_labels(target).unsqueeze(1)
        logs_BK = numbers.float().log_softmax(1)
        own_B = logs_BK.gather(1, true_B1).squeeze(1)
        others_BK = logs_BK.scatter(1, true_B1, float("-inf"))  # log(1 - p), exact where p is nearly 1
        lost_B = -torch.exp(self.gamma * others_BK.logsumexp(1)) * own_B
        return lost_B if self.class_weights is None else lost_B * self.class_weights[true_B1.squeeze(1)]
