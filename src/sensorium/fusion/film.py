"""Letters: B rows, M inputs, T tokens, D dim, L layers."""

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


class FilmBlock(nn.Module):
    """A residual block of tokens whose normalised branch is scaled and shifted (Perez 2018, figure 3)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(dim, dim), nn.Linear(dim, dim)

    def forward(self, x_BTD: Tensor, gamma_BD: Tensor, beta_BD: Tensor) -> Tensor:
        kept_BTD = F.relu(self.first(x_BTD))
        normal_BTD = F.layer_norm(self.second(kept_BTD), kept_BTD.shape[-1:])
        return kept_BTD + F.relu(gamma_BD.unsqueeze(1) * normal_BTD + beta_BD.unsqueeze(1))


class Modulated(nn.Module):
    """Tokens (B, T, D) through blocks modulated by what is told, all deltas, then all betas (B, 2 L D)."""

    def __init__(self, dim: int, layers: int) -> None:
        super().__init__()
        self.layers = layers
        self.blocks = nn.ModuleList(FilmBlock(dim) for _ in range(layers))

    def forward(self, x_BTD: Tensor, told: Tensor) -> Tensor:
        delta_B2LD = told.view(len(told), 2, self.layers, -1)
        for layer, block in enumerate(self.blocks):
            x_BTD = block(x_BTD, 1 + delta_B2LD[:, 0, layer], delta_B2LD[:, 1, layer])
        return x_BTD


class Film(Fusion):
    """Feature-wise linear modulation, FiLM (Perez et al. 2018, eq. 1 and 2): gamma * x + beta.

    An input's tokens go through residual blocks; gamma = 1 + delta and beta of each are the sum of affine
    maps of the means of all other inputs (a single input tells its own); what an input tells is the same for
    all of them, so that cost grows with the inputs and not with their pairs. Layer normalisation without
    weights stands for the paper's batch normalisation. The readout is an affine map of the means of the
    modulated tokens; the joint is the readout followed by those tokens in plan order. Without learned vectors
    a missing input has no token and tells nothing.

    Choices:
        layers: modulated blocks.
        modulated: all, every input by the others, or first, only the first of the plan (the paper: the
            picture by the question).
        dropout: chance that a unit of a mean of modulated tokens is dropped in training.
        missing: what a missing input is: learned, a token of its own, or none, no token at all.
    """

    cost: ClassVar[str] = "inputs tokens"

    def __init__(
        self,
        inputs: tuple[str, ...],
        dim: int,
        *,
        layers: Annotated[int, Field(ge=1)] = 2,
        modulated: Literal["all", "first"] = "all",
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
        missing: Missing = "learned",
    ) -> None:
        super().__init__()
        self.inputs = tuple(inputs)
        self.marked = Marked(len(inputs), dim, missing == "learned")
        self.all, rest = modulated == "all", max(1, len(inputs) - 1)
        tell, count = (len(inputs), len(inputs)) if self.all else (rest, 1)
        self.said = Said(tell, dim, 2 * layers * dim, scale=0.5 * rest**-0.5)
        self.parts = nn.ModuleList(Modulated(dim, layers) for _ in range(count))
        self.dropout, self.out = nn.Dropout(dropout), nn.Linear(dim * count, dim)

    def forward(self, inputs: dict[str, Tokens]) -> Fused:
        given = self.marked([inputs[name] for name in self.inputs])
        said = self.said(given if self.all else given[1:] or given)
        told = (others(said) if self.all else said.sum(1, keepdim=True)).unbind(1)
        parts = zip(self.parts, given[: len(told)], told, strict=True)
        made = [Tokens(part(t.values, told_BE), t.mask) for part, t, told_BE in parts]
        y_BD = self.out(self.dropout(torch.cat([mean(t.values, t.mask) for t in made], 1)))
        return Fused(led(y_BD, *made), dict(inputs), readout=y_BD)
