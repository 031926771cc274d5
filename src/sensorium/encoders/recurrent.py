"""Letters: B rows, T steps, S steps after thinning, F features, C units of a direction, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.frames import ends, marked, moments, stride_for, thinned
from sensorium.nn.pool import highest, mean
from sensorium.types import Arrays, Facts, Json, Layout, Tokens

MOST = 256
"""Steps that are read of the longest signal."""


class Recurrent(Encoder):
    """A recurrent network in both directions over frames or ids: GRU (Cho 2014) or LSTM (Hochreiter 1997).

    frames (B, T, F), gaps marked, or ids (B, T), of which signals longer than 256 steps are averaged to at
    most as many. The pooled token is the mean and the highest state.

    Choices:
        cell: gru or lstm.
        tokens: pooled (one token) or sequence (one a step that is left).
        layers: of cells, on top of each other.
        width: units of each direction.
        times: whether the time since the last step is read (frames only); asks the modality to keep what it
            has.
        dropout: chance that a unit between layers, and of the result, is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("frames", "ids")
    presets: ClassVar[dict[str, dict[str, Json]]] = {"gru": {"cell": "gru"}, "lstm": {"cell": "lstm"}}

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        cell: Literal["gru", "lstm"] = "gru",
        tokens: Literal["pooled", "sequence"] = "pooled",
        layers: Annotated[int, Field(ge=1, le=8)] = 1,
        width: Annotated[int, Field(ge=1)] = 64,
        times: bool = False,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        self.stride, self.times, self.rate = stride_for(facts, MOST), times, float(facts.get("rate", 1.0))
        of_ids = facts["layout"] == "ids"
        self.table = nn.Embedding(int(facts["vocabulary"]), 2 * width) if of_ids else None
        self.entrance = None if of_ids else nn.Linear(2 * int(facts["features"]) + int(times), 2 * width)
        kind = nn.GRU if cell == "gru" else nn.LSTM
        pairs = ((kind(2 * width, width, batch_first=True) for _ in range(2)) for _ in range(layers))
        self.layers = nn.ModuleList(nn.ModuleList(pair) for pair in pairs)
        self.dropout, self.pooled = nn.Dropout(dropout), tokens == "pooled"
        self.out = nn.Linear((4 if self.pooled else 2) * width, dim)

    @classmethod
    def wants(cls, choices: dict[str, Json]) -> dict[str, Json]:
        """The times of the steps, when it reads them."""
        return {"irregular": "keep"} if choices.get("times") else {}

    def forward(self, x: Arrays) -> Tokens:
        h_BTC, mask_BT = self._entered(x)
        h_BSC, mask_BS = thinned(h_BTC, mask_BT, self.stride)
        end_B = ends(mask_BS)
        for place, layer in enumerate(self.layers):
            assert isinstance(layer, nn.ModuleList)
            h_BSC = self.dropout(h_BSC) if place else h_BSC
            onward, back = layer[0](h_BSC)[0], turned(layer[1](turned(h_BSC, end_B))[0], end_B)
            h_BSC = torch.cat([onward, back], -1)
        if self.pooled:
            pooled_BC = torch.cat([mean(h_BSC, mask_BS), highest(h_BSC, mask_BS)], -1)
            token_BD = self.out(self.dropout(pooled_BC))
            return Tokens(token_BD.unsqueeze(1), mask_BS.any(1, keepdim=True)).clean()
        return Tokens(self.out(self.dropout(h_BSC)), mask_BS).clean()

    def _entered(self, x: Arrays) -> tuple[Tensor, Tensor]:
        """What the first layer reads of each step (B, T, 2 C), and which steps are real."""
        if self.table is not None:
            return self.table(torch.where(x.mask, x.values, torch.zeros_like(x.values))), x.mask
        assert self.entrance is not None
        values_BTF, mask_BT = marked(x)
        if self.times:
            values_BTF = torch.cat([values_BTF, self._waited(x, mask_BT)], -1)
        return F.relu(self.entrance(values_BTF)), mask_BT

    def _waited(self, x: Arrays, mask_BT: Tensor) -> Tensor:
        """The logarithm of the steps since the one before (B, T, 1); 0 at the first and where nothing is."""
        moment_BT = moments(x, self.rate)
        since_BT = F.pad((moment_BT[:, 1:] - moment_BT[:, :-1]).clamp(min=0), (1, 0)).log1p()
        return torch.where(mask_BT, since_BT, torch.zeros_like(since_BT)).unsqueeze(-1).to(x.values.dtype)


def turned(x_BSC: Tensor, end_B: Tensor) -> Tensor:
    """Each row's steps up to its end in reverse; what follows stays."""
    place_S = torch.arange(x_BSC.shape[1], device=x_BSC.device)
    back_BS = end_B.unsqueeze(1) - 1 - place_S
    index_BS = torch.where(back_BS >= 0, back_BS, place_S)
    return x_BSC.gather(1, index_BS.unsqueeze(-1).expand(x_BSC.shape))
