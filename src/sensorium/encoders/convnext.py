"""Letters: B rows, C channels, H height, W width (time, for sounds), D dim."""

import math
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.depth import DropPath, rates
from sensorium.nn.maps import MapTokens, encoded
from sensorium.types import Arrays, Facts, Json, Layout, Tokens

BLOCKS: dict[int, tuple[int, ...]] = {
    6: (1, 1, 3, 1),
    12: (2, 2, 6, 2),
    18: (3, 3, 9, 3),
    36: (3, 3, 27, 3),
}
SCALES = {6: 0.1, 12: 0.1, 18: 0.1, 36: 1e-6}
"""What channels of a block's branch are multiplied by at first (learned from there): 1e-6 in the paper, with
which some weights do not move in float32 at first; up to 18 blocks 0.1 (Touvron 2021, section 3)."""


class Convnext(Encoder):
    """Depthwise 7x7 convolutions and two affine maps a block, over pictures or log-mel sounds (Liu 2022).

    grid (B, C, H, W). Each cell is normalised over its channels, so that rows never meet; weights start as in
    the paper (appendix A.1). Edges that a stride does not divide are filled with zeros. One pooled token, or
    one a cell of the last map (then ``grid`` and ``maps`` are there).

    Choices:
        depth: blocks in all: 18 are the paper's tiny, 36 its small and base; 6 and 12 keep its proportions.
        width: channels of the first stage, which each stage doubles.
        patch: side of the squares that enter; 0: 4 (the paper's), 2 under 80 pixels a side, 1 under 16.
        drop_path: chance that the last block is left out for a row in training; earlier ones less.
        tokens: pooled (one token) or grid (one a cell).
        zones: spans of time that are averaged apart (pooled sounds only).
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("grid",)
    presets: ClassVar[dict[str, dict[str, Json]]] = {
        "convnext_atto": {"depth": 12, "width": 40},
        "convnext_femto": {"depth": 12, "width": 48},
        "convnext_pico": {"depth": 12, "width": 64},
        "convnext_tiny": {"depth": 18, "width": 96},
        "convnext_small": {"depth": 36, "width": 96},
    }

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        depth: Literal[6, 12, 18, 36] = 6,
        width: Annotated[int, Field(ge=1)] = 32,
        patch: Annotated[int, Field(ge=0)] = 0,
        drop_path: Annotated[float, Field(ge=0, lt=1)] = 0.0,
        tokens: Literal["pooled", "grid"] = "pooled",
        zones: Annotated[int, Field(ge=1)] = 4,
    ) -> None:
        super().__init__()
        side = math.sqrt(int(facts["height"]) * int(facts["width"]))
        patch = patch or (1 if side < 16 else 2 if side < 80 else 4)
        sizes = [width * 2**place for place in range(len(BLOCKS[depth]))]
        drops = iter(rates(drop_path, depth))
        self.entrance = _Shrink(int(facts["channels"]), width, patch, normed_first=False)
        self.shrinks = nn.ModuleList(_Shrink(size, 2 * size, 2, normed_first=True) for size in sizes[:-1])
        self.stages = nn.ModuleList(
            nn.ModuleList(_Block(size, SCALES[depth], next(drops)) for _ in range(blocks))
            for size, blocks in zip(sizes, BLOCKS[depth], strict=True)
        )
        self.norm = nn.LayerNorm(sizes[-1], eps=1e-6)
        self.tokens = MapTokens(
            sizes[-1], dim, timed=bool(facts["timed"]), grid=tokens == "grid", zones=zones, dropout=0.0
        )
        self.stages.apply(_start)
        self.shrinks.apply(_start)
        self.entrance.apply(_start)

    def forward(self, x: Arrays) -> Tokens:
        return encoded(x, self.training, self._network)

    def _network(self, x_BCHW: Tensor, mask_BW: Tensor | None) -> Tokens:
        x_BCHW, mask_BW = self.entrance(x_BCHW, mask_BW)
        maps: list[Tensor] = []
        for place, stage in enumerate(self.stages):
            assert isinstance(stage, nn.ModuleList)
            if place:
                x_BCHW, mask_BW = self.shrinks[place - 1](x_BCHW, mask_BW)
            for block in stage:
                x_BCHW = block(x_BCHW, mask_BW)
            maps.append(x_BCHW)
        maps[-1] = masked(over_channels(self.norm, maps[-1]), mask_BW)
        tokens: Tokens = self.tokens(maps, mask_BW)
        return tokens


class _Shrink(nn.Module):
    """Squares of the map side by side, each an affine map of its cells; normalised before or after."""

    def __init__(self, channels: int, out: int, side: int, *, normed_first: bool) -> None:
        super().__init__()
        self.side, self.normed_first = side, normed_first
        self.norm = nn.LayerNorm(channels if normed_first else out, eps=1e-6)
        self.conv = nn.Conv2d(channels, out, side, side)

    def forward(self, x_BCHW: Tensor, mask_BW: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Masked columns of the input must be zero; those of the result are."""
        if self.normed_first:
            x_BCHW = masked(over_channels(self.norm, x_BCHW), mask_BW)
        more = (-x_BCHW.shape[3] % self.side, -x_BCHW.shape[2] % self.side)
        h_BCHW = self.conv(F.pad(x_BCHW, (0, more[0], 0, more[1])))
        mask_BW = None if mask_BW is None else mask_BW[:, :: self.side]
        if not self.normed_first:
            h_BCHW = over_channels(self.norm, h_BCHW)
        return masked(h_BCHW, mask_BW), mask_BW


class _Block(nn.Module):
    """Depthwise convolution, norm, affine to four times the width, GELU, affine, scaled, added (fig. 4)."""

    def __init__(self, channels: int, scale: float, drop: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.up, self.down = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)
        self.scale_C = nn.Parameter(torch.full((channels,), scale))
        self.drop = DropPath(drop)

    def forward(self, x_BCHW: Tensor, mask_BW: Tensor | None) -> Tensor:
        h_BHWC = self.norm(self.depthwise(x_BCHW).permute(0, 2, 3, 1))
        h_BHWC = self.scale_C * self.down(F.gelu(self.up(h_BHWC)))
        y_BCHW: Tensor = x_BCHW + self.drop(masked(h_BHWC.permute(0, 3, 1, 2), mask_BW))
        return y_BCHW


def over_channels(norm: nn.LayerNorm, x_BCHW: Tensor) -> Tensor:
    """Each cell's channels normalised."""
    y_BHWC: Tensor = norm(x_BCHW.permute(0, 2, 3, 1))
    return y_BHWC.permute(0, 3, 1, 2)


def masked(x_BCHW: Tensor, mask_BW: Tensor | None) -> Tensor:
    """Zero in columns that are not real."""
    if mask_BW is None:
        return x_BCHW
    return torch.where(mask_BW[:, None, None], x_BCHW, torch.zeros_like(x_BCHW))


def _start(module: nn.Module) -> None:
    """Weights from a normal of deviation 0.02, cut at two of them; no bias (Liu 2022, appendix A.1)."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
        assert module.bias is not None
        nn.init.zeros_(module.bias)
