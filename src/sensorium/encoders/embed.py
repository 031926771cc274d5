"""Letters: B rows, F features, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from sensorium.encoders._base import Encoder
from sensorium.nn.attention import Mlp
from sensorium.types import Arrays, Facts, Layout, Tokens


class Embed(Encoder):
    """A learned vector for each category of each feature: their sum as one token, or one token each.

    index (B, F), ``sizes`` categories a feature with unknown as 0. The vectors of unknown start at
    zero, which says nothing. In a sum a missing feature is a learned vector of its own.

    Choices:
        tokens: pooled (one token a row) or features (one a category).
        dropout: chance that a unit of a vector is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("index",)

    start_F: Tensor
    gone_F: Tensor

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        tokens: Literal["pooled", "features"] = "pooled",
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        sizes = torch.tensor([int(s) for s in facts["sizes"]])
        stop = sizes.cumsum(0)
        self.register_buffer("start_F", stop - sizes, persistent=False)
        self.register_buffer("gone_F", stop[-1] + torch.arange(len(sizes)), persistent=False)
        self.table = nn.Embedding(int(stop[-1]) + len(sizes), dim)
        nn.init.normal_(self.table.weight, std=dim**-0.5)
        with torch.no_grad():
            self.table.weight[self.start_F] = 0
        self.mix = Mlp(dim, 2 * dim) if tokens == "pooled" else None
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Arrays) -> Tokens:
        ids_BF = torch.where(x.mask, x.values + self.start_F, self.gone_F)
        e_BFD = self.dropout(self.table(ids_BF))
        if self.mix is None:
            return Tokens(self.norm(e_BFD), x.mask).clean()
        sum_BD = e_BFD.sum(1)
        y_BD = sum_BD + self.mix(self.norm(sum_BD))
        return Tokens(y_BD.unsqueeze(1), x.mask.any(1, keepdim=True)).clean()
