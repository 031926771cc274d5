"""What networks over several columns share. Letters: B rows, F features, E size of a vector."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sensorium.nn.norm import MaskedBatchNorm


class CategoryTable(nn.Module):
    """A learned vector for each category of each feature and for its being missing: (B, F) -> (B, F, E).

    sizes: categories of each feature, 0 being unknown, whose vector starts at zero.
    """

    start_F: Tensor
    gone_F: Tensor

    def __init__(self, sizes: Sequence[int], size: int) -> None:
        super().__init__()
        sizes_F = torch.tensor([int(s) for s in sizes])
        stop_F = sizes_F.cumsum(0)
        self.register_buffer("start_F", stop_F - sizes_F, persistent=False)
        self.register_buffer("gone_F", stop_F[-1] + torch.arange(len(sizes)), persistent=False)
        self.table = nn.Embedding(int(stop_F[-1]) + len(sizes), size)
        nn.init.uniform_(self.table.weight, -(size**-0.5), size**-0.5)
        with torch.no_grad():
            self.table.weight[self.start_F] = 0

    def forward(self, codes_BF: Tensor, mask_BF: Tensor) -> Tensor:
        e_BFE: Tensor = self.table(torch.where(mask_BF, codes_BF + self.start_F, self.gone_F))
        return e_BFE


class RowNorm(nn.Module):
    """Layer normalisation, called like ``MaskedBatchNorm``: it needs no mask, for it never mixes rows."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, x_BW: Tensor, mask_B: Tensor | None = None) -> Tensor:  # noqa: ARG002 (see above)
        y_BW: Tensor = self.norm(x_BW)
        return y_BW


def normalisation(kind: str, width: int) -> nn.Module:
    """``batch`` over present rows, or ``layer`` over each row's units."""
    return MaskedBatchNorm(width) if kind == "batch" else RowNorm(width)
