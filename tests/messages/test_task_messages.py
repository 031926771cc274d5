"""The whole text of every error that tasks raise."""

from typing import Any, Literal

import pytest

from sensorium.errors import DataError, PlanError
from sensorium.options import check
from sensorium.tasks._base import Task
from sensorium.tasks.classify import Classify
from sensorium.tasks.count import Count
from sensorium.tasks.ordinal import Ordinal
from sensorium.tasks.regress import Regress

LETTERS = ["amber", "blue", "amber", "blue"]


def fit(task: Task, cells: list[Any]) -> str:
    with pytest.raises(DataError) as caught:
        task.fit(cells, "target 'colour'")
    return str(caught.value)


def target(task: Task, train: list[Any], cells: list[Any]) -> str:
    facts = task.fit(train, "target 'colour'")
    with pytest.raises(DataError) as caught:
        task.target(cells, facts, "target 'colour'")
    return str(caught.value)


def test_no_label_at_all() -> None:
    assert fit(Classify(), [None, " ", float("nan")]) == (
        "target 'colour': none of the 3 training rows has a label. Fill the column, or choose another target."
    )


def test_one_class() -> None:
    assert fit(Classify(), ["amber", None, "amber "]) == (
        "target 'colour': all 2 labels of the training rows are 'amber', so there is nothing to learn. "
        "Choose another target, or add rows with another label."
    )


def test_too_many_labels_that_are_numbers() -> None:
    assert fit(Classify(), [*range(10), 1.5]) == (
        "target 'colour': 11 different labels in 11 training rows are too many: at most 1000, and at most "
        "half as many as rows. The cells are numbers: use the task regress; or merge rare labels."
    )


def test_too_many_labels_that_are_text() -> None:
    assert fit(Classify(), [f"id {row // 3}" for row in range(3003)]) == (
        "target 'colour': 1001 different labels in 3003 training rows are too many: at most 1000, and at "
        "most half as many as rows. Merge rare labels, or choose another target; if the cells are numbers, "
        "use the task regress."
    )


def test_a_cell_that_is_no_label() -> None:
    assert target(Classify(), LETTERS, ["amber", [1, 2]]) == (
        "target 'colour', row 2: expected a label (text, a whole number or yes/no), got a list. "
        "Correct the cell, or choose another target or task."
    )


def test_a_label_that_was_never_seen() -> None:
    assert target(Classify(), LETTERS, ["blue", "ambre", None, "red", "ambre"]) == (
        "target 'colour', row 2: the label 'ambre' is in no training row. Did you mean 'amber'? "
        "Known: amber, blue. The same holds for 2 more rows. "
        "Correct the cell, empty it, or split the rows so that training sees the label."
    )


def test_only_ten_of_the_known_labels_are_listed() -> None:
    assert target(Classify(), [*range(12), *range(12)], [99]) == (
        "target 'colour', row 1: the label 99 is in no training row. Did you mean '9'? "
        "Known: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more. "
        "Correct the cell, empty it, or split the rows so that training sees the label."
    )


def test_no_number_at_all() -> None:
    assert fit(Regress(), [None, float("inf"), "inf"]) == (
        "target 'colour': none of the 3 training rows has a number. "
        "Fill the column, or choose another target."
    )


def test_one_number() -> None:
    assert fit(Regress(), [3, "3.0", None]) == (
        "target 'colour': all 2 numbers of the training rows are 3, so there is nothing to learn. "
        "Choose another target, or add rows with another number."
    )


@pytest.mark.parametrize("where", ["fit", "target"])
def test_a_cell_that_is_no_number(where: Literal["fit", "target"]) -> None:
    cells = ["1.5", "many", "2", "few"]
    found = fit(Regress(), cells) if where == "fit" else target(Regress(), [1, 2], cells)
    assert found == (
        "target 'colour', row 2: expected a number, got 'many': 'many' is not a number. "
        "The same holds for 1 more row. Correct the cell, empty it, or use the task classify."
    )


def test_a_logarithm_of_negative_numbers() -> None:
    assert fit(Regress(log="yes"), [1, 2, -0.5]) == (
        "target 'colour': log: yes needs numbers of at least 0, but the training rows hold -0.5. "
        "Set log: auto or log: no."
    )


def test_labels_without_an_order() -> None:
    assert fit(Ordinal(), ["b", "a", "b", "a"]) == (
        "target 'colour': the labels 'a', 'b' are no numbers and no words whose order is known. Say them in "
        "the plan from the least to the most, as order: [low, mid, high], or use the task classify."
    )


def test_a_label_that_the_order_lacks() -> None:
    assert fit(Ordinal(order=("low", "high")), ["low", "high", "mid", "low", "high", "low"]) == (
        "target 'colour', row 3: the label 'mid' is not in the plan's order. Known: low, high. "
        "Correct the cell, empty it, or add the label to order."
    )


def test_an_ordered_label_that_was_never_seen() -> None:
    assert target(Ordinal(), [1, 2, 1, 2], [3]) == (
        "target 'colour', row 1: the label 3 is in no training row. Known: 1, 2. "
        "Correct the cell, empty it, or say all labels in the plan, as order: [least, ..., most]."
    )


def test_an_order_that_lists_a_label_twice() -> None:
    with pytest.raises(PlanError) as caught:
        Ordinal(order=("low", "high", "low"))
    assert str(caught.value) == (
        "order: 'low' is listed 2 times; once is enough, from the least to the most."
    )


def test_an_order_of_one_label() -> None:
    found, problems = check(Ordinal, {"order": ["low"]}, "targets.y")
    assert (found, problems) == (
        {},
        ["targets.y.order: expected a list of integers or numbers or texts with at least 2 entries, or null, "
         "got ['low']."],
    )  # fmt: skip


def test_a_count_that_is_negative_or_not_whole() -> None:
    for cell, got in ((-1, "-1"), (2.5, "2.5"), ("1.5", "'1.5'")):
        assert fit(Count(), [3, 0, cell, 4, cell]) == (
            f"target 'colour', row 3: expected a whole number of at least 0, got {got}. The same holds for 1 "
            "more row. Correct the cell, empty it, or use the task regress."
        )
