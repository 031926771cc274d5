"""Letters: B rows, F features, E size of a category's vector, W width inside, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.columns import CategoryTable, normalisation
from sensorium.types import Arrays, Facts, Layout, Tokens


class Mlp(Encoder):
    """Affine layers with shortcuts over all features of a row ("ResNet", Gorishniy 2021, section 3.2).

    scalar (B, F) or index (B, F), whose categories become vectors side by side. Gives one token. A missing
    number adds a learned vector; a missing category has a vector of its own. Batch normalisation counts
    present rows only, and in use no row of the batch.

    Choices:
        layers: residual blocks of two affine maps.
        width: units between blocks.
        hidden: units inside a block.
        category: size of a category's vector (categories only).
        norm: batch (the paper's) or layer (each row by itself, also in training).
        dropout: chance that a unit inside a block is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("scalar", "index")

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        layers: Annotated[int, Field(ge=1)] = 2,
        width: Annotated[int, Field(ge=1)] = 128,
        hidden: Annotated[int, Field(ge=1)] = 256,
        category: Annotated[int, Field(ge=1)] = 8,
        norm: Literal["batch", "layer"] = "batch",
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        self.table = CategoryTable(facts["sizes"], category) if facts["layout"] == "index" else None
        enters = category * len(facts["sizes"]) if self.table is not None else 2 * int(facts["features"])
        self.entrance = nn.Linear(enters, width)
        self.blocks = nn.ModuleList(_Block(width, hidden, norm, dropout) for _ in range(layers))
        self.norm, self.out = normalisation(norm, width), nn.Linear(width, dim)

    def forward(self, x: Arrays) -> Tokens:
        real_B = x.mask.any(1)
        h_BW = self.entrance(self._entered(x))
        for block in self.blocks:
            h_BW = block(h_BW, real_B)
        token_BD = self.out(F.relu(self.norm(h_BW, real_B)))
        return Tokens(token_BD.unsqueeze(1), real_B.unsqueeze(1)).clean()

    def _entered(self, x: Arrays) -> Tensor:
        """Numbers with marks of those that are missing (B, 2 F), or vectors of categories (B, F E)."""
        if self.table is not None:
            e_BFE: Tensor = self.table(x.values, x.mask)
            return e_BFE.flatten(1)
        values_BF = torch.where(x.mask, x.values, torch.zeros_like(x.values))
        return torch.cat([values_BF, (~x.mask).to(values_BF.dtype)], 1)


class _Block(nn.Module):
    """x + Dropout(Linear(Dropout(ReLU(Linear(Norm(x)))))) (Gorishniy 2021, section 3.2)."""

    def __init__(self, width: int, hidden: int, norm: str, dropout: float) -> None:
        super().__init__()
        self.norm, self.dropout = normalisation(norm, width), nn.Dropout(dropout)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x_BW: Tensor, real_B: Tensor) -> Tensor:
        h_BW = self.dropout(F.relu(self.up(self.norm(x_BW, real_B))))
        y_BW: Tensor = x_BW + self.dropout(self.down(h_BW))
        return y_BW
