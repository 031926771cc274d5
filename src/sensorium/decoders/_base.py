"""What a decoder is: fused tokens -> the numbers that a task reads."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from sensorium.types import Fused


class Decoder(nn.Module, ABC):
    """From fused tokens to numbers. ``__init__(self, dim, facts, *, choices)``.

    facts: what the task learned of the target; ``facts["width"]`` numbers a row are asked for.
    A decoder that writes step by step has ``start(fused) -> state`` and
    ``step(state, ids) -> (logits, state)``.
    """

    @abstractmethod
    def forward(self, fused: Fused, target: Tensor | None = None) -> Tensor:
        """Numbers (B, width). ``target`` is there in training only, for teacher forcing."""
