"""From many tokens to few. Letters: B rows, T tokens, D dim, H heads, E dim of a head, Z zones, W columns."""

import torch
from torch import Tensor, nn

from sensorium.types import Tokens


def mean(values_BTD: Tensor, mask_BT: Tensor) -> Tensor:
    """The mean over real tokens (B, D); zeros where a row has none."""
    kept = torch.where(mask_BT.unsqueeze(-1), values_BTD, torch.zeros_like(values_BTD))
    return kept.sum(1) / mask_BT.sum(1, keepdim=True).clamp(min=1).to(kept.dtype)


def highest(values_BTD: Tensor, mask_BT: Tensor) -> Tensor:
    """The largest value over real tokens (B, D); zeros where a row has none."""
    low = torch.full((), float("-inf"), dtype=values_BTD.dtype, device=values_BTD.device)
    top = torch.where(mask_BT.unsqueeze(-1), values_BTD, low).amax(1)
    return torch.where(mask_BT.any(1, keepdim=True), top, torch.zeros_like(top))


def summary(tokens: Tokens) -> Tokens:
    """The mean of each row's real tokens as its only token: T = 1; missing stays missing."""
    return Tokens(mean(tokens.values, tokens.mask).unsqueeze(1), tokens.mask.any(1, keepdim=True))


def zone_shares(mask_BW: Tensor, zones: int) -> Tensor:
    """Shares (B, Z, W) that average each row's real columns in ``zones`` equal spans.

    Span z of n columns is floor(z n / Z) .. ceil((z + 1) n / Z), as in adaptive average pooling, so
    none is empty; a row without a real column has zero shares.
    """
    place_BW = mask_BW.long().cumsum(1) - 1
    count_B1 = mask_BW.long().sum(1, keepdim=True)
    z_Z = torch.arange(zones, device=mask_BW.device)
    start_BZ = torch.div(z_Z * count_B1, zones, rounding_mode="floor")
    stop_BZ = torch.div((z_Z + 1) * count_B1 + zones - 1, zones, rounding_mode="floor")
    place = place_BW.unsqueeze(1)
    inside = (place >= start_BZ.unsqueeze(-1)) & (place < stop_BZ.unsqueeze(-1)) & mask_BW.unsqueeze(1)
    return inside.float() / inside.sum(-1, keepdim=True).clamp(min=1)


class AttentionPool(nn.Module):
    """A learned weighted mean of real tokens, one weight a head (Lin 2017, eq. 6): (B, T, D) -> (B, D).

    It starts as the plain mean. A row without a real token gives zeros.
    """

    def __init__(self, dim: int, heads: int = 1) -> None:
        super().__init__()
        self.heads = heads
        self.score = nn.Linear(dim, heads, bias=False)  # softmax would not see a bias
        nn.init.zeros_(self.score.weight)

    def forward(self, values_BTD: Tensor, mask_BT: Tensor) -> Tensor:
        mask_BT1 = mask_BT.unsqueeze(-1)
        clean_BTD = torch.where(mask_BT1, values_BTD, torch.zeros_like(values_BTD))
        score_BTH = self.score(clean_BTD).float()
        share_BTH = torch.where(mask_BT1, score_BTH, torch.full_like(score_BTH, -1e9)).softmax(1)
        heads_BTHE = clean_BTD.view(*mask_BT.shape, self.heads, -1)
        return (heads_BTHE * share_BTH.to(clean_BTD.dtype).unsqueeze(-1)).sum(1).flatten(1)
