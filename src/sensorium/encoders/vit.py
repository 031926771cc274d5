"""Letters: B rows, C channels, H height, W width (time, for sounds), N patches, T tokens inside, E width
inside, D dim."""

import math
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.attention import Block, check_heads
from sensorium.nn.maps import encoded
from sensorium.nn.pool import mean
from sensorium.types import Arrays, Facts, Json, Layout, Tokens

LEAST = 49
"""Patches that a picture is cut into at least, when their side is chosen by itself."""


class Vit(Encoder):
    """A pre-norm Transformer over square patches of a picture or log-mel sound (Dosovitskiy 2021, eq. 1-4).

    grid (B, C, H, W). Each patch has a learned place; what is longer than the facts say shares the last
    column's. Edges that the patch does not divide are filled with zeros. Weights start as in the paper's
    code. One pooled token, or one a patch (then ``grid`` is there).

    Choices:
        tokens: pooled (one, which a learned first token gathers, as in the paper), mean (one, of all patches;
            Beyer 2022) or grid (one a patch).
        patch: side of a patch in pixels; 0: the largest of 16, 8, 4, 2, 1 that gives at least 49 patches.
        depth: layers.
        heads: attention heads; they must divide the width.
        width: size of a token inside.
        dropout: chance that a unit of a layer's output is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("grid",)
    presets: ClassVar[dict[str, dict[str, Json]]] = {
        "vit_tiny": {"depth": 12, "width": 192, "heads": 3},
        "vit_small": {"depth": 12, "width": 384, "heads": 6},
        "vit_base": {"depth": 12, "width": 768, "heads": 12},
        "vit_large": {"depth": 24, "width": 1024, "heads": 16},
    }

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        tokens: Literal["pooled", "mean", "grid"] = "pooled",
        patch: Annotated[int, Field(ge=0)] = 0,
        depth: Annotated[int, Field(ge=1)] = 4,
        heads: Annotated[int, Field(ge=1)] = 4,
        width: Annotated[int, Field(ge=1)] = 96,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        check_heads("encoder vit", width, heads)
        height, across = int(facts["height"]), int(facts["width"])
        self.patch = patch or next(
            side for side in (16, 8, 4, 2, 1) if side == 1 or (height // side) * (across // side) >= LEAST
        )
        self.columns = math.ceil(across / self.patch)
        self.grid, self.first = tokens == "grid", int(tokens != "mean")
        self.project = nn.Conv2d(int(facts["channels"]), width, self.patch, self.patch)
        rows = math.ceil(height / self.patch)
        self.place_NE = nn.Parameter(torch.randn(self.first + rows * self.columns, width) * 0.02)
        self.class_E = nn.Parameter(torch.zeros(width)) if self.first else None
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, dropout=dropout) for _ in range(depth))
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, dim)
        self.blocks.apply(_start)
        nn.init.trunc_normal_(self.project.weight, std=self.project.weight[0].numel() ** -0.5)
        assert self.project.bias is not None
        nn.init.zeros_(self.project.bias)

    def forward(self, x: Arrays) -> Tokens:
        return encoded(x, self.training, self._network)

    def _network(self, x_BCHW: Tensor, mask_BW: Tensor | None) -> Tokens:
        more = (-x_BCHW.shape[3] % self.patch, -x_BCHW.shape[2] % self.patch)
        h_BEHW = self.project(F.pad(x_BCHW, (0, more[0], 0, more[1])))
        rows, _, height, across = h_BEHW.shape
        mask_BN = self._real(mask_BW, h_BEHW)
        h_BTE = h_BEHW.flatten(2).transpose(1, 2) + self._places(height, across)
        mask_BT = mask_BN
        if self.class_E is not None:
            gather_B1E = (self.class_E + self.place_NE[0]).expand(rows, 1, -1)
            h_BTE = torch.cat([gather_B1E.to(h_BTE.dtype), h_BTE], 1)
            mask_BT = F.pad(mask_BN, (1, 0), value=True)
        h_BTE = self.dropout(h_BTE)
        for block in self.blocks:
            h_BTE = block(h_BTE, mask_BT)
        h_BTE = self.norm(h_BTE)
        if self.grid:
            return Tokens(self.out(h_BTE[:, self.first :]), mask_BN, (height, across))
        pooled_BE = h_BTE[:, 0] if self.first else mean(h_BTE, mask_BN)
        return Tokens(self.out(pooled_BE).unsqueeze(1), mask_BN.any(1, keepdim=True))

    def _real(self, mask_BW: Tensor | None, h_BEHW: Tensor) -> Tensor:
        """Patches that begin in a real column (B, N)."""
        rows, _, height, across = h_BEHW.shape
        if mask_BW is None:
            return torch.ones(rows, height * across, dtype=torch.bool, device=h_BEHW.device)
        return mask_BW[:, None, :: self.patch].expand(rows, height, across).flatten(1)

    def _places(self, height: int, across: int) -> Tensor:
        """The learned place of each patch (N, E), row by row."""
        column_W = torch.arange(across, device=self.place_NE.device).clamp(max=self.columns - 1)
        row_H = torch.arange(height, device=self.place_NE.device) * self.columns
        return self.place_NE[self.first + (row_H[:, None] + column_W).flatten()]


def _start(module: nn.Module) -> None:
    """Affine maps by Glorot 2010, those of queries, keys and values each for itself; biases next to zero."""
    if isinstance(module, nn.Linear):
        wide, narrow = module.weight.shape
        for part in module.weight.chunk(3) if wide == 3 * narrow else [module.weight]:
            nn.init.xavier_uniform_(part)
        assert module.bias is not None
        nn.init.normal_(module.bias, std=1e-6)
