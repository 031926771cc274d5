"""Letters: B rows, C channels, H height, W width (time, for sounds), D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.maps import MapTokens, encoded
from sensorium.nn.norm import MaskedBatchNorm
from sensorium.nn.residual import halved
from sensorium.types import Arrays, Facts, Json, Layout, Tokens

CONVOLUTIONS: dict[int, tuple[int, ...]] = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


class Vgg(Encoder):
    """Stages of 3x3 convolutions, each ended by max pooling, over pictures or log-mel sounds (Simonyan 2015).

    grid (B, C, H, W). Table 1, columns A, B, D and E, up to the last pooling; the mean and the highest value
    of the last map stand for the two layers of 4,096 units. A map of odd size is pooled with its edge, so
    that small pictures pass. One pooled token, or one a cell of the last map (then ``grid`` and ``maps`` are
    there).

    Choices:
        depth: layers with weights, as the paper counts them (three of them belong to its classifier).
        width: channels of the first stage; each stage doubles them, to at most eight times.
        norm: batch (Ioffe 2015; learns from nothing at usual rates; counts present rows only) or none (the
            paper's, whose deeper networks start from the weights of shallower ones).
        tokens: pooled (one token) or grid (one a cell).
        zones: spans of time that are averaged apart (pooled sounds only).
        dropout: chance that a pooled unit is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("grid",)
    presets: ClassVar[dict[str, dict[str, Json]]] = {
        "vgg11": {"depth": 11, "width": 64},
        "vgg13": {"depth": 13, "width": 64},
        "vgg16": {"depth": 16, "width": 64},
        "vgg19": {"depth": 19, "width": 64},
    }

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        depth: Literal[11, 13, 16, 19] = 11,
        width: Annotated[int, Field(ge=1)] = 16,
        norm: Literal["batch", "none"] = "batch",
        tokens: Literal["pooled", "grid"] = "pooled",
        zones: Annotated[int, Field(ge=1)] = 4,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        self.stages, channels = nn.ModuleList(), int(facts["channels"])
        for place, layers in enumerate(CONVOLUTIONS[depth]):
            stage, out = nn.ModuleList(), width * min(2**place, 8)
            for _ in range(layers):
                stage.append(_Layer(channels, out, norm == "batch"))
                channels = out
            self.stages.append(stage)
        self.tokens = MapTokens(
            channels, dim, timed=bool(facts["timed"]), grid=tokens == "grid", zones=zones, dropout=dropout
        )

    def forward(self, x: Arrays) -> Tokens:
        return encoded(x, self.training, self._network)

    def _network(self, x_BCHW: Tensor, mask_BW: Tensor | None) -> Tokens:
        maps = []
        for stage in self.stages:
            assert isinstance(stage, nn.ModuleList)
            for layer in stage:
                x_BCHW = layer(x_BCHW, mask_BW)
            x_BCHW, mask_BW = F.max_pool2d(x_BCHW, 2, ceil_mode=True), halved(mask_BW, 2)
            maps.append(x_BCHW)
        tokens: Tokens = self.tokens(maps, mask_BW)
        return tokens


class _Layer(nn.Module):
    """A 3x3 convolution that keeps the size, normalised or with a bias, then ReLU; started as in He 2015."""

    def __init__(self, channels: int, out: int, normed: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 3, padding=1, bias=not normed)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")
        if self.conv.bias is not None:
            nn.init.zeros_(self.conv.bias)
        self.norm = MaskedBatchNorm(out) if normed else None

    def forward(self, x_BCHW: Tensor, mask_BW: Tensor | None) -> Tensor:
        """Masked columns of the input must be zero; those of the result are, and nothing is below zero."""
        h_BCHW = self.conv(x_BCHW)
        if self.norm is not None:
            return F.relu(self.norm(h_BCHW, mask_BW))
        if mask_BW is not None:
            h_BCHW = torch.where(mask_BW[:, None, None], h_BCHW, torch.zeros_like(h_BCHW))
        return F.relu(h_BCHW)
