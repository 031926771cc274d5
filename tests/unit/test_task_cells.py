"""What classify and regress make of the cells that people write."""

from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.errors import DataError
from sensorium.infer_columns import guess_task
from sensorium.tasks.classify import Classify
from sensorium.tasks.regress import Regress

WHERE = "target 'y'"


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (["b", "a", "b ", "a"], ["a", "b"]),
        (["3", "10", "3", "10"], [3, 10]),
        (["03", "10", "03", "10"], ["03", "10"]),
        (["3.0", "10.0", "", "3"], [3, 10]),
        (["03.0", "3.5", "03.0", "3.5"], ["03.0", "3.5"]),
        (["+1", "2", "+1", "2"], ["+1", "2"]),
        ([1, 0, -1, 1, 0, -1], [-1, 0, 1]),
        ([1.0, 2.0, float("nan"), 1.0], [1, 2]),
        (np.array([4, 5, 4, 5]), [4, 5]),
        ([True, False, True], [False, True]),
        (np.array([True, False]), [False, True]),
        ([0.5, 1.5, 0.5, 1.5], [0.5, 1.5]),
        (["1", "a", 1, "a"], ["1", "a"]),
        (["true", "false", "true"], ["false", "true"]),
        (["9" * 30, "1", "1"], ["1", "9" * 30]),
    ],
)
def test_labels_keep_their_own_type(cells: Any, labels: list[object]) -> None:
    facts = Classify().fit(list(cells), WHERE)
    assert facts["labels"] == labels
    assert [type(x) for x in facts["labels"]] == [type(x) for x in labels]
    numbers = np.eye(len(labels)) * 9
    assert [row["y"] for row in Classify().cells(numbers, facts, "y")] == labels


@pytest.mark.parametrize(
    ("train", "cells"),
    [
        ([3, 7, 3, 7], ["3", 7.0, np.int64(7), " 3 "]),
        (["3", "7", "3"], [3, 7, 7.0, "3"]),
        ([True, False], ["True", "false", 0, np.True_]),
        (["1", "0", "1"], [True, 0, False, "1"]),
        (["a", "7"], ["a", 7, 7.0, "7"]),
        ([0.5, 1.5, 0.5], ["0.5", 1.5, "1.50", np.float32(0.5)]),
        (["True", "False"], [True, False, "True", np.False_]),
    ],
)
def test_a_label_is_found_however_it_is_stored(train: list[Any], cells: list[Any]) -> None:
    task = Classify()
    facts = task.fit(train, WHERE)
    target = task.target(cells, facts, WHERE)
    assert target.mask.all()
    labels = [str(facts["labels"][i]).lower() for i in target.values]
    told = [
        str(float(c)) if not isinstance(c, str | bool | np.bool_) else str(c).strip().lower() for c in cells
    ]
    number = {"true": 1.0, "false": 0.0}
    for label, cell in zip(labels, told, strict=True):
        same = number.get(label, label), number.get(cell, cell)
        assert same[0] == same[1] or float(same[0]) == float(same[1])


def test_counts_prior_and_missing_cells_of_labels() -> None:
    facts = Classify().fit(["b", "a", None, "b", "b", " "], WHERE)
    assert facts["counts"] == [1, 3]
    assert facts["missing"] == 2
    np.testing.assert_allclose(facts["prior"], np.log([0.25, 0.75]))


def test_probabilities_are_named_after_their_labels() -> None:
    facts = Classify().fit([1, 2, 1, 2], WHERE)
    row = Classify().cells(np.log([[0.2, 0.8]]), facts, "digit")[0]
    assert row == pytest.approx({"digit": 2, "digit.p.1": 0.2, "digit.p.2": 0.8})


def test_the_mean_of_probabilities_is_not_that_of_logits() -> None:
    task = Classify()
    sure, unsure = np.log([[0.99, 0.01]]), np.log([[0.3, 0.7]])
    combined = task.combine([sure, unsure], [np.array([1.0]), np.array([3.0])])
    np.testing.assert_allclose(np.exp(combined), [[(0.99 + 0.9) / 4, (0.01 + 2.1) / 4]])


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        ([0, 1] * 100, "classify"),
        ([True, False] * 5, "classify"),
        ([str(i % 10) for i in range(300)], "classify"),
        (["yes", "no"] * 10, "classify"),
        ([f"{i % 40 / 7:.2f}" for i in range(500)], "regress"),
        ([f"{i} kg" for i in range(50)], "regress"),
        ([i % 90 for i in range(900)], "regress"),
        (["$1,200", "$850", "$2,400", "$990"], "regress"),
        ([1.5, 2.5, 3.5, 1.5, 2.5, 3.5, 1.5] * 9, "regress"),
        (["red", "green", "blue"] * 4, "classify"),
    ],
)
def test_a_column_is_taken_for_the_right_task(cells: list[Any], task: str) -> None:
    scores = {"classify": Classify.sniff(cells), "regress": Regress.sniff(cells)}
    assert max(scores, key=lambda n: scores[n]) == task
    assert len(set(scores.values())) == 2


def test_numbers_with_units_and_thousands_are_read() -> None:
    task = Regress()
    facts = task.fit(["1,200 kg", "900 kg", "0.3 kg", None], WHERE)
    target = task.target(["1,500 kg", "700", "2000 g"], facts, WHERE)
    np.testing.assert_allclose(task.truth(target, facts), [1500, 700, 2])
    assert facts["unit"] == "kg"
    assert facts["missing"] == 1


def test_numbers_are_standardised() -> None:
    task = Regress(log="no")
    facts = task.fit([1, 2, 3, 6, float("inf")], WHERE)
    assert (facts["mean"], facts["missing"], facts["scale"]) == (3.0, 1, "plain")
    assert facts["std"] == pytest.approx(np.sqrt(14 / 4))
    target = task.target([3, 6, float("-inf"), "inf", None], facts, WHERE)
    np.testing.assert_allclose(target.values, [0, 3 / np.sqrt(3.5), 0, 0, 0])
    assert target.mask.tolist() == [True, True, False, False, False]


PRICES = [float(x) for x in np.round(np.exp(np.random.default_rng(0).normal(5, 1, 200)), 2)]


@pytest.mark.parametrize(
    ("log", "cells", "scale"),
    [
        ("auto", PRICES, "log"),
        ("auto", [*PRICES, 0.0], "plain"),
        ("auto", list(range(1, 100)), "plain"),
        ("auto", [1000 - x / 10 for x in PRICES if x < 900], "plain"),
        ("yes", [0, 1, 5, 80], "log1p"),
        ("yes", [1, 2, 3], "log"),
        ("no", PRICES, "plain"),
    ],
)
def test_logarithms_are_taken_of_skewed_positive_numbers(
    log: Literal["auto", "yes", "no"], cells: list[float], scale: str
) -> None:
    assert Regress(log=log).fit(cells, WHERE)["scale"] == scale


@pytest.mark.parametrize("cells", [PRICES, [0, 1, 5, 80, 7, 3], list(range(-20, 20))])
@given(x=st.floats(-1e6, 1e9, allow_nan=False))
def test_any_true_number_comes_back_from_what_is_learned(cells: list[float], x: float) -> None:
    task = Regress(log="auto" if min(cells) != 0 else "yes")
    facts = task.fit(cells, WHERE)
    target = task.target([x, cells[0]], facts, WHERE)
    assert np.isfinite(target.values).all()
    np.testing.assert_allclose(task.truth(target, facts), [x, cells[0]], rtol=1e-9, atol=1e-6)


def test_logarithmic_answers_are_the_exponential_and_stay_in_reach() -> None:
    task = Regress(log="yes")
    facts = task.fit([1.0, 10.0, 100.0], WHERE)
    step = np.log(10) / facts["std"]
    answers = task.answers(np.array([[0.0], [step], [-step], [99.0], [-99.0]]), facts)
    np.testing.assert_allclose(answers[:4], [10, 100, 1, 10_000], rtol=1e-9)
    assert 0 < answers[4] < 1e-9
    counts = task.fit([0, 3, 8], WHERE)
    assert task.answers(np.array([[-99.0]]), counts).tolist() == [0.0]


def test_members_numbers_are_averaged_by_weight() -> None:
    combined = Regress().combine([np.array([[1.0]]), np.array([[4.0]])], [np.array([2.0]), np.array([1.0])])
    assert combined.tolist() == [[2.0]]


@pytest.mark.parametrize("bad", ["12x3", "inf", "-inf", "Infinity"])
def test_a_numeric_target_with_a_few_bad_cells_is_still_numeric(bad: str) -> None:
    cells = [f"{x:.2f}" for x in np.random.default_rng(0).normal(100, 20, 96)]
    assert guess_task([*cells, *[bad] * 4]) == ("regress", 0.9)
    whole = [str(x) for x in range(1000, 1096)]
    assert guess_task([*whole, *[bad] * 4]) == ("regress", 0.9)
    assert guess_task([*cells, *["12x3"] * 20])[0] == "classify"


@pytest.mark.parametrize("labels", ["1 2 3", "0.5 1.0 1.5", "03 04 11"])
def test_few_different_labels_are_labels_with_and_without_a_bad_cell(labels: str) -> None:
    assert guess_task([*labels.split() * 40, "x"]) == ("classify", 0.9)


def test_infinite_cells_of_a_target_are_missing_and_a_broken_one_is_told() -> None:
    task = Regress()
    cells = ["1.5", "inf", "2.5", "-inf"]
    facts = task.fit(cells, WHERE)
    assert (facts["missing"], task.target(cells, facts, WHERE).mask.tolist()) == (
        2,
        [True, False, True, False],
    )
    with pytest.raises(DataError) as caught:
        task.fit([*cells, "12x3"], WHERE)
    assert str(caught.value) == (
        "target 'y', row 5: expected a number, got '12x3': '12x3' is not a number. "
        "Correct the cell, empty it, or use the task classify."
    )


def test_how_the_numbers_of_a_target_were_read_is_told() -> None:
    task = Regress()
    assert task.notes(task.fit(["1", "inf", "2"], WHERE)) == (
        "1 of its cells is infinite and counts as missing",
    )
    facts = task.fit(["7.1k", "inf", "3.4M", "900", "1e300", "-inf"], WHERE)
    assert task.notes(facts) == (
        "2 of its cells are infinite and count as missing",
        "behind its numbers k is read as thousand, M as million",
        "1 of its numbers is beyond 1e+150 or below -1e+150 and held there",
    )
    target = task.target(["0.0071M"], facts, WHERE)
    assert task.truth(target, facts)[0] == pytest.approx(7100)
