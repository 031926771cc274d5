from torch import Tensor

from sensorium.losses._base import Loss, column
from sensorium.types import Arrays, Facts


class Absolute(Loss):
    """The absolute error of the standardised number: numbers (B, 1), target (B,) -> (B,)."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()

    def forward(self, numbers: Tensor, target: Arrays) -> Tensor:
        given_B, true_B = column(numbers, target)
        return (given_B - true_B).abs()
