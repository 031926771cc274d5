import torch
from torch import Tensor
from torch.nn import functional

from sensorium.losses._base import Loss
from sensorium.types import Arrays, Facts


class Corn(Loss):
    """-log(probability of the true one of ordered labels): logits (B, K - 1) of steps, target (B,) -> (B,).

    The sum of the binary cross-entropies of the steps that a row reaches: up to its label every step is
    climbed, the next one is not, later ones do not count. Source: Shi, Cao and Raschka 2021, "Deep neural
    networks for rank-consistent ordinal regression based on conditional probabilities", equation 6, without
    its division by the number of steps of the batch, which would make rows depend on each other.
    ``facts["class_weights"]`` (K numbers), where the plan asks for them, multiply each label's share.
    """

    class_weights: Tensor | None

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        weights = facts.get("class_weights")
        kept = None if weights is None else torch.tensor(weights, dtype=torch.float32)
        self.register_buffer("class_weights", kept, persistent=False)

    def forward(self, numbers: Tensor, target: Arrays) -> Tensor:
        true_B = torch.where(target.mask, target.values, torch.zeros_like(target.values)).long()
        step_W = torch.arange(numbers.shape[1], device=numbers.device)
        above_BW, reached_BW = true_B.unsqueeze(1) > step_W, true_B.unsqueeze(1) >= step_W
        cost_BW = functional.softplus(torch.where(above_BW, -numbers.float(), numbers.float()))
        lost_B = torch.where(reached_BW, cost_BW, torch.zeros_like(cost_BW)).sum(1)
        return lost_B if self.class_weights is None else lost_B * self.class_weights[true_B]
