"""Letters: B rows, F features, T tokens inside (F, and the first that gathers), W width inside, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.attention import Attention, check_heads
from sensorium.nn.columns import CategoryTable
from sensorium.types import Arrays, Facts, Json, Layout, Tokens


class FtTransformer(Encoder):
    """A Transformer over one token a feature: FT-Transformer (Gorishniy 2021, section 3.3, figures 1 and 2).

    scalar (B, F), each number times its vector, or index (B, F), each category's vector; both plus the
    feature's bias. All columns of the input meet in it. A missing feature is not attended to. Layers are
    pre-norm but for the first, which attends to what it gets; their hidden units are ReGLU.

    Choices:
        tokens: pooled (one token, gathered by a learned first one) or features (one a feature).
        depth: layers.
        heads: attention heads; they must divide the width.
        width: size of a token inside; 0 means the plan's dim.
        dropout: chance that a hidden unit is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("scalar", "index")
    presets: ClassVar[dict[str, dict[str, Json]]] = {
        "ft_transformer_base": {"depth": 3, "width": 192, "heads": 8}
    }

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        tokens: Literal["pooled", "features"] = "pooled",
        depth: Annotated[int, Field(ge=1)] = 3,
        heads: Annotated[int, Field(ge=1)] = 4,
        width: Annotated[int, Field(ge=0)] = 0,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        width = width or dim
        check_heads("encoder ft_transformer", width, heads)
        of_codes = facts["layout"] == "index"
        features, bound = len(facts["sizes"]) if of_codes else int(facts["features"]), width**-0.5
        self.table = CategoryTable(facts["sizes"], width) if of_codes else None
        self.weight_FW = None if of_codes else nn.Parameter(_even(features, width, bound))
        self.bias_FW = nn.Parameter(_even(features, width, bound))
        self.class_W = nn.Parameter(_even(1, width, bound)[0]) if tokens == "pooled" else None
        self.blocks = nn.ModuleList(_Block(width, heads, place > 0, dropout) for place in range(depth))
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, dim)

    def forward(self, x: Arrays) -> Tokens:
        h_BTW, mask_BT = self._entered(x), x.mask
        if self.class_W is not None:
            h_BTW = torch.cat([self.class_W.to(h_BTW.dtype).expand(len(h_BTW), 1, -1), h_BTW], 1)
            mask_BT = F.pad(mask_BT, (1, 0), value=True)
        for block in self.blocks:
            h_BTW = block(h_BTW, mask_BT)
        if self.class_W is not None:
            token_BD = self.out(F.relu(self.norm(h_BTW[:, 0])))
            return Tokens(token_BD.unsqueeze(1), x.mask.any(1, keepdim=True)).clean()
        return Tokens(self.out(F.relu(self.norm(h_BTW))), x.mask).clean()

    def _entered(self, x: Arrays) -> Tensor:
        """The token of each feature (B, F, W)."""
        if self.table is not None:
            e_BFW: Tensor = self.table(x.values, x.mask)
            return e_BFW + self.bias_FW
        assert self.weight_FW is not None
        values_BF = torch.where(x.mask, x.values, torch.zeros_like(x.values))
        return values_BF.unsqueeze(-1) * self.weight_FW + self.bias_FW


class _Block(nn.Module):
    """Attention, then ReGLU units, 4/3 of the width, each added to its input (Gorishniy 2021, fig. 2b)."""

    def __init__(self, width: int, heads: int, normed: bool, dropout: float) -> None:
        super().__init__()
        hidden = max(1, width * 4 // 3)
        self.norm_attention = nn.LayerNorm(width) if normed else None
        self.attention, self.norm = Attention(width, heads), nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 2 * hidden), nn.Linear(hidden, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BTW: Tensor, mask_BT: Tensor) -> Tensor:
        seen_BTW = x_BTW if self.norm_attention is None else self.norm_attention(x_BTW)
        x_BTW = x_BTW + self.attention(seen_BTW, mask_BT)
        value, gate = self.up(self.norm(x_BTW)).chunk(2, -1)
        y_BTW: Tensor = x_BTW + self.down(self.dropout(value * F.relu(gate)))
        return y_BTW


def _even(rows: int, width: int, bound: float) -> Tensor:
    """Evenly between -bound and bound (Gorishniy 2021, appendix: the tokenizer's start)."""
    return torch.empty(rows, width).uniform_(-bound, bound)
