"""Letters: B rows, M inputs, D dim."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from sensorium.fusion._base import Fusion
from sensorium.nn.gate import GatedMix
from sensorium.nn.pool import mean
from sensorium.types import Fused, Tokens


class Concat(Fusion):
    """Pool each input to one vector, lay them side by side, mix them with a gated perceptron.

    A missing input is a learned vector of its own, or zeros. The joint has one token, always real.

    Choices:
        hidden: units of the hidden layer.
        dropout: chance that a hidden unit is dropped in training.
        missing: what a missing input is: learned, a vector of its own, or none, zeros.
    """

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        hidden: Annotated[int, Field(ge=1)] = 128,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Literal["learned", "none"] = "learned",
    ) -> None:
        super().__init__()
        self.inputs = tuple(inputs)
        told = missing == "learned"
        self.missing_MD = nn.Parameter(torch.randn(len(inputs), dim) * 0.02) if told else None
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in inputs)
        wide = dim * len(inputs)
        self.skip, self.mix = nn.Linear(wide, dim), GatedMix(wide, dim, hidden, dropout)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        x = torch.cat([self._one(i, inputs[name]) for i, name in enumerate(self.inputs)], -1)
        y_BD = self.skip(x) + self.mix(x)
        real = torch.ones(y_BD.shape[0], 1, dtype=torch.bool, device=y_BD.device)
        return Fused(Tokens(y_BD.unsqueeze(1), real), dict(inputs), readout=y_BD)

    def _one(self, place: int, tokens: Tokens) -> Tensor:
        """(B, D): the input's normalised mean, or its missing vector."""
        pooled_BD = mean(tokens.values, tokens.mask).to(self.skip.weight.dtype)
        value_BD = self.norms[place](pooled_BD)
        nothing_D = value_BD.new_zeros(value_BD.shape[-1])
        gone_D = nothing_D if self.missing_MD is None else self.missing_MD[place]
        return torch.where(tokens.mask.any(1, keepdim=True), value_BD, gone_D.to(value_BD.dtype))
