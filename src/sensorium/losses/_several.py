"""What losses of several labels a row share. Letters: B rows, K labels."""

import torch
from torch import Tensor
from torch.nn import functional

from sensorium.types import Arrays, Facts


def several(numbers: Tensor, target: Arrays) -> tuple[Tensor, Tensor]:
    """float32 (B, K) and (B, K): logits and 0 or 1, all 0 where the row's target is missing."""
    true_BK = torch.where(target.mask[:, None], target.values, torch.zeros_like(target.values))
    return numbers.float(), true_BK.float()


def cost(logits_BK: Tensor, true_BK: Tensor) -> Tensor:
    """(B, K): -log(probability of what is true of each label)."""
    return functional.binary_cross_entropy_with_logits(logits_BK, true_BK, reduction="none")


def balanced(facts: Facts, balance: float) -> Tensor | None:
    """float32 (2, K): what a label counts where it is not there, and where it is; None: everything 1.

    One over the effective number of rows, (1 - balance^n) / (1 - balance), of either answer to each label's
    question; a label's mean over the training rows is 1. Source: Cui et al. 2019, "Class-Balanced Loss Based
    on Effective Number of Samples", equations 2 and 4, where a label is a class against the rest.
    """
    if not balance:
        return None
    has_K = torch.tensor(facts["counts"], dtype=torch.float64)
    rows_2K = torch.stack([facts["rows"] - has_K, has_K])
    weight_2K = (1 - balance) / (1 - balance ** rows_2K.clamp(min=1))
    mean_K = (weight_2K * rows_2K).sum(0) / facts["rows"]
    found_2K: Tensor = (weight_2K / mean_K).float()
    return found_2K


def weighed(cost_BK: Tensor, true_BK: Tensor, weight_2K: Tensor | None) -> Tensor:
    """(B,): the mean over the labels, each by the weight of what is true."""
    if weight_2K is None:
        return cost_BK.mean(1)
    return (cost_BK * torch.where(true_BK > 0.5, weight_2K[1], weight_2K[0])).mean(1)
