"""Random affine maps of pictures, one a row, and resampling by them.

Letters: B rows, C channels, H height, W width.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from sensorium.nn.draws import spread

AMOUNTS: dict[str, tuple[float, float, float, float]] = {
    "gentle": (0.06, 0.10, 8.0, 0.05),
    "medium": (0.10, 0.18, 15.0, 0.12),
    "strong": (0.18, 0.30, 30.0, 0.25),
}
"""Largest shift (share of the side), change of scale, turn (degrees) and shear."""


def drawn(x_BCHW: Tensor, amounts: Sequence[float], generator: torch.Generator) -> Tensor:
    """(B, 2, 3): where each picture's pixels come from, in halves of its sides. amounts: as AMOUNTS."""
    shift, scale, turn, shear = amounts
    rows, _, height, width = x_BCHW.shape
    angle = spread(rows, math.radians(turn), generator, x_BCHW)
    lean = spread(rows, shear, generator, x_BCHW)
    grown = math.log1p(scale)
    tall = spread(rows, grown, generator, x_BCHW)
    wide = tall + spread(rows, grown / 3, generator, x_BCHW)
    down, right = (spread(rows, 2 * shift, generator, x_BCHW) for _ in range(2))
    cos, sin, aspect = angle.cos(), angle.sin(), height / width
    across = torch.stack([wide.exp() * cos, wide.exp() * (lean - sin) * aspect, right], -1)
    along = torch.stack([tall.exp() * sin / aspect, tall.exp() * cos, down], -1)
    return torch.stack([across, along], 1)


def moved(x_BCHW: Tensor, maps_B23: Tensor) -> Tensor:
    """The pictures resampled once, bilinearly, by such maps; edges are repeated. Floats."""
    height, width = x_BCHW.shape[2:]
    down_H = (2 * torch.arange(height, device=x_BCHW.device) + 1) / height - 1
    right_W = (2 * torch.arange(width, device=x_BCHW.device) + 1) / width - 1
    maps = maps_B23[:, None, None]  # elementwise: autocast would round a matmul
    place = maps[..., 0] * right_W[:, None] + maps[..., 1] * down_H[:, None, None] + maps[..., 2]
    return F.grid_sample(x_BCHW.float(), place, padding_mode="border", align_corners=False)
