"""From maps to tokens, shared by encoders of pictures and of sounds.

Letters: B rows, C channels, H height, W width (time, for sounds), Z zones, D dim.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from sensorium.nn.places import places
from sensorium.nn.pool import highest, zone_shares
from sensorium.types import Arrays, Tokens

RATES = 4


class MapTokens(nn.Module):
    """The last map of a network as tokens: one pooled, or one a cell with its place.

    Pooled, a picture is its mean and its highest value over cells; a sound the mean of each of ``zones``
    equal spans of its real time (so that order is kept) and the highest value over time.
    """

    def __init__(
        self, channels: int, dim: int, *, timed: bool, grid: bool, zones: int, dropout: float
    ) -> None:
        super().__init__()
        self.timed, self.grid, self.zones = timed, grid, zones
        wide = channels if grid else channels * (1 + (zones if timed else 1))
        self.out, self.dropout = nn.Linear(wide, dim), nn.Dropout(dropout)
        self.place = nn.Linear(4 * RATES, dim) if grid else None

    def forward(self, maps: list[Tensor], mask_BW: Tensor | None) -> Tokens:
        """maps: finer ones first. mask_BW: real columns of the last; None: all of them."""
        last_BCHW = maps[-1]
        rows, _, height, width = last_BCHW.shape
        if mask_BW is None:
            mask_BW = torch.ones(rows, width, dtype=torch.bool, device=last_BCHW.device)
        if self.place is None:
            pooled = self._timed(last_BCHW, mask_BW) if self.timed else self._still(last_BCHW)
            token_BD = self.out(self.dropout(pooled))
            return Tokens(token_BD.unsqueeze(1), mask_BW.any(1, keepdim=True))
        cells_BTC = last_BCHW.flatten(2).transpose(1, 2)
        values = self.out(self.dropout(cells_BTC)) + self.place(
            places(height, width, last_BCHW.device, RATES)
        )
        mask = mask_BW[:, None].expand(rows, height, width).flatten(1)
        return Tokens(values, mask, (height, width), tuple(maps[:-1]))

    def _still(self, x_BCHW: Tensor) -> Tensor:
        return torch.cat([x_BCHW.mean((2, 3)), x_BCHW.amax((2, 3))], 1)

    def _timed(self, x_BCHW: Tensor, mask_BW: Tensor) -> Tensor:
        x_BWC = x_BCHW.mean(2).transpose(1, 2)
        zones_BZC = zone_shares(mask_BW, self.zones).to(x_BWC.dtype) @ x_BWC
        return torch.cat([zones_BZC.flatten(1), highest(x_BWC, mask_BW)], 1)


def grid_values(x: Arrays, whole: bool = False) -> tuple[Tensor, Tensor | None]:
    """The map as floats with everything masked at zero, channels last, and its column mask if it has one.

    Bytes become 0 to 1. The column mask is None when all rows are real and whole, or there is no time.
    whole: every row is known to be real.
    """
    values = x.values if x.values.is_floating_point() else x.values.float() / 255
    if x.mask.ndim == 2 or not whole:
        wide = x.mask[:, None, None, :] if x.mask.ndim == 2 else x.mask[:, None, None, None]
        values = torch.where(wide, values, torch.zeros_like(values))
    mask_BW = x.mask if x.mask.ndim == 2 else None
    return values.contiguous(memory_format=torch.channels_last), mask_BW


def encoded(x: Arrays, training: bool, network: Callable[[Tensor, Tensor | None], Tokens]) -> Tokens:
    """Run a map network over the rows that are present, and lay its tokens back among missing ones.

    In training only present rows enter, so that batch statistics never see a missing one; in use all
    rows do, which keeps the shapes free of the data (export needs that).
    """
    present_B = x.present()
    if not training or bool(present_B.all()):
        tokens = network(*grid_values(x, whole=training))
        mask = tokens.mask & present_B.unsqueeze(1)
        return Tokens(tokens.values, mask, tokens.grid, tokens.maps).clean()
    where = present_B.nonzero().squeeze(1)
    some = network(*grid_values(Arrays(x.values[where], x.mask[where]), whole=True))
    rows = len(present_B)

    def back(part: Tensor) -> Tensor:
        return part.new_zeros(rows, *part.shape[1:]).index_copy(0, where, part)

    return Tokens(back(some.values), back(some.mask), some.grid, tuple(back(m) for m in some.maps)).clean()
