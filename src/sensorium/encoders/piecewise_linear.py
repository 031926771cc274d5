"""Letters: B rows, F features, S bins of a feature, W width of a feature, D dim."""

import math
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.mix import Mix
from sensorium.types import Arrays, Facts, Layout, Tokens


class PiecewiseLinear(Encoder):
    """Numbers as how far they fill each of their quantile bins, then a linear layer of each (Gorishniy 2022).

    scalar (B, F); ``bins``, the edges of each feature, come with the facts (the number modality's choice
    ``bins`` says how many). Equation 1: bins below a value are 1, those above 0, its own lies in between, and
    the first and the last go on outwards. Then an affine map of each feature and ReLU ("Q-LR"). One token a
    row, mixed by a hidden layer, or one a feature. In one token a missing feature is a learned vector.

    Choices:
        tokens: pooled (one token a row) or features (one a number).
        width: size of the vector of each number.
        hidden: units of the hidden layer that mixes the numbers (pooled only).
        dropout: chance that a hidden unit is dropped in training (pooled only).
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("scalar",)

    start_FS: Tensor
    size_FS: Tensor
    least_FS: Tensor
    most_FS: Tensor

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        tokens: Literal["pooled", "features"] = "pooled",
        width: Annotated[int, Field(ge=1)] = 24,
        hidden: Annotated[int, Field(ge=1)] = 128,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        features = int(facts["features"])
        for name, table in _ramps(facts["bins"]).items():
            self.register_buffer(name, table, persistent=False)
        counts = [len(edges) - 1 for edges in facts["bins"]]
        self.weight_FSW = nn.Parameter(torch.empty(features, max(counts), width).uniform_(-1, 1))
        with torch.no_grad():
            self.weight_FSW.mul_(torch.tensor(counts).view(-1, 1, 1) ** -0.5)
        self.bias_FW = nn.Parameter(torch.zeros(features, width))
        pooled = tokens == "pooled"
        self.missing_FW = nn.Parameter(torch.zeros(features, width)) if pooled else None
        self.mix = Mix(features * width, hidden, dim, dropout) if pooled else None
        self.out = None if pooled else nn.Linear(width, dim)

    def forward(self, x: Arrays) -> Tokens:
        value_BF = torch.where(x.mask, x.values, torch.zeros_like(x.values))
        fill_BFS = (value_BF.unsqueeze(-1) - self.start_FS) / self.size_FS
        fill_BFS = torch.minimum(torch.maximum(fill_BFS, self.least_FS), self.most_FS)
        e_BFW = F.relu(torch.einsum("bfs,fsw->bfw", fill_BFS, self.weight_FSW) + self.bias_FW)
        if self.mix is None:
            assert self.out is not None
            return Tokens(self.out(e_BFW), x.mask).clean()
        assert self.missing_FW is not None
        e_BFW = torch.where(x.mask.unsqueeze(-1), e_BFW, self.missing_FW.to(e_BFW.dtype))
        return Tokens(self.mix(e_BFW.flatten(1)).unsqueeze(1), x.mask.any(1, keepdim=True)).clean()


def _ramps(bins: list[list[float]]) -> dict[str, Tensor]:
    """Start, size, least and most of the ramp of each bin (F, S); bins that a feature lacks stay at 0."""
    shape = len(bins), max(len(edges) for edges in bins) - 1
    start, size = torch.zeros(shape), torch.ones(shape)
    least, most = torch.zeros(shape), torch.zeros(shape)
    for row, edges in enumerate(bins):
        at, count = torch.tensor(edges, dtype=torch.float32), len(edges) - 1
        start[row, :count], size[row, :count], most[row, :count] = at[:-1], at.diff(), 1.0
        least[row, 0], most[row, count - 1] = -math.inf, math.inf
    return {"start_FS": start, "size_FS": size, "least_FS": least, "most_FS": most}
