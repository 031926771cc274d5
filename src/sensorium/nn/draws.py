"""Random numbers, one a row, from a generator of the processor for tensors on any device."""

import torch
from torch import Tensor


def uniform(rows: int, low: float, high: float, generator: torch.Generator, like: Tensor) -> Tensor:
    """Float32 (rows,) between low and high, on the device of ``like``."""
    drawn = torch.rand(rows, generator=generator) * (high - low) + low
    return drawn.to(like.device)


def spread(rows: int, amount: float, generator: torch.Generator, like: Tensor) -> Tensor:
    """Float32 (rows,) between -amount and amount, on the device of ``like``."""
    return uniform(rows, -amount, amount, generator, like)
