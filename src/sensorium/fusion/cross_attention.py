"""Letters: B rows, M inputs, T tokens, D dim."""

from itertools import islice
from typing import Annotated, ClassVar, Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.fusion._base import Fusion
from sensorium.fusion._tokens import Marked, led
from sensorium.nn.attention import Block, check_heads
from sensorium.nn.cross import CrossBlock
from sensorium.nn.pool import mean
from sensorium.types import Fused, Tokens


class Crossmodal(Fusion):
    """MulT: every input reads every other one in a Transformer of its own (Tsai 2019, section 3).

    For each ordered pair the target's tokens attend, layer after layer, to the source's tokens as they
    came in: Z <- Z + CM(LN(Z), LN(Z_source)), then Z <- Z + MLP(LN(Z)) (section 3.2; residuals without
    their norm, as in the authors' code), CM the multi-head attention of equation 1 from target to
    source. A target's results from all its sources lie side by side, one linear map brings them back to
    D, and a self-attention Transformer reads them on. The means of all targets, side by side, pass a
    residual perceptron into the readout. Departures: the mean over real tokens in place of the last
    token, the linear map (the paper keeps the width, which would grow with the inputs), and one learned
    key beside each source's, so that sources of one token can be weighed. An input alone has no source:
    its tokens go straight to self-attention.

    Choices:
        layers: layers of each crossmodal Transformer.
        self_layers: layers of the self-attention Transformer of each target.
        heads: attention heads; they must divide the dim.
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
        self_layers: Annotated[int, Field(ge=1)] = 1,
        heads: Annotated[int, Field(ge=1)] = 4,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Literal["learned", "none"] = "learned",
    ) -> None:
        super().__init__()
        check_heads("fusion cross_attention", dim, heads)
        self.inputs, many = tuple(inputs), len(inputs)
        self.marked = Marked(many, dim, missing == "learned")
        self.readers = nn.ModuleList(_Target(many - 1, dim, heads, layers, dropout) for _ in inputs)
        self.blocks = nn.ModuleList(
            nn.ModuleList(Block(dim, heads, layers=self_layers, dropout=dropout) for _ in range(self_layers))
            for _ in inputs
        )
        wide = dim * many
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in inputs)
        self.up, self.down, self.out = nn.Linear(wide, wide), nn.Linear(wide, wide), nn.Linear(wide, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        marked = self.marked([inputs[name] for name in self.inputs])
        settled = [self._settled(place, marked) for place in range(len(marked))]
        x = torch.cat([mean(t.values, t.mask) for t in settled], -1)
        y_BD: Tensor = self.out(x + self.down(self.dropout(F.relu(self.up(x)))))
        return Fused(led(y_BD, *settled), dict(inputs), readout=y_BD)

    def _settled(self, target: int, marked: list[Tokens]) -> Tokens:
        """The target's tokens after reading every source, then themselves."""
        own = marked[target]
        x_BTD = self.readers[target](own.values, marked[:target] + marked[target + 1 :])
        for block in cast(nn.ModuleList, self.blocks[target]):
            x_BTD = block(x_BTD, own.mask)
        return Tokens(self.norms[target](x_BTD), own.mask).clean()


class _Target(nn.Module):
    """One target's crossmodal Transformers, one a source, and the map of their results to D."""

    def __init__(self, sources: int, dim: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = layers
        many = sources * layers
        self.blocks = nn.ModuleList(
            CrossBlock(dim, heads, layers=layers, dropout=dropout) for _ in range(many)
        )
        self.narrow = nn.Linear(sources * dim, dim) if sources else nn.Identity()

    def forward(self, x_BTD: Tensor, sources: list[Tokens]) -> Tensor:
        read = []
        for place, source in enumerate(sources):
            y_BTD = x_BTD
            for block in islice(self.blocks, place * self.layers, (place + 1) * self.layers):
                y_BTD = block(y_BTD, source.values, source.mask)
            read.append(y_BTD)
        narrow_BTD: Tensor = self.narrow(torch.cat(read, -1) if read else x_BTD)
        return narrow_BTD
