"""Letters: B rows, M inputs, T tokens, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import nn

from sensorium.fusion._base import Fusion
from sensorium.nn.attention import Block, check_heads
from sensorium.nn.gate import GatedMix
from sensorium.nn.pool import mean
from sensorium.types import Fused, Tokens


class Attend(Fusion):
    """A masked Transformer over the tokens of all inputs, read out at a token of its own.

    Each input's tokens are normalised and marked with a learned vector; a missing input is one
    learned token, or none. The readout token (always real, first of the joint) also takes a gated perceptron
    of the inputs' means (SwiGLU), whose products of inputs are learned in few steps. The joint is
    the readout followed by every input's tokens in plan order.

    Choices:
        layers: Transformer layers.
        heads: attention heads; they must divide the dim.
        dropout: chance that a unit of a layer's output is dropped in training.
        gate: hidden units of the gated perceptron; 0 leaves it out.
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
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        gate: Annotated[int, Field(ge=0)] = 128,
        missing: Literal["learned", "none"] = "learned",
    ) -> None:
        super().__init__()
        check_heads("fusion attend", dim, heads)
        self.inputs = tuple(inputs)
        self.kind_MD = nn.Parameter(torch.randn(len(inputs), dim) * 0.02)
        told = missing == "learned"
        self.missing_MD = nn.Parameter(torch.randn(len(inputs), dim) * 0.02) if told else None
        self.readout_D = nn.Parameter(torch.randn(dim) * 0.02)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in inputs)
        self.blocks = nn.ModuleList(Block(dim, heads, dropout=dropout, layers=layers) for _ in range(layers))
        self.gate = GatedMix(dim * len(inputs), dim, gate, dropout) if gate else None
        self.norm = nn.LayerNorm(dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        marked = [self._marked(i, inputs[name]) for i, name in enumerate(self.inputs)]
        rows = marked[0].values.shape[0]
        first_B1D = self.readout_D.to(marked[0].values.dtype).expand(rows, 1, -1)
        real_B1 = torch.ones(rows, 1, dtype=torch.bool, device=first_B1D.device)
        x_BTD = torch.cat([first_B1D, *(t.values for t in marked)], 1)
        mask_BT = torch.cat([real_B1, *(t.mask for t in marked)], 1)
        for block in self.blocks:
            x_BTD = block(x_BTD, mask_BT)
        if self.gate is not None:
            mixed_BD = self.gate(torch.cat([mean(t.values, t.mask) for t in marked], -1))
            x_BTD = torch.cat([x_BTD[:, :1] + mixed_BD.unsqueeze(1), x_BTD[:, 1:]], 1)
        joint = Tokens(self.norm(x_BTD), mask_BT).clean()
        return Fused(joint, dict(inputs), readout=joint.values[:, 0])

    def _marked(self, place: int, tokens: Tokens) -> Tokens:
        """The input's tokens with its mark; a missing input's first token is its missing vector, if any."""
        clean_BTD = tokens.clean().values.to(self.kind_MD.dtype)
        values_BTD = self.norms[place](clean_BTD) + self.kind_MD[place]
        if self.missing_MD is None:
            return Tokens(values_BTD, tokens.mask).clean()
        first_T = torch.arange(values_BTD.shape[1], device=values_BTD.device) == 0
        empty_BT = ~tokens.mask.any(1, keepdim=True) & first_T
        missing_D = self.missing_MD[place].to(values_BTD.dtype)
        return Tokens(torch.where(empty_BT.unsqueeze(-1), missing_D, values_BTD), tokens.mask | empty_BT)
