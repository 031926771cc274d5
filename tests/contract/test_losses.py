"""What every loss must do, and that each equals its reference."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from sensorium.losses import losses
from sensorium.losses._base import Loss
from sensorium.tasks import tasks
from sensorium.types import Arrays, Facts

NAMES = losses.names()
ROWS = 12
FITS = {loss: task for task in tasks.names() for loss in tasks.get(task).losses}
every = pytest.mark.parametrize("name", NAMES)


def case(name: str, seed: int = 0) -> tuple[Facts, Tensor, Arrays]:
    """Facts, numbers and a target with two missing rows; labels where the loss fits classify."""
    torch.manual_seed(seed)
    if tasks.get(FITS[name]).trees == "labels":
        return several(seed)
    labels, ordered = tasks.get(FITS[name]).trees == "classify", FITS[name] == "ordinal"
    width = 4 - ordered if labels else 1
    values = torch.randint(0, 4, (ROWS,)) if labels else torch.randn(ROWS, dtype=torch.float64) * 3
    mask = torch.ones(ROWS, dtype=torch.bool)
    mask[[2, 7]] = False
    return {"width": width}, torch.randn(ROWS, width) * 2, Arrays(values, mask)


def several(seed: int) -> tuple[Facts, Tensor, Arrays]:
    """Any of four labels a row, two rows missing."""
    torch.manual_seed(seed)
    values = (torch.rand(ROWS, 4) < 0.4).to(torch.uint8)
    mask = torch.ones(ROWS, dtype=torch.bool)
    mask[[2, 7]] = False
    facts: Facts = {"width": 4, "counts": [5, 1, 3, 9], "rows": 10}
    return facts, torch.randn(ROWS, 4) * 2, Arrays(values, mask)


def rows(target: Arrays, chosen: Tensor) -> Arrays:
    return Arrays(target.values[chosen], target.mask[chosen])


@every
def test_a_loss_fits_some_task_and_gives_one_finite_number_a_row(name: str) -> None:
    facts, numbers, target = case(name)
    value = losses.get(name)(facts)(numbers, target)
    assert value.shape == (ROWS,)
    assert value.dtype == torch.float32
    assert (value[target.mask] > 0).all()
    assert value.isfinite().all()


@every
def test_a_row_costs_the_same_alone_and_in_any_order(name: str) -> None:
    facts, numbers, target = case(name)
    loss: Loss = losses.get(name)(facts)
    assert loss.rowwise
    value, order = loss(numbers, target), torch.randperm(ROWS)
    torch.testing.assert_close(loss(numbers[order], rows(target, order)), value[order], rtol=0, atol=1e-6)
    for row in range(ROWS):
        one = torch.tensor([row])
        torch.testing.assert_close(loss(numbers[one], rows(target, one)), value[one], rtol=0, atol=1e-6)


@every
def test_what_stands_in_a_missing_target_does_not_matter(name: str) -> None:
    facts, numbers, target = case(name)
    junk = target.values.clone()
    junk[~target.mask] = float("nan") if junk.is_floating_point() else 99
    clean = junk.clone()
    clean[~target.mask] = 0
    loss = losses.get(name)(facts)
    torch.testing.assert_close(
        loss(numbers, Arrays(junk, target.mask)), loss(numbers, Arrays(clean, target.mask))
    )


@every
def test_gradients_are_finite_and_reach_only_their_row(name: str) -> None:
    facts, numbers, target = case(name)
    numbers.requires_grad_()
    losses.get(name)(facts)(numbers, target)[0].backward()
    assert numbers.grad is not None
    assert numbers.grad.isfinite().all()
    assert numbers.grad[0].abs().sum() > 0
    assert numbers.grad[1:].abs().sum() == 0


@every
def test_half_precision_numbers_are_counted_in_full(name: str) -> None:
    facts, numbers, target = case(name)
    half = numbers.bfloat16()
    loss = losses.get(name)(facts)
    torch.testing.assert_close(loss(half, target), loss(half.float(), target), rtol=0, atol=0)


REFERENCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "squared": lambda x, y: functional.mse_loss(x, y, reduction="none"),
    "absolute": lambda x, y: functional.l1_loss(x, y, reduction="none"),
    "huber": lambda x, y: functional.huber_loss(x, y, reduction="none", delta=1.0),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_a_loss_of_numbers_equals_the_reference(name: str) -> None:
    facts, numbers, target = case(name)
    expected = REFERENCES[name](numbers[:, 0], target.values.float())
    found = losses.get(name)(facts)(numbers, target)
    torch.testing.assert_close(found[target.mask], expected[target.mask])


@pytest.mark.parametrize("delta", [0.3, 2.5])
def test_huber_bends_at_delta(delta: float) -> None:
    facts, numbers, target = case("huber")
    expected = functional.huber_loss(numbers[:, 0], target.values.float(), reduction="none", delta=delta)
    found = losses.get("huber")(facts, delta=delta)(numbers, target)
    torch.testing.assert_close(found[target.mask], expected[target.mask])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, [0.5, 1.0, 2.0, 0.25]])
def test_cross_entropy_equals_its_definition(smoothing: float, weights: list[float] | None) -> None:
    facts, numbers, target = case("cross_entropy")
    weighted = facts if weights is None else facts | {"class_weights": weights}
    found = losses.get("cross_entropy")(weighted, smoothing=smoothing)(numbers, target)
    logs = numbers.log_softmax(1) * torch.tensor(weights or [1.0] * 4)
    true = logs[torch.arange(ROWS), target.values]
    expected = -(1 - smoothing) * true - smoothing * logs.mean(1)
    torch.testing.assert_close(found[target.mask], expected[target.mask])


def test_class_weights_are_no_trained_or_saved_part_of_the_loss() -> None:
    loss = losses.get("cross_entropy")({"class_weights": [1.0, 2.0]})
    assert not list(loss.parameters())
    assert not loss.state_dict()


def test_worked_by_hand() -> None:
    target = Arrays(torch.tensor([1.0, 0.0]), torch.ones(2, dtype=torch.bool))
    numbers = torch.tensor([[4.0], [0.5]])
    found = {n: losses.get(n)({})(numbers, target).tolist() for n in ("squared", "absolute", "huber")}
    assert found == {"squared": [9.0, 0.25], "absolute": [3.0, 0.5], "huber": [2.5, 0.125]}
