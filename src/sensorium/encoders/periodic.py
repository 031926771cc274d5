"""Letters: B rows, F features, K frequencies, W width of one feature's vector, D dim."""

import math
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.mix import Mix
from sensorium.types import Arrays, Facts, Layout, Tokens


class Periodic(Encoder):
    """Sines and cosines of learned frequencies of each number, then a small network (Gorishniy 2022, eq. 2).

    scalar (B, F) gives one token, to which a missing feature adds a learned vector, or one a feature.

    Choices:
        tokens: pooled (one token a row) or features (one a number).
        frequencies: sines and cosines of each number.
        scale: standard deviation of the first frequencies, in turns a unit of the standardised number.
        width: size of the vector of each number.
        hidden: units of the hidden layer that mixes the numbers (pooled only).
        dropout: chance that a hidden unit is dropped in training (pooled only).
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("scalar",)

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        tokens: Literal["pooled", "features"] = "pooled",
        frequencies: Annotated[int, Field(ge=1)] = 24,
        scale: Annotated[float, Field(gt=0)] = 0.1,
        width: Annotated[int, Field(ge=1)] = 24,
        hidden: Annotated[int, Field(ge=1)] = 128,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        features = int(facts["features"])
        self.frequency_FK = nn.Parameter(torch.randn(features, frequencies) * scale)
        bound = (2 * frequencies + 1) ** -0.5
        self.weight_FSW = nn.Parameter(
            torch.empty(features, 2 * frequencies + 1, width).uniform_(-bound, bound)
        )
        self.bias_FW = nn.Parameter(torch.zeros(features, width))
        pooled = tokens == "pooled"
        self.missing_FW = nn.Parameter(torch.zeros(features, width)) if pooled else None
        self.mix = Mix(features * width, hidden, dim, dropout) if pooled else None
        self.out = None if pooled else nn.Linear(width, dim)

    def forward(self, x: Arrays) -> Tokens:
        e_BFW = self._embedded(x)
        if self.mix is not None:
            return Tokens(self.mix(e_BFW.flatten(1)).unsqueeze(1), x.mask.any(1, keepdim=True)).clean()
        assert self.out is not None
        return Tokens(self.out(e_BFW), x.mask).clean()

    def _embedded(self, x: Arrays) -> Tensor:
        """(B, F, W): ReLU of an affine map of each feature's waves and of the feature itself."""
        value_BF1 = torch.where(x.mask, x.values, torch.zeros_like(x.values)).unsqueeze(-1)
        angle_BFK = 2 * math.pi * self.frequency_FK * value_BF1
        waves_BFS = torch.cat([angle_BFK.cos(), angle_BFK.sin(), value_BF1], -1)
        e_BFW = F.relu(torch.einsum("bfs,fsw->bfw", waves_BFS, self.weight_FSW) + self.bias_FW)
        if self.missing_FW is None:
            return e_BFW
        return torch.where(x.mask.unsqueeze(-1), e_BFW, self.missing_FW.to(e_BFW.dtype))
