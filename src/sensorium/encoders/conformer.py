"""Letters: B rows, T steps, S steps after thinning, C channels, H height, F features, W width inside, R
distances, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.frames import marked, stride_for, thinned
from sensorium.nn.maps import grid_values
from sensorium.nn.norm import MaskedBatchNorm
from sensorium.nn.pool import AttentionPool
from sensorium.nn.relative import RelativeAttention, distances
from sensorium.types import Arrays, Facts, Json, Layout, Tokens

MOST = 512
"""Steps that are left of the longest sound or signal."""


class Conformer(Encoder):
    """Attention by distance and convolution in turn between two half layers (Gulati 2020, eq. 1, figure 1).

    grid (B, C, H, W), log-mel sounds (a picture is read column by column), thinned by convolutions of stride
    2, or frames (B, T, F), gaps marked, thinned by means. Times are not read. Batch normalisation counts real
    steps only, and in use no row of the batch.

    Choices:
        tokens: pooled (one token, an attention-weighted mean) or sequence (one a step that is left).
        depth: layers.
        width: size of a step inside, even; it has a head for 64 units, at least four where they divide it.
        kernel: steps of a layer's convolution.
        halvings: how often steps are halved at the entrance, at least: at most 512 of the longest are left.
        dropout: chance that a unit of a layer's output is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("grid", "frames")
    presets: ClassVar[dict[str, dict[str, Json]]] = {
        "conformer_small": {"depth": 16, "width": 144, "kernel": 31},
        "conformer_medium": {"depth": 16, "width": 256, "kernel": 31},
        "conformer_large": {"depth": 17, "width": 512, "kernel": 31},
    }

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        tokens: Literal["pooled", "sequence"] = "pooled",
        depth: Annotated[int, Field(ge=1)] = 2,
        width: Annotated[int, Field(ge=2, multiple_of=2)] = 96,
        kernel: Annotated[int, Field(ge=1)] = 15,
        halvings: Annotated[int, Field(ge=0, le=8)] = 2,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        heads = next(heads for heads in range(max(4, width // 64), 0, -1) if width % heads == 0)
        mapped = facts["layout"] == "grid"
        longest = facts["width"] if mapped else facts.get("longest", 1)
        self.stride = max(2**halvings, stride_for({"longest": longest}, MOST))
        self.shrink = _Shrink(facts, width, self.stride) if mapped else None
        self.project = None if mapped else nn.Linear(2 * int(facts["features"]), width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(_Block(width, heads, kernel, dropout) for _ in range(depth))
        self.pool = AttentionPool(width, heads) if tokens == "pooled" else None
        self.out = nn.Linear(width, dim)

    def forward(self, x: Arrays) -> Tokens:
        h_BSW, mask_BS = self._entered(x)
        h_BSW = self.dropout(h_BSW)
        waves_RW = distances(h_BSW.shape[1], h_BSW.shape[2], h_BSW.device)
        for block in self.blocks:
            h_BSW = block(h_BSW, mask_BS, waves_RW)
        if self.pool is not None:
            token_BD = self.out(self.pool(h_BSW, mask_BS))
            return Tokens(token_BD.unsqueeze(1), mask_BS.any(1, keepdim=True)).clean()
        return Tokens(self.out(h_BSW), mask_BS).clean()

    def _entered(self, x: Arrays) -> tuple[Tensor, Tensor]:
        """Steps (B, S, W) and which are real."""
        if self.shrink is not None:
            values_BCHW, mask_BW = grid_values(x)
            if mask_BW is None:
                mask_BW = x.mask.unsqueeze(1).expand(-1, values_BCHW.shape[3])
            h_BSW, mask_BS = self.shrink(values_BCHW, mask_BW)
            return h_BSW, mask_BS
        assert self.project is not None
        values_BTF, mask_BT = marked(x)
        return thinned(self.project(values_BTF), mask_BT, self.stride)


class _Shrink(nn.Module):
    """3x3 convolutions that halve a map, each with ReLU, then an affine map of each column (figure 1)."""

    def __init__(self, facts: Facts, width: int, stride: int) -> None:
        super().__init__()
        channels, height = int(facts["channels"]), int(facts["height"])
        self.convs = nn.ModuleList()
        while stride > 1:
            self.convs.append(nn.Conv2d(channels, width, 3, 2, 1))
            channels, height, stride = width, (height + 1) // 2, stride // 2
        self.project = nn.Linear(channels * height, width)

    def forward(self, x_BCHW: Tensor, mask_BW: Tensor) -> tuple[Tensor, Tensor]:
        """Masked columns of the input must be zero; those between convolutions are."""
        for conv in self.convs:
            x_BCHW, mask_BW = F.relu(conv(x_BCHW)), mask_BW[:, ::2]
            x_BCHW = torch.where(mask_BW[:, None, None], x_BCHW, torch.zeros_like(x_BCHW))
        h_BTW: Tensor = self.project(x_BCHW.flatten(1, 2).transpose(1, 2))
        return h_BTW, mask_BW


class _Block(nn.Module):
    """Half a layer, attention, convolution, half a layer, each added, then normalised (equation 1)."""

    def __init__(self, width: int, heads: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.before, self.after = _Half(width, dropout), _Half(width, dropout)
        self.norm_attention, self.attention = nn.LayerNorm(width), RelativeAttention(width, heads)
        self.convolution, self.dropout = _Convolution(width, kernel), nn.Dropout(dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, x_BTW: Tensor, mask_BT: Tensor, waves_RW: Tensor) -> Tensor:
        x_BTW = x_BTW + 0.5 * self.before(x_BTW)
        x_BTW = x_BTW + self.dropout(self.attention(self.norm_attention(x_BTW), mask_BT, waves_RW))
        x_BTW = x_BTW + self.dropout(self.convolution(x_BTW, mask_BT))
        y_BTW: Tensor = self.norm(x_BTW + 0.5 * self.after(x_BTW))
        return y_BTW


class _Half(nn.Module):
    """Norm, affine to four times the width, Swish, affine (Gulati 2020, figure 4)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(dropout)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x_BTW: Tensor) -> Tensor:
        y_BTW: Tensor = self.dropout(self.down(self.dropout(F.silu(self.up(self.norm(x_BTW))))))
        return y_BTW


class _Convolution(nn.Module):
    """Norm, gated affine map, depthwise convolution over time, batch norm, Swish, affine (figure 2)."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.norm, self.gated = nn.LayerNorm(width), nn.Linear(width, 2 * width, bias=False)
        self.ends = ((kernel - 1) // 2, kernel // 2)
        self.depthwise = nn.Conv1d(width, width, kernel, groups=width, bias=False)
        self.norm_steps, self.out = MaskedBatchNorm(width), nn.Linear(width, width, bias=False)

    def forward(self, x_BTW: Tensor, mask_BT: Tensor) -> Tensor:
        h_BTW = F.glu(self.gated(self.norm(x_BTW)), -1)
        h_BTW = torch.where(mask_BT.unsqueeze(-1), h_BTW, torch.zeros_like(h_BTW))
        h_BWT = self.norm_steps(self.depthwise(F.pad(h_BTW.transpose(1, 2), self.ends)), mask_BT)
        y_BTW: Tensor = self.out(F.silu(h_BWT).transpose(1, 2))
        return y_BTW
