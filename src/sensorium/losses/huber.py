from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from sensorium.losses._base import Loss, column
from sensorium.types import Arrays, Facts


class Huber(Loss):
    """Squared error near the truth, absolute error far from it: numbers (B, 1), target (B,) -> (B,).

    Source: Huber 1964, "Robust estimation of a location parameter", eq. 4.

    Choices:
        delta: The error, in standard deviations of the target, from which it grows linearly.
    """

    def __init__(self, facts: Facts, *, delta: Annotated[float, Field(gt=0)] = 1.0) -> None:
        super().__init__()
        self.delta = delta

    def forward(self, numbers: Tensor, target: Arrays) -> Tensor:
        given_B, true_B = column(numbers, target)
        error_B = (given_B - true_B).abs()
        return torch.where(error_B <= self.delta, error_B**2 / 2, self.delta * (error_B - self.delta / 2))
