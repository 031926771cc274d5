"""Letters: B rows, M inputs, T tokens, D dim, H hidden units, G gates of a token."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.fusion._base import Fusion
from sensorium.fusion._tokens import Marked, led
from sensorium.nn.pool import mean
from sensorium.nn.summaries import Missing, Said, others
from sensorium.types import Fused, Tokens


class AdditiveGate(nn.Module):
    """Tokens (B, T, D) times sigmoid(psi relu(W_x x + told) + b), told (B, H): what gates them."""

    def __init__(self, dim: int, hidden: int, gates: int) -> None:
        super().__init__()
        self.of_token = nn.Linear(dim, hidden, bias=False)
        self.psi = nn.Linear(hidden, gates)

    def forward(self, x_BTD: Tensor, told_BH: Tensor) -> Tensor:
        mixed_BTH = F.relu(self.of_token(x_BTD) + told_BH.unsqueeze(1))
        gate_BTG: Tensor = self.psi(mixed_BTH).sigmoid()
        return gate_BTG * x_BTD


class AttentionGates(Fusion):
    """Additive attention gates (Oktay et al. 2018, eq. 1 and 2) on all sides.

    Each input gates the others' tokens: a token x is multiplied by sigmoid(psi relu(W_x x + sum_n (W_n g_n +
    b_n)) + b_psi), where g_n are the means of all other inputs (a single input gates itself). W_n is told to
    all of them, so that cost grows with the inputs and not with their pairs. The readout is an affine map of
    the means of the gated tokens; the joint is the readout followed by the gated tokens in plan order.
    Without learned vectors a missing input has no token, and gates nothing.

    Choices:
        hidden: units in which tokens and what gates them are added.
        gates: one number for a whole token, as in the paper, or one for every unit.
        dropout: chance that a unit of a mean of gated tokens is dropped in training.
        missing: what a missing input is: learned, a token of its own, or none, no token at all.
    """

    cost: ClassVar[str] = "inputs tokens"

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        hidden: Annotated[int, Field(ge=1)] = 64,
        gates: Literal["token", "unit"] = "token",
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Missing = "learned",
    ) -> None:
        super().__init__()
        self.inputs = tuple(inputs)
        self.marked = Marked(len(inputs), dim, missing == "learned")
        self.said = Said(len(inputs), dim, hidden, scale=max(1, len(inputs) - 1) ** -0.5)
        count = 1 if gates == "token" else dim
        self.gates = nn.ModuleList(AdditiveGate(dim, hidden, count) for _ in inputs)
        self.dropout, self.out = nn.Dropout(dropout), nn.Linear(dim * len(inputs), dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        given = self.marked([inputs[name] for name in self.inputs])
        told = others(self.said(given)).unbind(1)
        gated = [
            Tokens(gate(t.values, told_BH), t.mask)
            for gate, t, told_BH in zip(self.gates, given, told, strict=True)
        ]
        y_BD = self.out(self.dropout(torch.cat([mean(t.values, t.mask) for t in gated], 1)))
        return Fused(led(y_BD, *gated), dict(inputs), readout=y_BD)
