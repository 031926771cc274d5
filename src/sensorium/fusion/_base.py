"""What a fusion is: the tokens of every input -> one set of tokens."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import nn

from sensorium.types import Fused, Tokens


class Fusion(nn.Module, ABC):
    """From the tokens of every input to joint tokens of the same D.

    ``__init__(self, inputs, dim, *, choices)``.

    inputs: the names, in plan order. Any of them may be missing in any row, all of them too: the
    joint tokens stay finite. Masked values never matter. No module is made in ``forward``.
    """

    learns_xor: ClassVar[bool] = True
    """Whether it can learn XOR of two inputs; a test holds it to its word."""
    cost: ClassVar[str] = "inputs"
    """How matrix products grow, as powers of the inputs and of the tokens of each: ``inputs^2 tokens``."""

    @abstractmethod
    def forward(self, inputs: dict[str, Tokens]) -> Fused: ...
