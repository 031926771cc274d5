"""Counts: the Poisson loss against torch, rates and cells, what is taken for counts, and members mixed."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import PoissonRegressor

from sensorium.infer_columns import guess_task
from sensorium.losses.poisson import Poisson
from sensorium.metrics.poisson_deviance import PoissonDeviance
from sensorium.tasks.count import Count
from sensorium.types import Arrays, Facts

WHERE = "target 'y'"


def made(seed: int = 0, rows: int = 60) -> tuple[list[Any], Facts, Arrays]:
    cells: list[Any] = np.random.default_rng(seed).poisson(3, rows).tolist()
    facts = Count().fit(cells, WHERE)
    target = Count().target(cells, facts, WHERE)
    return cells, facts, Arrays(torch.from_numpy(target.values), torch.from_numpy(target.mask))


def test_the_loss_is_that_of_torch_but_for_the_best_rates_and_the_mean() -> None:
    cells, facts, target = made()
    numbers, counts = torch.randn(60, 1), torch.tensor(cells, dtype=torch.float32)
    log = numbers[:, 0] + np.log(facts["mean"])
    reference = torch.nn.functional.poisson_nll_loss(log, counts, reduction="none")
    best = counts - torch.special.xlogy(counts, counts)
    found = Poisson(facts)(numbers, target) * facts["mean"]
    torch.testing.assert_close(found, reference - best, rtol=1e-4, atol=1e-5)


def test_the_loss_is_half_the_deviance_as_a_share_of_the_mean() -> None:
    cells, facts, target = made(1)
    numbers = torch.randn(60, 1)
    rates = Count().answers(numbers.double().numpy(), facts)
    deviance = PoissonDeviance().value(np.array(cells), rates, np.ones(60))
    assert float(Poisson(facts)(numbers, target).mean()) == pytest.approx(
        deviance / 2 / facts["mean"], rel=1e-5
    )


def test_rates_that_are_far_off_have_finite_losses_and_gradients() -> None:
    _, facts, target = made()
    numbers = torch.full((60, 1), 500.0, requires_grad=True)
    Poisson(facts)(numbers, target).sum().backward()
    assert numbers.grad is not None
    assert numbers.grad.isfinite().all()
    assert (numbers.grad > 0).all()


def test_a_log_rate_that_the_loss_fits_is_that_of_poisson_regression() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(300, 2))
    cells: list[Any] = rng.poisson(np.exp(0.5 + x @ [0.8, -0.4])).tolist()
    facts = Count().fit(cells, WHERE)
    told = Count().target(cells, facts, WHERE)
    target = Arrays(torch.from_numpy(told.values), torch.from_numpy(told.mask))
    weights, bias = torch.zeros(2, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    solver = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")
    loss, x_BF = Poisson(facts), torch.from_numpy(x).float()

    def step() -> float:
        solver.zero_grad()
        lost = loss(x_BF @ weights + bias, target).mean()
        lost.backward()
        return float(lost.detach())

    solver.step(step)
    reference = PoissonRegressor(alpha=0, max_iter=1000, tol=1e-8).fit(x, cells)
    np.testing.assert_allclose(weights.detach().numpy()[:, 0], reference.coef_, atol=2e-3)
    assert float(bias.detach()) + np.log(facts["mean"]) == pytest.approx(reference.intercept_, abs=2e-3)


@pytest.mark.parametrize("cells", [[0, 1, 2, 7, 12345], ["0", "3", "1,200", "5"], [0.0, 2.0, 4.0]])
def test_counts_come_back_exactly(cells: list[Any]) -> None:
    facts = Count().fit(cells, WHERE)
    target = Count().target([*cells, None], facts, WHERE)
    expected = [float(str(cell).replace(",", "")) for cell in cells]
    assert Count().truth(target, facts)[:-1].tolist() == expected
    assert target.mask.tolist() == [True] * len(cells) + [False]


def test_the_prior_is_the_mean_count() -> None:
    cells, facts, _ = made(3)
    target = Count().target(cells[:20], facts, WHERE)
    prior = np.array([Count().baseline(target, facts)])
    assert Count().answers(prior, facts)[0] == pytest.approx(np.mean(cells[:20]))
    assert Count().answers(np.array([facts["prior"]]), facts)[0] == pytest.approx(np.mean(cells))
    none = Count().target([0, 0, 0, 0], facts, WHERE)
    assert Count().answers(np.array([Count().baseline(none, facts)]), facts)[0] == pytest.approx(0.5 / 4)


def test_members_are_mixed_as_rates() -> None:
    _, facts, _ = made()
    one, two = np.array([[0.7]]), np.array([[-1.9]])
    mix = Count().combine([one, two], [np.array([1.0]), np.array([3.0])])
    expected = 0.25 * Count().answers(one, facts) + 0.75 * Count().answers(two, facts)
    np.testing.assert_allclose(Count().answers(mix, facts), expected)


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        ((np.random.default_rng(0).geometric(0.05, 400) - 1).tolist(), "count"),
        (np.random.default_rng(0).poisson(2, 400).tolist(), "classify"),  # few different numbers
        (np.random.default_rng(0).poisson(80, 400).tolist(), "regress"),  # nothing near 0
        (list(range(100)), "regress"),  # every number once
        ([0] * 60 + np.random.default_rng(0).integers(1, 900, 340).tolist(), "regress"),  # gaps
        (np.random.default_rng(0).exponential(9, 400).round(1).tolist(), "regress"),
    ],
)
def test_counts_are_taken_from_the_other_tasks_only_where_they_thin_out_from_none(
    cells: list[Any], task: str
) -> None:
    assert guess_task(cells)[0] == task


def test_a_deviance_by_hand_and_what_is_not_defined() -> None:
    truth, rate = np.array([0.0, 2.0]), np.array([0.5, 1.0])
    expected = (2 * 0.5 + 2 * (2 * np.log(2) - 1)) / 2
    assert PoissonDeviance().value(truth, rate, np.ones(2)) == pytest.approx(expected)
    assert np.isnan(PoissonDeviance().value(-truth, rate, np.ones(2)))
    assert np.isnan(PoissonDeviance().value(truth, -rate, np.ones(2)))
