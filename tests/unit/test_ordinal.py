"""Labels in an order: CORN by hand and against its definition, orders of cells, and a run."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from sensorium.infer_columns import guess_task
from sensorium.losses.corn import Corn
from sensorium.metrics.mae_ranks import MaeRanks
from sensorium.metrics.quadratic_weighted_kappa import QuadraticWeightedKappa
from sensorium.tasks.ordinal import Ordinal
from sensorium.types import Arrays

WHERE = "target 'y'"
SIZES = ["small", "large", "medium", "small", "large", "medium"]


def test_probabilities_are_products_of_the_conditional_ones_by_hand() -> None:
    facts = Ordinal().fit(SIZES, WHERE)
    numbers = np.log(np.array([[0.8 / 0.2, 0.25 / 0.75]]))
    expected = [[0.2, 0.8 * 0.75, 0.8 * 0.25]]
    np.testing.assert_allclose(Ordinal().answers(numbers, facts), expected, rtol=1e-14)
    np.testing.assert_allclose(Ordinal().numbers(np.array(expected), facts), numbers, rtol=1e-12)


def test_any_probabilities_come_back_from_their_numbers_and_sum_to_one() -> None:
    shares = np.random.default_rng(0).dirichlet(np.full(6, 0.3), 500).clip(1e-11)
    shares /= shares.sum(1, keepdims=True)
    facts = {"labels": list(range(6)), "width": 5}
    found = Ordinal().answers(Ordinal().numbers(shares, facts), facts)
    np.testing.assert_allclose(found, shares, rtol=1e-9)
    wild = Ordinal().answers(np.random.default_rng(1).normal(size=(500, 5)) * 40, facts)
    np.testing.assert_allclose(wild.sum(1), 1.0, rtol=1e-12)


def test_members_are_mixed_as_probabilities_and_not_as_logits() -> None:
    task, facts = Ordinal(), Ordinal().fit(SIZES, WHERE)
    one, two = np.array([[2.0, -1.0]]), np.array([[-3.0, 0.5]])
    mix = task.combine([one, two], [np.array([3.0]), np.array([1.0])])
    expected = 0.75 * task.answers(one, facts) + 0.25 * task.answers(two, facts)
    np.testing.assert_allclose(task.answers(mix, facts), expected, rtol=1e-12)


def test_a_temperature_raises_probabilities_to_its_inverse() -> None:
    task, facts = Ordinal(), Ordinal().fit(SIZES, WHERE)
    numbers = np.random.default_rng(0).normal(size=(20, 2))
    raised = task.answers(numbers, facts) ** (1 / 1.7)
    found = task.answers(task.tempered(numbers, 1.7), facts)
    np.testing.assert_allclose(found, raised / raised.sum(1, keepdims=True), rtol=1e-12)


def rows(seed: int = 0) -> tuple[torch.Tensor, Arrays]:
    torch.manual_seed(seed)
    return torch.randn(40, 4) * 3, Arrays(torch.randint(0, 5, (40,)), torch.ones(40, dtype=torch.bool))


def test_corn_is_the_cross_entropies_of_the_conditional_subsets() -> None:
    numbers, target = rows()
    total = torch.zeros(())
    for step in range(4):  # the paper's subset of a step: the rows that reach it
        kept = target.values >= step
        above = (target.values > step)[kept].float()
        total += functional.binary_cross_entropy_with_logits(numbers[kept, step], above, reduction="sum")
    torch.testing.assert_close(Corn({})(numbers, target).sum(), total)


def test_corn_is_minus_the_log_probability_of_the_true_label() -> None:
    numbers, target = rows(1)
    facts = {"labels": list(range(5)), "width": 4}
    shares = Ordinal().answers(numbers.double().numpy(), facts)
    expected = -np.log(shares[np.arange(40), target.values.numpy()])
    np.testing.assert_allclose(Corn({})(numbers, target).numpy(), expected, rtol=1e-5)


def test_class_weights_multiply_the_corn_loss_and_are_not_saved() -> None:
    numbers, target = rows(2)
    weights = torch.tensor([1.0, 2.0, 0.5, 4.0, 0.0])
    loss = Corn({"class_weights": weights.tolist()})
    torch.testing.assert_close(loss(numbers, target), Corn({})(numbers, target) * weights[target.values])
    assert not loss.state_dict()


@pytest.mark.parametrize(
    ("cells", "labels", "how"),
    [
        ([5, 1, 3, 1, 5, 3], [1, 3, 5], "numbers"),
        (["10", "9", "10", "9"], [9, 10], "numbers"),
        (["0.5", "10", "2", "0.5", "10", "2"], ["0.5", "2", "10"], "numbers"),
        ([2.5, 0.5, 2.5, 0.5], [0.5, 2.5], "numbers"),
        (["high", "low", "Medium", "low", "high", "Medium"], ["low", "Medium", "high"], "words"),
        (["XL", "S", "M", "S", "XL", "M"], ["S", "M", "XL"], "words"),
        (["always", "never", "always", "never"], ["never", "always"], "words"),
        (["strongly_agree", "Strongly disagree", "neutral"] * 2,
         ["Strongly disagree", "neutral", "strongly_agree"], "words"),
    ],
)  # fmt: skip
def test_numbers_and_known_words_have_an_order(cells: Any, labels: list[Any], how: str) -> None:
    facts = Ordinal().fit(cells, WHERE)
    assert (facts["labels"], facts["how"]) == (labels, how)
    assert len(facts["prior"]) == facts["width"] == len(labels) - 1


def test_the_plans_order_decides_and_may_hold_labels_without_a_row() -> None:
    cells: list[Any] = ["b", "a", "b", "a"]
    one, other = (Ordinal(order=order) for order in (("a", "b", "c"), ("c", "b", "a")))
    assert one.fit(cells, WHERE)["labels"] == ["a", "b", "c"]
    facts = other.fit(cells, WHERE)
    assert facts["labels"] == ["c", "b", "a"]
    assert facts["counts"] == [0, 2, 2]
    shares = other.answers(np.array([facts["prior"]]), facts)[0]
    np.testing.assert_allclose(shares, np.array([0.5, 2, 2]) / 4.5)
    assert other.target(["c"], facts, WHERE).values.tolist() == [0]
    assert Ordinal(order=(3, 2, 1)).fit(["1", "2", "1", "2"], WHERE)["labels"] == [3, 2, 1]


def test_an_order_that_was_recognised_by_words_is_told() -> None:
    assert Ordinal().notes(Ordinal().fit(SIZES, WHERE)) == (
        "its labels are taken in the order small < medium < large; say another as order in the plan, or the "
        "task classify for labels without one",
    )
    assert Ordinal().notes(Ordinal().fit([1, 2, 1, 2], WHERE)) == ()


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (SIZES * 3, "ordinal"),
        (["low", "high"] * 9, "classify"),  # two labels have no middle
        (["low", "high", "unknown"] * 6, "classify"),
        (["north", "south", "east"] * 6, "classify"),
        (["medium", "mid", "low"] * 6, "classify"),  # two words of one step
        ([1, 2, 3, 4, 5] * 9, "classify"),
        (list(range(30)), "regress"),
        ([0.5, 1.25, 3.75] * 9, "regress"),
    ],
)
def test_only_words_with_a_known_order_are_taken_from_the_other_tasks(cells: list[Any], task: str) -> None:
    assert guess_task(cells)[0] == task


def test_kappa_and_ranks_by_hand() -> None:
    truth, weight = np.array([0, 1, 2, 2]), np.array([1.0, 1.0, 1.0, 2.0])
    answer = np.eye(3)[[0, 2, 2, 1]]
    # distances 0 1 0 1 1 of five rows; by chance: mean square of the difference of independent draws
    true, said = np.array([0, 1, 2, 2, 2]), np.array([0, 2, 2, 1, 1])
    chance = ((true[:, None] - said) ** 2).mean()
    assert MaeRanks().value(truth, answer, weight) == pytest.approx(3 / 5)
    assert QuadraticWeightedKappa().value(truth, answer, weight) == pytest.approx(1 - (3 / 5) / chance)


def test_one_label_alone_has_no_kappa() -> None:
    answer = np.array([[0.9, 0.1], [0.8, 0.2]])
    assert np.isnan(QuadraticWeightedKappa().value(np.array([0, 0]), answer, np.array([0.1, 0.3])))
