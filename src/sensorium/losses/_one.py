"""What losses of one label a row share. Letters: B rows, K labels."""

import torch
from torch import Tensor

from sensorium.types import Arrays, Facts


def true_labels(target: Arrays) -> Tensor:
    """int64 (B,): each row's label, 0 where its target is missing."""
    return torch.where(target.mask, target.values, torch.zeros_like(target.values)).long()


def class_weights(facts: Facts) -> Tensor | None:
    """float32 (K,): how much each label counts, where the plan asks for it; None: all alike."""
    weights = facts.get("class_weights")
    return None if weights is None else torch.tensor(weights, dtype=torch.float32)
