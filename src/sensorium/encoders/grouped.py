"""Letters: B rows, T steps, F features, G groups, S features of a group, U units of a group, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.pool import summary
from sensorium.types import Arrays, Facts, Layout, Tokens

SHORT = 1024
"""Features up to which one affine map is small enough."""


class Grouped(Encoder):
    """Vectors of any length through a small network: one affine map, or, for long ones, groups of features
    that share a few units, and one affine map of all units.

    frames (B, T, F) or scalar (B, F). Groups take about F x units weights where one map takes F x dim: 0.1
    million for 20,000 features instead of 1.3. A missing feature is its mean (0) in frames, and a learned
    value in scalar.

    Choices:
        tokens: pooled (the mean over steps) or sequence (one token a step).
        form: affine (one map), groups, or auto: groups above 1,024 features.
        size: neighbouring features that share units (groups only).
        units: units of a group; 0: so many that all groups have 4 x dim, and at least 2 (groups only).
        dropout: chance that a unit is dropped in training (groups only).
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("frames", "scalar")

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        tokens: Literal["pooled", "sequence"] = "pooled",
        form: Literal["auto", "affine", "groups"] = "auto",
        size: Annotated[int, Field(ge=1)] = 256,
        units: Annotated[int, Field(ge=0)] = 0,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        features = int(facts["features"])
        groups = form == "groups" or (form == "auto" and features > SHORT)
        self.pooled = tokens == "pooled"
        self.map = _Groups(features, dim, size, units, dropout) if groups else nn.Linear(features, dim)
        self.missing_F = nn.Parameter(torch.zeros(features)) if facts["layout"] == "scalar" else None

    def forward(self, x: Arrays) -> Tokens:
        mask = x.mask if x.mask.ndim == x.values.ndim else x.mask.unsqueeze(-1)
        if self.missing_F is not None:
            values_BF = torch.where(mask, x.values, self.missing_F.to(x.values.dtype))
            return Tokens(self.map(values_BF.unsqueeze(1)), x.mask.any(1, keepdim=True)).clean()
        values_BTF = torch.where(mask, x.values, torch.zeros_like(x.values))
        tokens = Tokens(self.map(values_BTF), mask.any(-1))
        return summary(tokens) if self.pooled else tokens.clean()


class _Groups(nn.Module):
    """(B, T, F) -> (B, T, D)."""

    def __init__(self, features: int, dim: int, size: int, units: int, dropout: float) -> None:
        super().__init__()
        groups = -(-features // size)
        units = units or max(2, -(-4 * dim // groups))
        self.size, self.extra = size, groups * size - features
        self.weight_GSU = nn.Parameter(torch.randn(groups, size, units) * min(size, features) ** -0.5)
        self.bias_GU = nn.Parameter(torch.zeros(groups, units))
        self.norm, self.dropout = nn.LayerNorm(groups * units), nn.Dropout(dropout)
        self.out = nn.Linear(groups * units, dim)

    def forward(self, x_BTF: Tensor) -> Tensor:
        rows, steps, _ = x_BTF.shape
        groups = len(self.weight_GSU)
        x_GNS = F.pad(x_BTF, (0, self.extra)).view(rows * steps, groups, self.size).transpose(0, 1)
        h_GNU = torch.baddbmm(self.bias_GU.unsqueeze(1), x_GNS, self.weight_GSU)
        h_BTH = h_GNU.transpose(0, 1).reshape(rows, steps, -1)
        y_BTD: Tensor = self.out(self.dropout(F.gelu(self.norm(h_BTH))))
        return y_BTD
