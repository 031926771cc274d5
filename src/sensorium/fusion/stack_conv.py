"""Letters: B rows, M inputs, D dim, C channels."""

from itertools import pairwise
from typing import Annotated

import torch
from pydantic import Field
from torch import nn
from torch.nn import functional as F

from sensorium.fusion._base import Fusion
from sensorium.nn.summaries import Maps, Missing, Summaries, alone, kept
from sensorium.types import Fused, Tokens


class StackConv(Fusion):
    """One-dimensional convolutions along D over the inputs' vectors, stacked as channels (B, M, D).

    Convolution fusion (Feichtenhofer et al. 2016, eq. 4: filters over the stacked features of all inputs),
    here with a window along the units and GELU after each layer; W_m h_m + b_m, an affine map of the input's
    normalised mean or missing vector, puts what belongs together side by side. All channels of all units are
    then mapped to D. The joint is one token, always real. Without learned vectors a missing input is a
    channel of zeros, to which a convolution adds nothing.

    Choices:
        channels: filters of a layer.
        kernel: units that a filter sees at once.
        layers: convolutions one after another.
        dropout: chance that a unit of an input's vector is dropped in training.
        missing: what a missing input is: learned, a vector of its own, or none, a channel of zeros.
    """

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        channels: Annotated[int, Field(ge=1)] = 32,
        kernel: Annotated[int, Field(ge=1)] = 3,
        layers: Annotated[int, Field(ge=1)] = 1,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Missing = "learned",
    ) -> None:
        super().__init__()
        self.summaries = Summaries(inputs, dim, missing, dropout)
        self.maps = Maps(len(inputs), dim, dim)
        self.around = (kernel - 1) // 2, kernel // 2
        widths = [len(inputs), *[channels] * layers]
        self.convs = nn.ModuleList(nn.Conv1d(into, out, kernel) for into, out in pairwise(widths))
        self.out = nn.Linear(channels * dim, dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        x_BMD, used_BM = self.summaries(inputs)
        x_BCD = kept(self.maps(x_BMD), used_BM)
        for conv in self.convs:
            x_BCD = F.gelu(conv(F.pad(x_BCD, self.around)))
        return alone(self.out(torch.flatten(x_BCD, 1)), inputs)
