"""Letters: B rows, M inputs, D dim."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from sensorium.fusion._base import Fusion
from sensorium.nn.summaries import Maps, Missing, Summaries, alone, kept
from sensorium.types import Fused, Tokens


class Gate(Fusion):
    """The gated multimodal unit, GMU (Arevalo et al. 2017, section 3.1): y = sum_m z_m * tanh(W_m h_m + b_m).

    h_m is the input's normalised mean, or its missing vector; the gates z_m see all inputs side by side:
    independent, z_m = sigmoid(V_m [h_1 ... h_M] + c_m) (figure 2a); tied, a softmax over the inputs in every
    unit, which for two inputs is the paper's z and 1 - z (figure 2b). A single tied input has the gate 1. The
    joint is one token, always real. Without learned vectors a missing input has the gate 0 and zeros before
    the other gates; tied gates are shared out among the rest.

    Choices:
        gates: how the gates of several inputs hang together: tied, they sum to 1, or independent.
        dropout: chance that a unit of an input's vector is dropped in training.
        missing: what a missing input is: learned, a vector of its own, or none, gated off.
    """

    cost: ClassVar[str] = "inputs^2"

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        gates: Literal["tied", "independent"] = "tied",
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Missing = "learned",
    ) -> None:
        super().__init__()
        self.summaries = Summaries(inputs, dim, missing, dropout)
        self.maps, self.tied = Maps(len(inputs), dim, dim), gates == "tied"
        open_wide = self.tied and len(inputs) == 1
        self.gates = None if open_wide else nn.Linear(len(inputs) * dim, len(inputs) * dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        x_BMD, used_BM = self.summaries(inputs)
        value_BMD = kept(self.maps(x_BMD).tanh(), used_BM)
        return alone((self.gate(x_BMD, used_BM) * value_BMD).sum(1), inputs)

    def gate(self, x_BMD: Tensor, used_BM: Tensor) -> Tensor:
        """The share of every input's units (B, M, D)."""
        if self.gates is None:
            return torch.ones_like(x_BMD)
        score_BMD = self.gates(x_BMD.flatten(1)).view(x_BMD.shape)
        return kept(score_BMD, used_BM, -1e9).softmax(1) if self.tied else score_BMD.sigmoid()
