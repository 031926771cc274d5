"""Each input in one vector, side by side. Letters: B rows, M inputs, T tokens, D dim, E units out."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.nn.pool import mean
from sensorium.types import Fused, Tokens

Missing = Literal["learned", "none"]


class Summaries(nn.Module):
    """{input: Tokens} -> the normalised mean of every input's tokens (B, M, D), and which count (B, M).

    missing: learned, a missing input is a vector of its own, which counts; none, it is zeros and does not.
    dropout: chance that a unit of an input's vector is dropped in training.
    """

    def __init__(self, inputs: Sequence[str], dim: int, missing: Missing, dropout: float = 0.0) -> None:
        super().__init__()
        self.inputs, self.shape = tuple(inputs), (len(inputs), dim)
        self.gain = nn.Parameter(torch.ones(len(inputs) * dim))  # flat: single vectors do not decay
        self.shift = nn.Parameter(torch.zeros(len(inputs) * dim))
        told = missing == "learned"
        self.missing_MD = nn.Parameter(torch.randn(len(inputs), dim) * 0.02) if told else None
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: dict[str, Tokens]) -> tuple[Tensor, Tensor]:
        given = [inputs[name] for name in self.inputs]
        there_BM = torch.stack([t.mask.any(1) for t in given], 1)
        pooled_BMD = torch.stack([mean(t.values.to(self.gain.dtype), t.mask) for t in given], 1)
        normal_BMD = F.layer_norm(pooled_BMD, self.shape[1:])
        x_BMD = normal_BMD * self.gain.view(self.shape) + self.shift.view(self.shape)
        gone_MD = x_BMD.new_zeros(()) if self.missing_MD is None else self.missing_MD
        x_BMD = self.dropout(torch.where(there_BM.unsqueeze(-1), x_BMD, gone_MD))
        return x_BMD, there_BM if self.missing_MD is None else torch.ones_like(there_BM)


class Maps(nn.Module):
    """One affine map per input: (B, M, D) -> (B, M, E).

    scale: deviation of what the weights give at the start for inputs of deviation 1. start: the first bias.
    """

    def __init__(self, inputs: int, dim: int, units: int, *, scale: float = 1.0, start: float = 0.0) -> None:
        super().__init__()
        self.weight_MDE = nn.Parameter(torch.randn(inputs, dim, units) * (scale * dim**-0.5))
        self.bias = nn.Parameter(torch.full((inputs * units,), start))  # flat: single vectors do not decay

    def forward(self, x_BMD: Tensor) -> Tensor:
        y_MBE = x_BMD.transpose(0, 1) @ self.weight_MDE
        return y_MBE.transpose(0, 1) + self.bias.view(x_BMD.shape[1], -1)


def kept(x_BME: Tensor, used_BM: Tensor, otherwise: float = 0.0) -> Tensor:
    """The vectors of inputs that count; ``otherwise`` in place of the rest."""
    return torch.where(used_BM.unsqueeze(-1), x_BME, otherwise)


class Said(nn.Module):
    """What inputs tell others, from their tokens (B, T, D): an affine map of each one's mean (B, M, E).

    An input without a token says zeros. scale: deviation of what is said at the start.
    """

    def __init__(self, inputs: int, dim: int, units: int, *, scale: float = 1.0) -> None:
        super().__init__()
        self.maps = Maps(inputs, dim, units, scale=scale)

    def forward(self, given: Sequence[Tokens]) -> Tensor:
        mean_BMD = torch.stack([mean(t.values, t.mask) for t in given], 1)
        return kept(self.maps(mean_BMD), torch.stack([t.mask.any(1) for t in given], 1))


def others(said_BME: Tensor) -> Tensor:
    """For each input the sum of what all others say (B, M, E); a single input hears itself."""
    return said_BME if said_BME.shape[1] == 1 else said_BME.sum(1, keepdim=True) - said_BME


def alone(y_BD: Tensor, inputs: dict[str, Tokens]) -> Fused:
    """What a fusion returns that makes one vector a row: its only token, always real, and the readout."""
    real_B1 = torch.ones(y_BD.shape[0], 1, dtype=torch.bool, device=y_BD.device)
    return Fused(Tokens(y_BD.unsqueeze(1), real_B1), dict(inputs), readout=y_BD)
