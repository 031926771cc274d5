"""Letters: B rows, C channels, H height, W width (time, for sounds), D dim."""

from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.maps import MapTokens, encoded
from sensorium.nn.residual import ConvNorm
from sensorium.types import Arrays, Facts, Json, Layout, Tokens


class Conv(Encoder):
    """A plain stack of 3x3 convolutions, each halving the map, over pictures or log-mel sounds (LeCun 1998).

    grid (B, C, H, W). One pooled token, or one a cell of the last map (then ``grid`` and ``maps`` are there).

    Choices:
        layers: convolutions; each halves the sides and, after the first, doubles the channels.
        width: channels of the first convolution.
        tokens: pooled (one token) or grid (one a cell).
        zones: spans of time that are averaged apart (pooled sounds only).
        dropout: chance that a pooled unit is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("grid",)
    presets: ClassVar[dict[str, dict[str, Json]]] = {"conv3": {"layers": 3}, "conv4": {"layers": 4}}

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        layers: Annotated[int, Field(ge=1, le=6)] = 3,
        width: Annotated[int, Field(ge=1)] = 32,
        tokens: Literal["pooled", "grid"] = "pooled",
        zones: Annotated[int, Field(ge=1)] = 4,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        sizes = [int(facts["channels"]), *(width * 2**place for place in range(layers))]
        self.layers = nn.ModuleList(ConvNorm(a, b, stride=2) for a, b in pairwise(sizes))
        self.tokens = MapTokens(
            sizes[-1], dim, timed=bool(facts["timed"]), grid=tokens == "grid", zones=zones, dropout=dropout
        )

    def forward(self, x: Arrays) -> Tokens:
        return encoded(x, self.training, self._network)

    def _network(self, x_BCHW: Tensor, mask_BW: Tensor | None) -> Tokens:
        maps = []
        for layer in self.layers:
            x_BCHW, mask_BW = layer(x_BCHW, mask_BW)
            x_BCHW = F.relu(x_BCHW)
            maps.append(x_BCHW)
        tokens: Tokens = self.tokens(maps, mask_BW)
        return tokens
