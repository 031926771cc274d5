"""Letters: B rows, T tokens, F features, W width inside, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from sensorium.encoders._base import Encoder
from sensorium.nn.attention import Block, check_heads, rotary
from sensorium.nn.pool import AttentionPool
from sensorium.types import Arrays, Facts, Json, Layout, Tokens

PLACES = 512
"""Places that learned positions know when the facts do not say the longest."""


class Transformer(Encoder):
    """A pre-norm Transformer over ids or frames (Vaswani 2017; Xiong 2020, fig. 1b; rotary: Su 2021).

    ids (B, T) or frames (B, T, F); times are not read: a step is a step. Learned positions know as many
    places as ids are long, and 512 for frames; later steps share the last.

    Choices:
        tokens: pooled (one token, an attention-weighted mean) or sequence (all of them).
        depth: layers.
        heads: attention heads; they must divide the width (into even parts for rotary positions).
        width: size of a token inside; 0 means the plan's dim.
        positions: rotary (relative), learned (one vector a place) or none (order is not seen).
        dropout: chance that a unit of a layer's output is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("ids", "frames")
    presets: ClassVar[dict[str, dict[str, Json]]] = {
        "transformer_tiny": {"depth": 2, "width": 64, "heads": 4},
        "transformer_small": {"depth": 4, "width": 128, "heads": 4},
        "transformer_base": {"depth": 6, "width": 256, "heads": 8},
    }

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        tokens: Literal["pooled", "sequence"] = "pooled",
        depth: Annotated[int, Field(ge=1)] = 2,
        heads: Annotated[int, Field(ge=1)] = 4,
        width: Annotated[int, Field(ge=0)] = 0,
        positions: Literal["rotary", "learned", "none"] = "rotary",
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        width = width or dim
        check_heads("encoder transformer", width, heads, positions == "rotary")
        self.head_width = width // heads if positions == "rotary" else 0
        self.table, self.project = _entrance(facts, width)
        self.places = (
            nn.Embedding(int(facts.get("longest", PLACES)), width) if positions == "learned" else None
        )
        if self.places is not None:
            nn.init.normal_(self.places.weight, std=0.3)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, layers=depth, dropout=dropout) for _ in range(depth))
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, dim)
        self.pool = AttentionPool(width, heads) if tokens == "pooled" else None

    def forward(self, x: Arrays) -> Tokens:
        mask_BT = x.mask if x.mask.ndim == 2 else x.mask.any(-1)
        h_BTW = self.dropout(self._entered(x, mask_BT))
        length = h_BTW.shape[1]
        turn = rotary(length, self.head_width, h_BTW.device) if self.head_width else None
        for block in self.blocks:
            h_BTW = block(h_BTW, mask_BT, turn)
        h_BTW = self.norm(h_BTW)
        if self.pool is not None:
            y_B1D = self.out(self.pool(h_BTW, mask_BT)).unsqueeze(1)
            return Tokens(y_B1D, mask_BT.any(1, keepdim=True)).clean()
        return Tokens(self.out(h_BTW), mask_BT).clean()

    def _entered(self, x: Arrays, mask_BT: Tensor) -> Tensor:
        """(B, T, W): each id's vector or each frame's projection, with its learned place if any."""
        mask = x.mask.unsqueeze(-1) if x.mask.ndim < x.values.ndim else x.mask
        values = torch.where(mask, x.values, torch.zeros_like(x.values))
        if self.table is not None:
            h_BTW: Tensor = self.table(values)
        else:
            assert self.project is not None
            h_BTW = self.project(values)
        if self.places is None:
            return h_BTW
        place_T = torch.arange(mask_BT.shape[1], device=mask_BT.device).clamp(
            max=self.places.num_embeddings - 1
        )
        placed_BTW: Tensor = h_BTW + self.places(place_T)
        return placed_BTW


def _entrance(facts: Facts, width: int) -> tuple[nn.Embedding | None, nn.Linear | None]:
    """A table of vectors for ids, or a projection for frames."""
    if facts["layout"] == "ids":
        return nn.Embedding(int(facts["vocabulary"]), width), None
    return None, nn.Linear(int(facts["features"]), width)
