"""Letters: B rows, T steps, S steps after thinning, F features, C channels, D dim."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.frames import marked, stride_for, thinned
from sensorium.nn.maps import MapTokens
from sensorium.nn.norm import MaskedBatchNorm
from sensorium.types import Arrays, Facts, Layout, Tokens

MOST = 512
"""Steps that automatic thinning leaves of the longest signal."""
ZONES = 4


class Tcn(Encoder):
    """Residual convolutions over time, each dilated twice as far as the last (Bai 2018, section 3).

    frames (B, T, F), gaps marked; looks ahead as far as back. Times are not read: a step is a step.
    The pooled token is made of the means of four spans of time and the highest values.

    Choices:
        tokens: pooled (one token) or sequence (one a step that is left).
        layers: residual blocks of two convolutions; the last sees 2 ** layers kernels far.
        width: channels.
        kernel: steps of a convolution.
        stride: steps that are averaged to one at the entrance; 0: as many as leave 512 of the longest.
        dropout: chance that a channel of a step is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("frames",)

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        tokens: Literal["pooled", "sequence"] = "pooled",
        layers: Annotated[int, Field(ge=1, le=12)] = 4,
        width: Annotated[int, Field(ge=1)] = 32,
        kernel: Annotated[int, Field(ge=1)] = 5,
        stride: Annotated[int, Field(ge=0)] = 0,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        self.stride = stride or stride_for(facts, MOST)
        self.entrance = _Norm(2 * int(facts["features"]), width, kernel, 1)
        self.blocks = nn.ModuleList(_Block(width, kernel, 2**place, dropout) for place in range(layers))
        pooled = tokens == "pooled"
        self.pool = (
            MapTokens(width, dim, timed=True, grid=False, zones=ZONES, dropout=dropout) if pooled else None
        )
        self.out = None if pooled else nn.Linear(width, dim)

    def forward(self, x: Arrays) -> Tokens:
        values_BTF, mask_BT = marked(x)
        h_BCT = F.relu(self.entrance(values_BTF.transpose(1, 2), mask_BT))
        h_BSC, mask_BS = thinned(h_BCT.transpose(1, 2), mask_BT, self.stride)
        h_BCS = h_BSC.transpose(1, 2)
        for block in self.blocks:
            h_BCS = block(h_BCS, mask_BS)
        if self.pool is not None:
            tokens: Tokens = self.pool([h_BCS.unsqueeze(2)], mask_BS)
            return tokens.clean()
        assert self.out is not None
        return Tokens(self.out(h_BCS.transpose(1, 2)), mask_BS).clean()


class _Norm(nn.Module):
    """Convolution that keeps the length, then normalisation over real steps; the rest is 0."""

    def __init__(self, channels: int, out: int, kernel: int, dilation: int) -> None:
        super().__init__()
        reach = dilation * (kernel - 1)
        self.ends = (reach // 2, reach - reach // 2)
        self.conv = nn.Conv1d(channels, out, kernel, dilation=dilation, bias=False)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")
        self.norm = MaskedBatchNorm(out)

    def forward(self, x_BCT: Tensor, mask_BT: Tensor) -> Tensor:
        y_BCT: Tensor = self.norm(self.conv(F.pad(x_BCT, self.ends)), mask_BT)
        return y_BCT


class _Block(nn.Module):
    """Two convolutions of one dilation and a shortcut (Bai 2018, figure 1b)."""

    def __init__(self, width: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.first, self.second = (_Norm(width, width, kernel, dilation) for _ in range(2))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_BCT: Tensor, mask_BT: Tensor) -> Tensor:
        h_BCT = self.dropout(F.relu(self.first(x_BCT, mask_BT)))
        return F.relu(x_BCT + self.dropout(self.second(h_BCT, mask_BT)))
