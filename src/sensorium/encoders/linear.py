"""Letters: B rows, F features, T frames, D dim."""

from typing import ClassVar, Literal

import torch
from torch import nn

from sensorium.encoders._base import Encoder
from sensorium.nn.pool import summary
from sensorium.types import Arrays, Facts, Layout, Tokens


class Linear(Encoder):
    """One affine map of the features: one token a row, or one a frame.

    scalar (B, F) gives one token; a missing feature adds a learned vector. frames (B, T, F) give one
    token, or one a frame; a missing feature is its mean (0), and times are not read.

    Choices:
        tokens: pooled (the mean over frames) or sequence (one token a frame).
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("scalar", "frames")

    def __init__(self, facts: Facts, dim: int, *, tokens: Literal["pooled", "sequence"] = "pooled") -> None:
        super().__init__()
        features = int(facts["features"])
        self.pooled = tokens == "pooled"
        self.map = nn.Linear(features, dim)
        self.missing_FD = nn.Parameter(torch.zeros(features, dim)) if facts["layout"] == "scalar" else None

    def forward(self, x: Arrays) -> Tokens:
        mask = x.mask if x.mask.ndim == x.values.ndim else x.mask.unsqueeze(-1).expand(x.values.shape)
        values = torch.where(mask, x.values, torch.zeros_like(x.values))
        y = self.map(values)
        if self.missing_FD is not None:
            y_BD = y + (~mask).to(self.missing_FD.dtype) @ self.missing_FD
            return Tokens(y_BD.unsqueeze(1), mask.any(1, keepdim=True)).clean()
        tokens = Tokens(y, mask.any(-1))
        return summary(tokens) if self.pooled else tokens.clean()
