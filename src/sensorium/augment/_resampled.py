"""Pictures read at other places. Letters: B rows, C channels, H height, W width."""

import torch
from torch import Tensor
from torch.nn import functional as F

from sensorium.types import Arrays


def real(x: Arrays) -> Tensor:
    """The pictures (B, C, H, W) with missing ones at zero."""
    return torch.where(x.mask.view(-1, 1, 1, 1), x.values, torch.zeros_like(x.values))


def axes(values: Tensor) -> tuple[Tensor, Tensor]:
    """(H,) and (W,): where pixels lie between the edges -1 and 1 of the picture."""
    height, width = values.shape[2:]
    down_H = (2 * torch.arange(height, device=values.device) + 1) / height - 1
    return down_H, (2 * torch.arange(width, device=values.device) + 1) / width - 1


def resampled(x: Arrays, place_BHW2: Tensor) -> Arrays:
    """The pictures at these places (across, down), bilinearly; edges are repeated, bytes are rounded."""
    return stored(F.grid_sample(real(x).float(), place_BHW2, padding_mode="border", align_corners=False), x)


def stored(found: Tensor, x: Arrays) -> Arrays:
    """Floats in the place of the pictures they were made of, in their type: bytes are rounded."""
    if not x.values.is_floating_point():
        found = found.round().clamp(0, 255)
    return Arrays(found.to(x.values.dtype), x.mask, x.times)
