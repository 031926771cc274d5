"""What a loss is: one number per row. Only the training step reduces."""

from abc import ABC, abstractmethod

import torch
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


def column(numbers: Tensor, target: Arrays) -> tuple[Tensor, Tensor]:
    """float32 (B,) and (B,): the single number of (B, 1) and its truth, 0 where that is missing."""
    true_B = torch.where(target.mask, target.values, torch.zeros_like(target.values))
    return numbers.squeeze(1).float(), true_B.float()
