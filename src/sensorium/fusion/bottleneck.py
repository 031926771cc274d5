"""Letters: B rows, M inputs, T tokens, N bottleneck tokens, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from sensorium.errors import PlanError
from sensorium.fusion._base import Fusion
from sensorium.fusion._tokens import Marked, alone, joined, led
from sensorium.nn.attention import Block, check_heads
from sensorium.types import Fused, Tokens


class Bottleneck(Fusion):
    """MBT: inputs meet in a few shared tokens only (Nagrani 2021, section 3.2.3, equations 8 and 9):
    [z_i, b_i] = Transformer([z_i, b]; i), b = mean of b_i.

    Every input has Transformer layers of its own over its class token and its tokens. From the fusion
    layer on the bottleneck tokens stand among them: each input's layer updates its own copy (equation
    8), and the mean of the copies over the inputs that are there goes into the next layer (equation 9).
    So nothing passes from one input to another but through these tokens, and not before the second such
    layer. The readout is the mean of the inputs' class tokens (the paper averages the decisions made of
    them).

    Choices:
        bottlenecks: shared tokens.
        layers: Transformer layers of each input.
        fusion_layer: how many of them come before the bottleneck tokens; less than layers. With
            layers - 1 the inputs meet in the mean of the class tokens alone.
        heads: attention heads; they must divide the dim.
        dropout: chance that a unit of a layer's output is dropped in training.
        missing: what a missing input is: learned, a token of its own, or none, left out of all means.
    """

    cost: ClassVar[str] = "inputs tokens^2"

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        bottlenecks: Annotated[int, Field(ge=1)] = 4,
        layers: Annotated[int, Field(ge=1)] = 4,
        fusion_layer: Annotated[int, Field(ge=0)] = 1,
        heads: Annotated[int, Field(ge=1)] = 4,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Literal["learned", "none"] = "learned",
    ) -> None:
        super().__init__()
        check_heads("fusion bottleneck", dim, heads)
        if fusion_layer >= layers:
            raise PlanError(
                f"fusion bottleneck: fusion_layer must be less than layers ({layers}), so that a layer "
                f"holds the bottleneck tokens; got {fusion_layer}. Take at most {layers - 1}."
            )
        self.inputs, self.layers, self.fusion_layer = tuple(inputs), layers, fusion_layer
        self.marked = Marked(len(inputs), dim, missing == "learned")
        self.class_MD = nn.Parameter(torch.randn(len(inputs), dim) * 0.02)
        self.bottleneck_ND = nn.Parameter(torch.randn(bottlenecks, dim) * 0.02)
        self.blocks = nn.ModuleList(
            Block(dim, heads, layers=layers, dropout=dropout) for _ in range(layers * len(inputs))
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in inputs)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        marked = self.marked([inputs[name] for name in self.inputs])
        rows, like = marked[0].values.shape[0], marked[0].values
        there_MB = torch.stack([t.mask.any(1) for t in marked])
        streams = [
            joined([alone(first_D, rows, like), t]) for first_D, t in zip(self.class_MD, marked, strict=True)
        ]
        shared = alone(self.bottleneck_ND, rows, like)
        for layer in range(self.layers):
            if layer < self.fusion_layer:
                streams = [self._through(layer, i, s) for i, s in enumerate(streams)]
                continue
            wide = [self._through(layer, i, joined([s, shared])) for i, s in enumerate(streams)]
            ends = [s.mask.shape[1] for s in streams]
            streams = [Tokens(t.values[:, :n], t.mask[:, :n]) for t, n in zip(wide, ends, strict=True)]
            copies_MBND = torch.stack([t.values[:, n:] for t, n in zip(wide, ends, strict=True)])
            shared = Tokens(_mean(copies_MBND, there_MB), shared.mask)
        streams = [Tokens(self.norms[i](s.values), s.mask) for i, s in enumerate(streams)]
        y_BD = _mean(torch.stack([s.values[:, 0] for s in streams]), there_MB)
        tokens = [Tokens(s.values[:, 1:], s.mask[:, 1:]) for s in streams]
        return Fused(led(y_BD, *tokens), dict(inputs), readout=y_BD)

    def _through(self, layer: int, place: int, stream: Tokens) -> Tokens:
        """One input's own layer over its stream."""
        block = self.blocks[layer * len(self.inputs) + place]
        return Tokens(block(stream.values, stream.mask), stream.mask)


def _mean(x_MB: Tensor, there_MB: Tensor) -> Tensor:
    """(B, ...): the mean of (M, B, ...) over the inputs that are there; over all of them where none is."""
    counted_MB = there_MB | ~there_MB.any(0, keepdim=True)
    counted = counted_MB.view(*counted_MB.shape, *(1 for _ in x_MB.shape[2:]))
    total = torch.where(counted, x_MB, torch.zeros_like(x_MB)).sum(0)
    return total / counted.sum(0).to(x_MB.dtype)
