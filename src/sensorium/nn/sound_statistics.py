"""A log-mel sound as a few hundred numbers, for learners that read no sequences.

Letters: B rows, M mel bands, W frames, K coefficients, Z zones, F features, Q quantiles.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

BANDS, WIDE, COEFFICIENTS, ZONES, RHYTHM = 32, 16, 20, 8, 24
QUANTILES = (0.1, 0.5, 0.9)
STEPS = 128
"""Frames to which a loudness curve is resampled before its rhythm is read."""


def width() -> int:
    """F."""
    return 6 * BANDS + 3 * COEFFICIENTS + len(QUANTILES) + ZONES * WIDE + RHYTHM


def statistics(bands_BMW: Tensor, mask_BW: Tensor) -> Tensor:
    """(B, F) of log-mel bands (B, M, W), mask (B, W) with real frames first; zeros for a row without any.

    Of each of 32 bands the mean, deviation, mean step and 10, 50, 90 % quantiles; of 20 cepstral
    coefficients (DCT-II of the bands, Davis and Mermelstein 1980) the mean, deviation and mean step; the
    quantiles of the loudness; 16 bands in each of 8 equal spans of time; the magnitudes of the 24 slowest
    rhythms of the loudness.
    """
    x_BMW = torch.where(mask_BW[:, None], bands_BMW, torch.zeros_like(bands_BMW)).float()
    count_B = mask_BW.sum(1)
    some = F.adaptive_avg_pool1d(x_BMW.transpose(1, 2), BANDS).transpose(1, 2)
    wide = F.adaptive_avg_pool1d(x_BMW.transpose(1, 2), WIDE).transpose(1, 2)
    loud = x_BMW.mean(1, keepdim=True)
    cepstrum = _dct(x_BMW.shape[1], x_BMW) @ x_BMW
    parts = [
        *_moments(some, mask_BW), *_quantiles(some, mask_BW), *_moments(cepstrum, mask_BW),
        *_quantiles(loud, mask_BW), (wide @ _zones(mask_BW)).flatten(1), _rhythm(loud[:, 0], count_B),
    ]  # fmt: skip
    found = torch.cat(parts, 1)
    return torch.where((count_B > 0)[:, None], found, torch.zeros_like(found))


def _dct(bands: int, like: Tensor) -> Tensor:
    """(K, M): the first rows of the orthonormal DCT-II, without the constant; zeros where there are no more.

    A further row would give what rounding leaves of zero, which learners would scale up.
    """
    place_M = torch.arange(bands, device=like.device) + 0.5
    order_K = torch.arange(1, COEFFICIENTS + 1, device=like.device)
    rows_KM = torch.cos(math.pi * order_K[:, None] * place_M / bands) * math.sqrt(2 / bands)
    return torch.where(order_K[:, None] < bands, rows_KM, 0.0)


def _moments(x_BKW: Tensor, mask_BW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, deviation and mean absolute step of every row over its real frames, each (B, K)."""
    real = mask_BW[:, None].to(x_BKW.dtype)
    count = real.sum(2).clamp(min=1)
    mean = (x_BKW * real).sum(2) / count
    spread = (((x_BKW - mean[..., None]) * real).square().sum(2) / count).sqrt()
    steps = ((x_BKW[..., 1:] - x_BKW[..., :-1]).abs() * real[..., 1:]).sum(2) / (count - 1).clamp(min=1)
    return mean, spread, steps


def _quantiles(x_BKW: Tensor, mask_BW: Tensor) -> list[Tensor]:
    """The QUANTILES (lower of two neighbours) over the real frames, each (B, K)."""
    ordered = torch.where(mask_BW[:, None], x_BKW, torch.inf).sort(2).values
    last_B = (mask_BW.sum(1) - 1).clamp(min=0)
    found = []
    for share in QUANTILES:
        place = (share * last_B).long()[:, None, None].expand(-1, x_BKW.shape[1], 1)
        value = ordered.gather(2, place).squeeze(2)
        found.append(torch.where(value.isfinite(), value, torch.zeros_like(value)))
    return found


def _zones(mask_BW: Tensor) -> Tensor:
    """(B, W, Z): the share of each frame in the mean of each span of its row's time.

    A frame that lies across a border counts for both by what it covers; shares of a span sum to 1.
    """
    count_B1 = mask_BW.sum(1, keepdim=True).clamp(min=1)
    start_BW = torch.arange(mask_BW.shape[1], device=mask_BW.device) * ZONES / count_B1
    edge_Z = torch.arange(ZONES, device=mask_BW.device)
    low = torch.maximum(start_BW[..., None], edge_Z)
    high = torch.minimum((start_BW + ZONES / count_B1)[..., None], edge_Z + 1)
    cover = (high - low).clamp(min=0) * mask_BW[..., None]
    shares: Tensor = cover / cover.sum(1, keepdim=True).clamp(min=1e-9)
    return shares


def _rhythm(loud_BW: Tensor, count_B: Tensor) -> Tensor:
    """(B, RHYTHM): log magnitudes of the loudness curve's slowest waves over the sound's own length."""
    last_B1 = (count_B - 1).clamp(min=0)[:, None].float()
    at_BS = torch.linspace(0, 1, STEPS, device=loud_BW.device) * last_B1
    low = at_BS.long()
    high = torch.minimum(low + 1, last_B1.long())
    near = loud_BW.gather(1, low)
    curve = near + (at_BS - low) * (loud_BW.gather(1, high) - near)
    waves: Tensor = torch.fft.rfft(curve - curve.mean(1, keepdim=True), dim=1).abs()
    return waves[:, 1 : RHYTHM + 1].log1p()
