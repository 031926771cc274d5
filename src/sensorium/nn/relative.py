"""Attention that sees how far apart two tokens are.

Letters: B rows, T tokens, R distances (2 T - 1), D dim, H heads, E dim of a head.
"""

import torch
from torch import Tensor, nn

from sensorium.nn.attention import attended, check_heads


def distances(length: int, dim: int, device: torch.device) -> Tensor:
    """Waves of the distances from T - 1 down to 1 - T (R, D), sines and cosines in turn (Dai 2019, 3.3)."""
    away_R1 = torch.arange(length - 1, -length, -1, device=device, dtype=torch.float32).unsqueeze(1)
    rate = 10_000.0 ** (-torch.arange(0, dim, 2, device=device, dtype=torch.float32) / dim)
    return torch.stack([(away_R1 * rate).sin(), (away_R1 * rate).cos()], -1).flatten(1)[:, :dim]


class RelativeAttention(nn.Module):
    """Multi-head self-attention to real tokens, by content and distance (Dai 2019, section 3.3): (B, T, D).

    A row without a real token attends to everything: finite, and for its reader to mask.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        check_heads("attention", dim, heads)
        self.heads = heads
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.distance = nn.Linear(dim, dim, bias=False)
        self.content_HE = nn.Parameter(torch.zeros(heads, dim // heads))
        self.place_HE = nn.Parameter(torch.zeros(heads, dim // heads))
        for bias in (self.content_HE, self.place_HE):
            nn.init.xavier_uniform_(bias)

    def forward(self, x_BTD: Tensor, mask_BT: Tensor, waves_RD: Tensor) -> Tensor:
        """waves_RD: of ``distances``."""
        parts = *mask_BT.shape, 3, self.heads, x_BTD.shape[2] // self.heads
        q, k, v = self.qkv(x_BTD).view(parts).permute(2, 0, 3, 1, 4)
        away_HER = self.distance(waves_RD).view(len(waves_RD), self.heads, -1).permute(1, 2, 0)
        score_BHTR = (q + self.place_HE.unsqueeze(1).to(q.dtype)) @ away_HER.to(q.dtype)
        score_BHTS = _met(score_BHTR) * q.shape[-1] ** -0.5
        seen_BT = mask_BT | ~mask_BT.any(1, keepdim=True)
        low = torch.full((), float("-inf"), dtype=score_BHTS.dtype, device=q.device)
        bias_BHTS = torch.where(seen_BT[:, None, None, :], score_BHTS, low)
        if q.device.type == "cpu":
            bias_BHTS = bias_BHTS.float()
        y_BHTE = attended(q + self.content_HE.unsqueeze(1).to(q.dtype), k, v, bias_BHTS)
        y_BTD: Tensor = self.out(y_BHTE.transpose(1, 2).flatten(2))
        return y_BTD


def _met(score_BHTR: Tensor) -> Tensor:
    """From scores of every distance to those of every token (B, H, T, T): i and j are i - j apart."""
    place_T = torch.arange(score_BHTR.shape[2], device=score_BHTR.device)
    index_TT = len(place_T) - 1 - place_T[:, None] + place_T
    return score_BHTR.gather(3, index_TT.expand(*score_BHTR.shape[:2], -1, -1))
