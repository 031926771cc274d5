"""Several parts of an input as one token."""

from collections.abc import Sequence

import torch
from torch import nn

from sensorium.nn.pool import mean
from sensorium.types import Tokens


class Joined(nn.Module):
    """Each part's masked mean, or a learned vector where the part is missing, side by side -> one token.

    parts: how many there are. dim: D. The token is real in rows where any part is.
    """

    def __init__(self, parts: int, dim: int) -> None:
        super().__init__()
        self.missing = nn.Parameter(torch.zeros(parts, dim))
        self.map = nn.Linear(parts * dim, dim)

    def forward(self, parts: Sequence[Tokens]) -> Tokens:
        """P tokens (B, T, D) of any T -> tokens (B, 1, D)."""
        real = [part.mask.any(1, keepdim=True) for part in parts]
        pooled = [
            torch.where(real_B1, mean(part.values, part.mask), gone_D)
            for part, real_B1, gone_D in zip(parts, real, self.missing, strict=True)
        ]
        return Tokens(self.map(torch.cat(pooled, 1)).unsqueeze(1), torch.stack(real).any(0))
