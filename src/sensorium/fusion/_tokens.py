"""What fusions over tokens begin and end with. Letters: B rows, M inputs, T tokens, D dim."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sensorium.types import Tokens


class Marked(nn.Module):
    """Each input's tokens, normalised and marked with a vector of its own; masked values are zero.

    missing: whether the first token of a missing input is a learned vector (real), rather than nothing.
    """

    def __init__(self, inputs: int, dim: int, missing: bool) -> None:
        super().__init__()
        self.kind_MD = nn.Parameter(torch.randn(inputs, dim) * 0.02)
        self.missing_MD = nn.Parameter(torch.randn(inputs, dim) * 0.02) if missing else None
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(inputs))

    def forward(self, inputs: Sequence[Tokens]) -> list[Tokens]:
        """One Tokens (B, T, D) for each input, in the order of the inputs."""
        return [self._one(place, tokens) for place, tokens in enumerate(inputs)]

    def _one(self, place: int, tokens: Tokens) -> Tokens:
        clean_BTD = tokens.clean().values.to(self.kind_MD.dtype)
        values_BTD = self.norms[place](clean_BTD) + self.kind_MD[place]
        if self.missing_MD is None:
            return Tokens(values_BTD, tokens.mask, tokens.grid).clean()
        first_T = torch.arange(values_BTD.shape[1], device=values_BTD.device) == 0
        empty_BT = ~tokens.mask.any(1, keepdim=True) & first_T
        missing_D = self.missing_MD[place].to(values_BTD.dtype)
        told_BTD = torch.where(empty_BT.unsqueeze(-1), missing_D, values_BTD)
        return Tokens(told_BTD, tokens.mask | empty_BT, tokens.grid).clean()


def joined(tokens: Sequence[Tokens]) -> Tokens:
    """All tokens in one row of tokens, in order."""
    return Tokens(torch.cat([t.values for t in tokens], 1), torch.cat([t.mask for t in tokens], 1))


def alone(vector: Tensor, rows: int, like: Tensor) -> Tokens:
    """A vector (D,) or vectors (N, D) as real tokens (B, N, D) of each row, in the dtype of ``like``."""
    values_ND = vector.to(like.dtype).reshape(-1, vector.shape[-1])
    mask = torch.ones(rows, values_ND.shape[0], dtype=torch.bool, device=like.device)
    return Tokens(values_ND.expand(rows, -1, -1), mask)


def led(readout_BD: Tensor, *tokens: Tokens) -> Tokens:
    """The joint of a fusion: its readout as the first token, real in each row, then the tokens, clean."""
    real_B1 = torch.ones(readout_BD.shape[0], 1, dtype=torch.bool, device=readout_BD.device)
    first = Tokens(readout_BD.unsqueeze(1), real_B1)
    return joined([first, *(Tokens(t.values.to(readout_BD.dtype), t.mask) for t in tokens)]).clean()
