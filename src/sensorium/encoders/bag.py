"""Letters: B rows, T tokens, F features, D dim."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from sensorium.encoders._base import Encoder
from sensorium.nn.attention import Mlp
from sensorium.nn.pool import AttentionPool, mean
from sensorium.types import Arrays, Facts, Layout, Tokens


class Bag(Encoder):
    """The mean of the vectors of ids and of their hashed pairs (fastText, Joulin 2017), without order.

    ids (B, T) or frames (B, T, F); gives one token.

    Choices:
        pairs: hashed buckets for pairs of neighbouring ids; 0 leaves pairs out; frames have none.
        weigh: weigh the mean by a learned score of each vector instead of evenly.
        dropout: chance that a unit of the mean is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("ids", "frames")

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        pairs: Annotated[int, Field(ge=0)] = 4096,
        weigh: bool = True,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        self.vocabulary = int(facts["vocabulary"]) if facts["layout"] == "ids" else 0
        self.pairs = pairs if self.vocabulary else 0
        self.table = nn.Embedding(self.vocabulary + self.pairs, dim) if self.vocabulary else None
        self.project = None if self.vocabulary else nn.Linear(int(facts["features"]), dim)
        if self.table is not None:
            nn.init.normal_(self.table.weight, std=dim**-0.5)
        self.pool = AttentionPool(dim) if weigh else None
        self.norm, self.mix, self.dropout = nn.LayerNorm(dim), Mlp(dim, 2 * dim), nn.Dropout(dropout)

    def forward(self, x: Arrays) -> Tokens:
        e_BSD, mask_BS = self._vectors(x)
        pooled_BD = mean(e_BSD, mask_BS) if self.pool is None else self.pool(e_BSD, mask_BS)
        mean_BD = self.dropout(self.norm(pooled_BD))
        y_BD = mean_BD + self.mix(mean_BD)
        return Tokens(y_BD.unsqueeze(1), mask_BS.any(1, keepdim=True)).clean()

    def _vectors(self, x: Arrays) -> tuple[Tensor, Tensor]:
        """The vectors to average (B, S, D) and which are real."""
        mask_BT = x.mask if x.mask.ndim == 2 else x.mask.any(-1)
        mask = x.mask.unsqueeze(-1) if x.mask.ndim < x.values.ndim else x.mask
        values = torch.where(mask, x.values, torch.zeros_like(x.values))
        if self.project is not None:
            return self.project(values), mask_BT
        assert self.table is not None
        if not self.pairs:
            return self.table(values), mask_BT
        pair = (values[:, :-1] * 1_000_003 + values[:, 1:] * 7_919) % self.pairs + self.vocabulary
        both = mask_BT[:, :-1] & mask_BT[:, 1:]
        return self.table(torch.cat([values, pair], 1)), torch.cat([mask_BT, both], 1)
