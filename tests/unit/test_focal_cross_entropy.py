"""The focal loss of one label a row against its definition, and what its choice changes."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from sensorium.losses.focal_cross_entropy import FocalCrossEntropy
from sensorium.types import Arrays


def rows(classes: int = 4) -> tuple[torch.Tensor, Arrays]:
    torch.manual_seed(0)
    target = Arrays(torch.randint(0, classes, (50,)), torch.ones(50, dtype=torch.bool))
    return torch.randn(50, classes) * 3, target


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("weights", [None, [0.5, 1.0, 2.0, 0.25]])
def test_it_is_cross_entropy_times_a_power_of_what_is_wrong(
    gamma: float, weights: list[float] | None
) -> None:
    numbers, target = rows()
    facts = {} if weights is None else {"class_weights": weights}
    share = functional.softmax(numbers.double(), 1)[torch.arange(50), target.values].numpy()
    each = np.array(weights or [1.0] * 4)[target.values.numpy()]
    found = FocalCrossEntropy(facts, gamma=gamma)(numbers, target)
    np.testing.assert_allclose(found.numpy(), -each * (1 - share) ** gamma * np.log(share), rtol=1e-4)


def test_of_two_labels_it_is_the_binary_loss_of_the_paper() -> None:
    numbers, target = rows(2)
    logit = numbers[:, 1] - numbers[:, 0]
    p_t = torch.sigmoid(torch.where(target.values == 1, logit, -logit))
    torch.testing.assert_close(FocalCrossEntropy({})(numbers, target), -((1 - p_t) ** 2) * p_t.log())


def test_rows_that_are_surely_right_have_no_loss_and_finite_gradients() -> None:
    numbers = torch.tensor([[90.0, 0.0], [0.0, 90.0]], requires_grad=True)
    target = Arrays(torch.tensor([0, 0]), torch.ones(2, dtype=torch.bool))
    found = FocalCrossEntropy({}, gamma=0.5)(numbers, target)
    np.testing.assert_allclose(found.detach().numpy(), [0.0, 90.0], atol=1e-6)
    found.sum().backward()
    assert numbers.grad is not None
    assert numbers.grad.isfinite().all()
