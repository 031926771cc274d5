"""Letters: B rows, T steps, F features."""

import math
from typing import ClassVar

import torch
from torch import Tensor

from sensorium.augment._base import Augment
from sensorium.augment._strength import Strength, amounts
from sensorium.nn.draws import spread, uniform
from sensorium.nn.frames import ends
from sensorium.types import Arrays, Layout

AMOUNTS: dict[str, tuple[float, float, float, float]] = {
    "gentle": (0.05, 0.1, 0.1, 0.1),
    "medium": (0.1, 0.2, 0.2, 0.2),
    "strong": (0.2, 0.3, 0.4, 0.35),
}
"""Noise (standard deviations), largest gain of a channel, change of speed, share of the length cut off."""


class Signal(Augment):
    """Changes each signal by its own random amounts: noise, gain of every channel, speed, and both ends.

    frames (B, T, F), standardised. A part of the signal is kept; along it time runs slower and faster in one
    smooth wave (Um 2017, section 3.2), read by straight lines between steps. Of a signal with times the times
    are stretched instead. Gaps move along. A row that would keep nothing real keeps all of its steps.

    Choices:
        strength: gentle (noise 0.05, gain 10 %, speed 10 %, ends 10 %), medium (twice), strong (0.2, 30 %,
            40 %, 35 %), or a number (1 gentle, 3 strong).
    """

    layouts: ClassVar[tuple[Layout, ...]] = ("frames",)

    def __init__(self, *, strength: Strength = "gentle") -> None:
        self.noise, self.gain, self.speed, self.cut = amounts(strength, AMOUNTS)

    def __call__(self, x: Arrays, generator: torch.Generator) -> Arrays:
        wide_BTF = x.mask if x.mask.ndim == 3 else x.mask.unsqueeze(-1).expand(x.values.shape)
        values_BTF = torch.where(wide_BTF, x.values, torch.zeros_like(x.values)).float()
        rows, steps, features = values_BTF.shape
        if rows == 0:
            return x
        gain_BF = 1 + spread(rows * features, self.gain, generator, values_BTF).view(rows, features)
        noise_BTF = torch.randn(values_BTF.shape, generator=generator).to(values_BTF)
        place_BT, length_B = self._places(ends(wide_BTF.any(-1)), steps, generator, x.times is not None)
        moved_BTF, mask_BTF = _read(values_BTF, wide_BTF, place_BT, length_B)
        lost_B = wide_BTF.flatten(1).any(1) & ~mask_BTF.flatten(1).any(1)
        if bool(lost_B.any()):
            whole_T = torch.arange(steps, device=place_BT.device, dtype=place_BT.dtype)
            place_BT = torch.where(lost_B[:, None], whole_T, place_BT)
            length_B = torch.where(lost_B, steps, length_B)
            moved_BTF, mask_BTF = _read(values_BTF, wide_BTF, place_BT, length_B)
        changed_BTF = moved_BTF * gain_BF[:, None] + self.noise * noise_BTF
        changed_BTF = torch.where(mask_BTF, changed_BTF, torch.zeros_like(changed_BTF))
        mask = mask_BTF if x.mask.ndim == 3 else mask_BTF[..., 0]
        times = None if x.times is None else self._times(x.times, place_BT, mask_BTF.any(-1), generator)
        return Arrays(changed_BTF.to(x.values.dtype), mask, times)

    def _places(
        self, end_B: Tensor, steps: int, generator: torch.Generator, timed: bool
    ) -> tuple[Tensor, Tensor]:
        """Where each new step lies among the old ones (B, T), and the new lengths (B,)."""
        rows = len(end_B)
        kept_B = 1 - uniform(rows, 0, self.cut, generator, end_B)
        length_B = torch.where(end_B > 0, (end_B * kept_B).round().long().clamp(min=1), end_B)
        start_B = uniform(rows, 0, 1, generator, end_B) * (end_B - length_B)
        bend_B = uniform(rows, 0, self.speed, generator, end_B).clamp(max=0.9)
        phase_B = spread(rows, math.pi, generator, end_B)
        place_T = torch.arange(steps, device=end_B.device, dtype=torch.float32)
        if timed:
            return start_B.round()[:, None] + place_T, length_B
        last_B1 = (length_B - 1).clamp(min=1)[:, None]
        along_BT = place_T / last_B1
        wave_BT = (2 * math.pi * along_BT + phase_B[:, None]).sin() - phase_B[:, None].sin()
        along_BT = along_BT + bend_B[:, None] * wave_BT / (2 * math.pi)
        return start_B[:, None] + along_BT * last_B1, length_B

    def _times(
        self, times_BT: Tensor, place_BT: Tensor, mask_BT: Tensor, generator: torch.Generator
    ) -> Tensor:
        """The times of the steps that are kept, from the first of them, at another speed."""
        index_BT = place_BT.round().long().clamp(0, times_BT.shape[1] - 1)
        kept_BT = times_BT.gather(1, index_BT)
        factor_B = spread(len(times_BT), math.log1p(self.speed), generator, place_BT).exp()
        stretched_BT = (kept_BT - kept_BT[:, :1]) * factor_B[:, None].to(kept_BT.dtype)
        return torch.where(mask_BT, stretched_BT, torch.zeros_like(stretched_BT))


def _read(x_BTF: Tensor, mask_BTF: Tensor, place_BT: Tensor, length_B: Tensor) -> tuple[Tensor, Tensor]:
    """Values at places between steps, and whether the nearest step is real; beyond the lengths nothing is."""
    last = x_BTF.shape[1] - 1
    low_BT = place_BT.floor().clamp(0, last)
    share_BT1 = (place_BT - low_BT).clamp(0, 1).unsqueeze(-1)
    low, high = low_BT.long(), (low_BT.long() + 1).clamp(max=last)

    def at(source: Tensor, index_BT: Tensor) -> Tensor:
        return source.gather(1, index_BT.unsqueeze(-1).expand(source.shape))

    a_BTF, b_BTF, real_a, real_b = at(x_BTF, low), at(x_BTF, high), at(mask_BTF, low), at(mask_BTF, high)
    nearer_b = share_BT1 > 0.5
    between = a_BTF + share_BT1 * (b_BTF - a_BTF)
    moved = torch.where(real_a & real_b, between, torch.where(nearer_b, b_BTF, a_BTF))
    inside_BT = torch.arange(x_BTF.shape[1], device=x_BTF.device) < length_B[:, None]
    return moved, torch.where(nearer_b, real_b, real_a) & inside_BT.unsqueeze(-1)
