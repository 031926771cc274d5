"""Letters: B rows, T steps, F features, P steps of a patch, N patches, W width inside, D dim, E half a
head."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders._base import Encoder
from sensorium.nn.attention import Block, check_heads, rotary
from sensorium.nn.frames import ends, marked, moments
from sensorium.nn.pool import AttentionPool
from sensorium.types import Arrays, Facts, Json, Layout, Tokens

PATCHES = 16
"""Patches, side by side, into which a signal of the usual greatest length is cut by itself."""
LEAST, LARGEST = 2, 64


class Patches(Encoder):
    """A Transformer over patches of frames, each overlapping half of the next (Nie 2023, section 3.1).

    frames (B, T, F), gaps marked; all features of a patch are one token. Positions are rotary.

    Choices:
        tokens: pooled (one token, an attention-weighted mean) or sequence (one a patch).
        patch: steps of a patch; 0: a 16th of the longest signal, between 2 and 64.
        depth: layers.
        width: size of a token inside, even; 0 means the plan's dim.
        times: whether positions follow the times that steps have; asks the modality to keep them.
        dropout: chance that a unit of a layer's output is dropped in training.
    """

    accepts: ClassVar[tuple[Layout, ...]] = ("frames",)

    def __init__(
        self,
        facts: Facts,
        dim: int,
        *,
        tokens: Literal["pooled", "sequence"] = "pooled",
        patch: Annotated[int, Field(ge=0)] = 0,
        depth: Annotated[int, Field(ge=1)] = 2,
        width: Annotated[int, Field(ge=0)] = 0,
        times: bool = False,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1,
    ) -> None:
        super().__init__()
        width = width or dim
        heads = next((heads for heads in (4, 2) if width % (2 * heads) == 0), 1)
        check_heads("encoder patches", width, heads, True)
        own = min(max(int(facts.get("longest", 0)) // PATCHES, LEAST), LARGEST)
        self.patch, self.times, self.rate = patch or own, times, float(facts.get("rate", 1.0))
        self.step, self.head_width = (self.patch + 1) // 2, width // heads
        self.project = nn.Linear(self.patch * (2 * int(facts["features"]) + int(times)), width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, layers=depth, dropout=dropout) for _ in range(depth))
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, dim)
        self.pool = AttentionPool(width, heads) if tokens == "pooled" else None

    @classmethod
    def wants(cls, choices: dict[str, Json]) -> dict[str, Json]:
        """The times of the steps, when it reads them."""
        return {"irregular": "keep"} if choices.get("times") else {}

    def forward(self, x: Arrays) -> Tokens:
        values_BTF, mask_BT = marked(x)
        moment_BT = moments(x, self.rate)
        mask_BN = self._real(mask_BT)
        begin_BN = self._cut(moment_BT.unsqueeze(-1))[..., 0]
        if self.times:
            values_BTF = torch.cat([values_BTF, self._waited(moment_BT, mask_BT)], -1)
        h_BNW = self.dropout(self.project(self._cut(values_BTF)))
        turn = self._turn(begin_BN)
        for block in self.blocks:
            h_BNW = block(h_BNW, mask_BN, turn)
        h_BNW = self.norm(h_BNW)
        if self.pool is not None:
            y_B1D = self.out(self.pool(h_BNW, mask_BN)).unsqueeze(1)
            return Tokens(y_B1D, mask_BN.any(1, keepdim=True)).clean()
        return Tokens(self.out(h_BNW), mask_BN).clean()

    def _cut(self, x_BTF: Tensor) -> Tensor:
        """Patches side by side (B, N, P F), the last filled up with zeros."""
        steps = x_BTF.shape[1]
        count = max(0, -(-(steps - self.patch) // self.step)) + 1
        more = (count - 1) * self.step + self.patch - steps
        cut_BNFP = F.pad(x_BTF, (0, 0, 0, more)).unfold(1, self.patch, self.step)
        return cut_BNFP.transpose(2, 3).flatten(2)

    def _real(self, mask_BT: Tensor) -> Tensor:
        """Patches that hold a real step and begin where the row alone would have one (B, N)."""
        any_BN = self._cut(mask_BT.unsqueeze(-1).float()).amax(-1) > 0
        begin_N = torch.arange(any_BN.shape[1], device=mask_BT.device) * self.step
        last_B1 = (ends(mask_BT) - self.patch + self.step).clamp(min=1).unsqueeze(1)
        return any_BN & (begin_N < last_B1)

    def _waited(self, moment_BT: Tensor, mask_BT: Tensor) -> Tensor:
        """The logarithm of the steps since the one before (B, T, 1)."""
        since_BT = F.pad((moment_BT[:, 1:] - moment_BT[:, :-1]).clamp(min=0), (1, 0)).log1p()
        return torch.where(mask_BT, since_BT, torch.zeros_like(since_BT)).unsqueeze(-1)

    def _turn(self, begin_BN: Tensor) -> tuple[Tensor, Tensor]:
        """Rotary turns: one for each patch's number, or for when it begins (B, 1, N, E)."""
        if not self.times:
            return rotary(begin_BN.shape[1], self.head_width, begin_BN.device)
        rate_E = rotary_rates(self.head_width, begin_BN.device)
        angle_B1NE = (begin_BN / self.step)[:, None, :, None] * rate_E
        return angle_B1NE.cos(), angle_B1NE.sin()


def rotary_rates(head_dim: int, device: torch.device, base: float = 10_000.0) -> Tensor:
    """Turns a position of each pair of a head (E,) (Su 2021, eq. 15)."""
    return base ** (-torch.arange(0, head_dim, 2, device=device, dtype=torch.float32) / head_dim)
