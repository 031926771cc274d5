"""What a loss is: one number per row. Only the training step reduces."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from sensorium.types import Arrays


class Loss(nn.Module, ABC):
    """From numbers and target to one number per row (B,). ``__init__(self, facts, *, choices)``.

    facts: what the task learned of the target. Rows whose target is missing may return anything
    finite: the step masks them. ``rowwise = False`` says that the loss compares rows of its batch.
    """

    rowwise: bool = True

    @abstractmethod
    def forward(self, numbers: Tensor, target: Arrays) -> Tensor: ...
