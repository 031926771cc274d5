"""AdamW and its rate over the steps: linear warm-up, then half a cosine to zero."""

import math

import torch
from torch import nn

from sensorium.plan import OptimizerPlan


def adamw(model: nn.Module, asked: OptimizerPlan) -> torch.optim.AdamW:
    """AdamW (Loshchilov 2019): matrices decay; biases, norms and single vectors do not."""
    matrices = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    vectors = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": asked.decay}, {"params": vectors, "weight_decay": 0.0}]
    kept = [g for g in groups if g["params"]]
    return torch.optim.AdamW(kept, lr=asked.rate, betas=asked.betas, fused=True)


def rate_share(step: int, steps: int, warmup: float) -> float:
    """The share of the full rate at a step (0-based): up over ``warmup`` of the steps, then a cosine."""
    rise = max(1, round(warmup * steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rise) / max(1, steps - rise))))


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """The same rate for every group."""
    for group in optimizer.param_groups:
        group["lr"] = rate
