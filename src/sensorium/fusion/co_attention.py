"""Letters: B rows, M inputs, T tokens, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from sensorium.fusion._base import Fusion
from sensorium.fusion._tokens import Marked, joined, led
from sensorium.nn.attention import Block, check_heads
from sensorium.nn.cross import CrossBlock
from sensorium.nn.pool import mean
from sensorium.types import Fused, Tokens


class CoAttention(Fusion):
    """ViLBERT: streams that read each other, layer by layer (Lu 2019, section 2.1, figure 2b):
    softmax(Q_i K_others / sqrt(E)) V_others.

    Each input keeps a stream of its own. In a layer every stream's queries attend to the keys and values
    of all other streams as the layer before left them (a co-attentional Transformer layer), then its
    tokens to each other (a Transformer layer). The readout joins one vector of each stream, an affine
    map of its mean, by product as in section 3.1 (the paper multiplies the two), or by sum; a missing
    stream is left out. Departures: more than two streams, layers with the norm before, means in place of
    first tokens, one learned key beside those read. An input alone reads that key only.

    Choices:
        layers: co-attentional layers, each followed by a Transformer layer.
        heads: attention heads; they must divide the dim.
        join: product or sum of the streams' vectors.
        dropout: chance that a unit of a layer's output is dropped in training.
        missing: what a missing input is: learned, a token of its own, or none, no token at all.
    """

    cost: ClassVar[str] = "inputs^2 tokens^2"

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        layers: Annotated[int, Field(ge=1)] = 2,
        heads: Annotated[int, Field(ge=1)] = 4,
        join: Literal["product", "sum"] = "product",
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Literal["learned", "none"] = "learned",
    ) -> None:
        super().__init__()
        check_heads("fusion co_attention", dim, heads)
        self.inputs, self.join = tuple(inputs), join
        self.marked = Marked(len(inputs), dim, missing == "learned")
        deep = 2 * layers
        streams = [(layer, name) for layer in range(layers) for name in inputs]
        self.reading = nn.ModuleList(CrossBlock(dim, heads, layers=deep, dropout=dropout) for _ in streams)
        self.settling = nn.ModuleList(Block(dim, heads, layers=deep, dropout=dropout) for _ in streams)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in inputs)
        self.maps = nn.ModuleList(nn.Linear(dim, dim) for _ in inputs)
        self.norm = nn.LayerNorm(dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        streams = self.marked([inputs[name] for name in self.inputs])
        for layer in range(len(self.reading) // len(streams)):
            streams = [self._after(layer, place, streams) for place in range(len(streams))]
        normed = [self.norms[i](s.values) for i, s in enumerate(streams)]
        streams = [Tokens(x_BTD, s.mask).clean() for x_BTD, s in zip(normed, streams, strict=True)]
        y_BD = self.norm(self._joined(streams))
        return Fused(led(y_BD, *streams), dict(inputs), readout=y_BD)

    def _after(self, layer: int, place: int, streams: list[Tokens]) -> Tokens:
        """One stream after it has read the others, then itself."""
        own, others = streams[place], streams[:place] + streams[place + 1 :]
        nothing = Tokens(own.values[:, :0], own.mask[:, :0])
        read, number = joined(others or [nothing]), layer * len(streams) + place
        x_BTD = self.reading[number](own.values, read.values, read.mask)
        return Tokens(self.settling[number](x_BTD, own.mask), own.mask).clean()

    def _joined(self, streams: list[Tokens]) -> Tensor:
        """(B, D): the product or sum of the present streams' vectors; an absent one is 1, or 0."""
        absent = 1.0 if self.join == "product" else 0.0
        parts = []
        for place, stream in enumerate(streams):
            vector_BD: Tensor = self.maps[place](mean(stream.values, stream.mask))
            real_B1 = stream.mask.any(1, keepdim=True)
            parts.append(torch.where(real_B1, vector_BD, torch.full_like(vector_BD, absent)))
        stacked_MBD = torch.stack(parts)
        return stacked_MBD.prod(0) if self.join == "product" else stacked_MBD.sum(0)
