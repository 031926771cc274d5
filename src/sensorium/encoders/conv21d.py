"""Letters: B rows, T frames, N = B x T, C channels, H height, W width, S = H x W, D dim."""

import math
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.norm import MaskedBatchNorm
from sensorium.nn.pool import highest, mean
from sensorium.types import Arrays, Facts, Layout, Tokens


class Conv21d(Encoder):
    """A residual network of (2+1)D convolutions: over the picture, then over time (Tran 2018, fig. 1e).

    clip (B, T, C, H, W). Frames that are not real count as black. One pooled token (the mean and the highest
    value over all frames and cells), or one for every frame that is left after the last stage.

    Choices:
        stages: groups of blocks; each but the first halves sides and frames and doubles the channels.
        blocks: residual blocks in a stage.
        width: channels of the first stage.
        tokens: pooled (one token) or sequence (one a frame that is left).
        dropout: chance that a pooled unit is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("clip",)

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        stages: Annotated[int, Field(ge=1, le=5)] = 3,
        blocks: Annotated[int, Field(ge=1)] = 1,
        width: Annotated[int, Field(ge=1)] = 16,
        tokens: Literal["pooled", "sequence"] = "pooled",
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        side = math.sqrt(int(facts["height"]) * int(facts["width"]))
        stride = 1 if side < 16 else 2 if side < 80 else 4
        kernel = 7 if stride > 2 else 3
        self.stem = _Conv21d(int(facts["channels"]), width, stride=stride, kernel=kernel, every=1)
        sizes = [(width * 2 ** max(0, s - 1), width * 2**s, 2 if s else 1) for s in range(stages)]
        self.blocks = nn.ModuleList(
            _Block(size if first == 0 else out, out, stride=stride if first == 0 else 1)
            for size, out, stride in sizes
            for first in range(blocks)
        )
        self.pooled, self.dropout = tokens == "pooled", nn.Dropout(dropout)
        self.out = nn.Linear(2 * sizes[-1][1], dim)

    def forward(self, x: Arrays) -> Tokens:
        values = x.values if x.values.is_floating_point() else x.values.float() / 255
        values = torch.where(x.mask[:, :, None, None, None], values, torch.zeros_like(values))
        h_NCHW = values.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        h_NCHW, mask_BT = self.stem(h_NCHW, x.mask)
        h_NCHW = F.relu(h_NCHW)
        for block in self.blocks:
            h_NCHW, mask_BT = block(h_NCHW, mask_BT)
        mean_BTC, high_BTC = (p.view(*mask_BT.shape, -1) for p in (h_NCHW.mean((2, 3)), h_NCHW.amax((2, 3))))
        if not self.pooled:
            each_BTD = self.out(self.dropout(torch.cat([mean_BTC, high_BTC], 2)))
            return Tokens(each_BTD, mask_BT).clean()
        both = torch.cat([mean(mean_BTC, mask_BT), highest(high_BTC, mask_BT)], 1)
        return Tokens(self.out(self.dropout(both)).unsqueeze(1), mask_BT.any(1, keepdim=True)).clean()


class _Block(nn.Module):
    """Two (2+1)D convolutions and a shortcut (He 2016, option B where the shape changes)."""

    def __init__(self, channels: int, out: int, *, stride: int) -> None:
        super().__init__()
        self.first, self.second = _Conv21d(channels, out, stride=stride), _Conv21d(out, out)
        same = channels == out and stride == 1
        self.shortcut = None if same else nn.Conv2d(channels, out, 1, stride, bias=False)
        self.norm = None if same else MaskedBatchNorm(out)

    def forward(self, x_NCHW: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        h, mask = self.first(x_NCHW, mask_BT)
        h, mask = self.second(F.relu(h), mask)
        if self.shortcut is not None and self.norm is not None:
            kept = x_NCHW.view(*mask_BT.shape, *x_NCHW.shape[1:])[:, :: self.first.every].flatten(0, 1)
            x_NCHW = self.norm(self.shortcut(kept), mask.flatten())
        return F.relu(h + x_NCHW), mask


class _Conv21d(nn.Module):
    """A convolution over the picture, normalised, then one over three frames, normalised.

    every: the step of the second, in frames; None: the first's ``stride``, in pixels. As many channels lie
    between as give the weights of a full 3 x 3 x 3 convolution (Tran 2018, section 3.5).
    """

    def __init__(
        self, channels: int, out: int, *, stride: int = 1, kernel: int = 3, every: int | None = None
    ) -> None:
        super().__init__()
        self.every = every or stride
        middle = 27 * channels * out // (9 * channels + 3 * out)
        self.space = nn.Conv2d(channels, middle, kernel, stride, kernel // 2, bias=False)
        self.time = nn.Conv2d(middle, out, (3, 1), (self.every, 1), (1, 0), bias=False)
        for conv in (self.space, self.time):
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
        self.norm_space, self.norm_time = MaskedBatchNorm(middle), MaskedBatchNorm(out)

    def forward(self, x_NCHW: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        """Frames that are not real must be zero; those of the result are."""
        h_NCHW = F.relu(self.norm_space(self.space(x_NCHW), mask_BT.flatten()))
        y_BCTS, mask_BT = self.time(_over_time(h_NCHW, mask_BT.shape[1])), mask_BT[:, :: self.every]
        return self.norm_time(_over_space(y_BCTS, h_NCHW.shape[2]), mask_BT.flatten()), mask_BT


def _over_time(x_NCHW: Tensor, frames: int) -> Tensor:
    """(B, C, T, H * W): a view, where channels come last in memory."""
    rows, channels = x_NCHW.shape[0] // frames, x_NCHW.shape[1]
    x_NHWC = x_NCHW.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)
    return x_NHWC.reshape(rows, frames, -1, channels).permute(0, 3, 1, 2)


def _over_space(x_BCTS: Tensor, height: int) -> Tensor:
    """(N, C, H, W) of what ``_over_time`` made."""
    rows, channels, frames, cells = x_BCTS.shape
    x_BTSC = x_BCTS.permute(0, 2, 3, 1)
    return x_BTSC.reshape(rows * frames, height, cells // height, channels).permute(0, 3, 1, 2)
