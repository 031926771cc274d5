"""Letters: B rows, T steps, G n-grams of a row, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.types import Arrays, Facts, Layout, Tokens

PRIME, FACTOR = 2**31 - 1, 1_000_003
"""Of the rolling hash h <- (h * FACTOR + id + 1) mod PRIME, which never leaves 64 bits."""


class HashedNgrams(Encoder):
    """A linear map of how often each hashed n-gram occurs: sparse, and blind to order beyond n (Joulin 2017).

    ids (B, T), whatever they stand for: pieces of words, words or characters, as the modality's tokenizer
    says. Each run of 1 to n neighbouring ids is hashed to a row of a table (Weinberger 2009), of which only
    the rows that occur are read. Gives one token.

    Choices:
        longest: ids of the longest n-gram.
        buckets: rows of the table; n-grams that share one are not told apart.
        scale: what the sum is divided by: root (of the number of n-grams: as large for long texts) or mean.
        dropout: chance that an n-gram is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("ids",)

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        longest: Annotated[int, Field(ge=1, le=8)] = 3,
        buckets: Annotated[int, Field(ge=1)] = 2**16,
        scale: Literal["root", "mean"] = "root",
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        self.longest, self.power = longest, 0.5 if scale == "root" else 1.0
        self.bag = nn.EmbeddingBag(buckets, dim, mode="sum")
        nn.init.normal_(self.bag.weight, std=dim**-0.5)
        self.bias_D = nn.Parameter(torch.zeros(dim))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Arrays) -> Tokens:
        bucket_BG, real_BG = self._hashed(x)
        count_B1 = real_BG.sum(1, keepdim=True).clamp(min=1)
        weight_BG = self.dropout(real_BG.to(self.bag.weight.dtype) / count_B1**self.power)
        token_BD = self.bag(bucket_BG, per_sample_weights=weight_BG) + self.bias_D
        return Tokens(token_BD.unsqueeze(1), x.mask.any(1, keepdim=True)).clean()

    def _hashed(self, x: Arrays) -> tuple[Tensor, Tensor]:
        """The bucket of every n-gram, all of one id first, and whether all of its ids are real (B, G)."""
        ids_BT = torch.where(x.mask, x.values, torch.zeros_like(x.values))
        steps = ids_BT.shape[1]
        hash_BT, real_BT = (ids_BT + 1) % PRIME, x.mask
        buckets, real = [hash_BT % self.bag.num_embeddings], [real_BT]
        for more in range(1, self.longest):
            after_BT, mask_BT = (F.pad(t, (0, more))[:, more : more + steps] for t in (ids_BT, x.mask))
            hash_BT, real_BT = (hash_BT * FACTOR + after_BT + 1) % PRIME, real_BT & mask_BT
            buckets.append(hash_BT % self.bag.num_embeddings)
            real.append(real_BT)
        return torch.cat(buckets, 1), torch.cat(real, 1)
