"""Frames with gaps on their way into a network.

Letters: B rows, T steps, F features, C channels inside, S steps after thinning.
"""

import torch
from torch import Tensor

from sensorium.types import Arrays, Facts


def marked(x: Arrays) -> tuple[Tensor, Tensor]:
    """Frames with a mark for each number that is real (B, T, 2 F), and the steps with any (B, T).

    What is not real is 0, so that a gap and the mean differ by their mark.
    """
    mask_BTF = x.mask if x.mask.ndim == 3 else x.mask.unsqueeze(-1).expand(x.values.shape)
    values_BTF = torch.where(mask_BTF, x.values, torch.zeros_like(x.values))
    return torch.cat([values_BTF, mask_BTF.to(values_BTF.dtype)], -1), mask_BTF.any(-1)


def moments(x: Arrays, rate: float) -> Tensor:
    """When each step was taken (B, T), in steps of ``rate`` a second; without times a step is a step."""
    if x.times is None:
        steps_T = torch.arange(x.values.shape[1], device=x.values.device, dtype=torch.float32)
        return steps_T.expand(x.values.shape[:2])
    return (x.times * rate).float()


def ends(mask_BT: Tensor) -> Tensor:
    """One more than the last real step of each row (B,); 0 where there is none."""
    place_T = torch.arange(1, mask_BT.shape[1] + 1, device=mask_BT.device)
    return (mask_BT * place_T).amax(1)


def thinned(x_BTC: Tensor, mask_BT: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """The mean of the real ones among every ``stride`` steps (B, S, C), and where there is one (B, S)."""
    x_BTC = torch.where(mask_BT.unsqueeze(-1), x_BTC, torch.zeros_like(x_BTC))
    if stride == 1:
        return x_BTC, mask_BT
    rows, steps, channels = x_BTC.shape
    more = -steps % stride
    x_BTC = torch.nn.functional.pad(x_BTC, (0, 0, 0, more))
    mask_BT = torch.nn.functional.pad(mask_BT, (0, more))
    count_BS = mask_BT.view(rows, -1, stride).sum(2)
    total_BSC = x_BTC.view(rows, -1, stride, channels).sum(2)
    return total_BSC / count_BS.clamp(min=1).unsqueeze(-1).to(total_BSC.dtype), count_BS > 0


def stride_for(facts: Facts, most: int) -> int:
    """The least power of two that leaves at most so many steps of the longest signal; 1 when none is told."""
    stride = 1
    while int(facts.get("longest", 1)) > most * stride:
        stride *= 2
    return stride
