"""Where a cell of a map lies. Letters: H height, W width, S size of the description."""

import math

import torch
from torch import Tensor


def places(height: int, width: int, device: torch.device, rates: int = 4) -> Tensor:
    """Waves of each cell's row and column (H * W, 4 * rates), row by row (Vaswani 2017, section 3.5).

    The longest wave is 2 ** (rates + 1) cells, the shortest 4; maps of any width agree on a cell's place.
    """
    length = 4.0 * 2.0 ** torch.arange(rates, device=device, dtype=torch.float32)
    row = torch.arange(height, device=device, dtype=torch.float32)[:, None] * (2 * math.pi / length)
    column = torch.arange(width, device=device, dtype=torch.float32)[:, None] * (2 * math.pi / length)
    rows = torch.cat([row.sin(), row.cos()], -1)[:, None].expand(-1, width, -1)
    columns = torch.cat([column.sin(), column.cos()], -1)[None].expand(height, -1, -1)
    return torch.cat([rows, columns], -1).flatten(0, 1)
