"""The currencies of the library: Arrays (one input before encoding), Tokens (after), Fused, Output.

Shape letters: B rows, T time or tokens, D dim, F features, C channels, H height, W width, U distinct media.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor
from torch.utils import _pytree

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Facts: TypeAlias = dict[str, Any]
"""What was learned of a column, an input or a target: a JSON object, fitted on training rows only."""

Layout = Literal["scalar", "index", "ids", "frames", "wave", "grid", "clip"]

LAYOUTS: dict[str, str] = {
    "scalar": "float32 (B, F), mask (B, F)",
    "index": "int64 (B, F), mask (B, F)",
    "ids": "int64 (B, T), mask (B, T)",
    "frames": "float32 (B, T, F), mask (B, T) or (B, T, F)",
    "wave": "int16 or float32 (B, T), mask (B, T)",
    "grid": "uint8 or float32 (B, C, H, W), mask (B,) or, for sounds, (B, W): W is time",
    "clip": "uint8 or float32 (B, T, C, H, W), mask (B, T)",
}


@dataclass(frozen=True, slots=True)
class Arrays:
    """One input of one batch before encoding, in one of the LAYOUTS.

    values: laid out as the layout says. mask: bool, True where a value is real.
    times: float64 seconds (B, T) for irregular signals, else None.
    """

    values: Tensor
    mask: Tensor
    times: Tensor | None = None

    def present(self) -> Tensor:
        """bool (B,): the rows that have anything real."""
        return self.mask if self.mask.ndim == 1 else self.mask.flatten(1).any(1)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What encoders return, fusion mixes and decoders read.

    values: float (B, T, D). mask: bool (B, T); a missing cell is a row with no True.
    grid: (H, W) when the tokens are the cells of a map. maps: finer feature maps (B, C, H, W).
    """

    values: Tensor
    mask: Tensor
    grid: tuple[int, int] | None = None
    maps: tuple[Tensor, ...] = ()

    def clean(self) -> "Tokens":
        """The same tokens with every masked value exactly zero (``where``: NaN x 0 is NaN)."""
        values = torch.where(self.mask.unsqueeze(-1), self.values, torch.zeros_like(self.values))
        return Tokens(values, self.mask, self.grid, self.maps)

    def take(self, index_B: Tensor) -> "Tokens":
        """The tokens of these rows; used when several table rows share one medium."""
        maps = tuple(m[index_B] for m in self.maps)
        return Tokens(self.values[index_B], self.mask[index_B], self.grid, maps)


@dataclass(frozen=True, slots=True)
class Fused:
    """What fusion returns: joint tokens, the tokens of each input, and (B,) penalties by name.

    readout: the row in one vector (B, D), when the fusion makes one; else its readers pool the joint.
    """

    joint: Tokens
    inputs: dict[str, Tokens]
    penalties: dict[str, Tensor] = field(default_factory=dict)
    readout: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """What the model returns.

    numbers: {target: decoder output}. solo: {input: {target: output of that input's own head}}.
    inputs: the tokens of each input. penalties: {name: (B,)}.
    """

    numbers: dict[str, Tensor]
    solo: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    inputs: dict[str, Tokens] = field(default_factory=dict)
    penalties: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch: arrays of every input (distinct media once), targets, weights and hiding.

    inputs: {input: Arrays of U rows}. index: {input: int64 (B,)}, which of the U rows each table row
    reads; an input that is not in it has U = B. targets: {target: Arrays}, empty when answering.
    hidden: {input: bool (B,)}, True where training pretends that the cell is missing.
    weight: float (B,) or None. rows: int64 (B,), the table's row numbers, for error messages.
    partner: int64 (B,), the row of the batch that each row is mixed with, and share: float (B,), how
    much of itself it keeps; None: nothing is mixed. box: float (B, 4), top, left, bottom and right, as shares
    of the sides, of what the partner's pictures fill (cutmix); None: tokens are blended (mixup).
    """

    inputs: dict[str, Arrays]
    index: dict[str, Tensor]
    rows: Tensor
    targets: dict[str, Arrays] = field(default_factory=dict)
    hidden: dict[str, Tensor] = field(default_factory=dict)
    weight: Tensor | None = None
    partner: Tensor | None = None
    share: Tensor | None = None
    box: Tensor | None = None


for _kind in (Arrays, Tokens, Fused, Output, Batch):
    _pytree.register_dataclass(_kind)


def moved(batch: Batch, device: torch.device | str) -> Batch:
    """The batch with every tensor on ``device``; the batch itself when its row numbers are there, for all of
    a batch lies together."""
    if batch.rows.device == torch.device(device):
        return batch

    def move(leaf: object) -> object:
        return leaf.to(device, non_blocking=True) if isinstance(leaf, Tensor) else leaf

    result: Batch = _pytree.tree_map(move, batch)
    return result


def blended(tokens: Tokens, partner_B: Tensor, share_B: Tensor) -> Tokens:
    """Mixup (Zhang 2017): share x own tokens + (1 - share) x the partner row's; where one side is absent,
    the other stands alone."""
    other = tokens.take(partner_B)
    share = torch.where(other.mask, share_B.to(tokens.values.dtype).unsqueeze(1), 1.0)
    share = torch.where(tokens.mask, share, 0.0).unsqueeze(-1)
    values = share * tokens.clean().values + (1 - share) * other.clean().values
    own_B, other_B = tokens.mask.any(1), other.mask.any(1)
    keep_B = torch.where(own_B, torch.where(other_B, share_B, 1.0), 0.0)
    keep = keep_B.view(-1, 1, 1, 1)
    maps = tuple(
        keep.to(a.dtype) * a + (1 - keep.to(a.dtype)) * b
        for a, b in zip(tokens.maps, other.maps, strict=True)
    )
    return Tokens(values, tokens.mask | other.mask, tokens.grid, maps).clean()


def pasted(x: Arrays, partner_B: Tensor, box_B4: Tensor) -> Arrays:
    """CutMix (Yun 2019, equation 2): pictures (B, C, H, W) with their partner's pixels inside the box."""
    height, width = x.values.shape[-2:]
    top, left, bottom, right = (side[:, None] for side in box_B4.unbind(1))
    down_H = (torch.arange(height, device=box_B4.device) + 0.5) / height
    across_W = (torch.arange(width, device=box_B4.device) + 0.5) / width
    inside_BH, inside_BW = (down_H >= top) & (down_H < bottom), (across_W >= left) & (across_W < right)
    inside = (inside_BH[:, :, None] & inside_BW[:, None, :])[:, None]
    return Arrays(torch.where(inside, x.values[partner_B], x.values), x.mask, x.times)


def like(tokens: Mapping[str, Tokens]) -> Tokens:
    """The first of the tokens, for its device, dtype and number of rows."""
    return next(iter(tokens.values()))
