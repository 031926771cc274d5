"""The whole text of every error of the task of several labels."""

from typing import Any

import pytest

from sensorium.errors import DataError, PlanError
from sensorium.plan_parse import parse
from sensorium.tasks.multilabel import Multilabel
from sensorium.train.rungs import check_rungs

WHERE = "target 'tags'"
CELLS: list[Any] = [["war", "drama"], ["comedy"], [], ["drama"]]


def fit(task: Multilabel, cells: list[Any]) -> str:
    with pytest.raises(DataError) as caught:
        task.fit(cells, WHERE)
    return str(caught.value)


def test_no_label_at_all() -> None:
    assert fit(Multilabel(), [[], None, "[]"]) == (
        "target 'tags': none of the 3 training rows has a label. Fill the column, or choose another target."
    )


def test_labels_that_are_all_too_rare() -> None:
    cells = [[f"once {row}"] for row in range(200)]
    assert fit(Multilabel(), cells) == (
        "target 'tags': each of the 200 labels is in fewer than 2 of the 200 training rows, so none can be "
        "learned. Set least: 1, or merge labels."
    )


def test_the_same_labels_in_every_row() -> None:
    assert fit(Multilabel(), [["war", "drama"], ["drama", "war"], None]) == (
        "target 'tags': all 2 training rows have the same labels, 'drama, war', so there is nothing to "
        "learn. Choose another target, or add rows with other labels."
    )


def test_a_cell_that_is_no_list() -> None:
    assert fit(Multilabel(), [*CELLS, {"war": 1}]) == (
        "target 'tags', row 5: expected a list of labels: expected a list of tags, got a dict. Correct the "
        "cell, or empty it."
    )
    assert fit(Multilabel(), [*CELLS, '["war", "dra']) == (
        "target 'tags', row 5: expected a list of labels: '[\"war\", \"dra' begins or ends as a list does, "
        "but cannot be read as one. Correct the cell, or empty it."
    )


def test_a_label_that_no_training_row_has_when_that_is_an_error() -> None:
    task = Multilabel(unseen="error")
    facts = task.fit(CELLS, WHERE)
    with pytest.raises(DataError) as caught:
        task.target([["war"], ["drama", "comedi"], ["new"]], facts, WHERE)
    assert str(caught.value) == (
        "target 'tags', row 2: the label 'comedi' is in no training row. Did you mean 'comedy'? Known: "
        "comedy, drama, war. The same holds for 1 more row. Correct the cell, set unseen: tell, or split the "
        "rows so that training sees the label."
    )


def test_class_weights_are_for_one_label_a_row() -> None:
    with pytest.raises(PlanError) as caught:
        parse({"inputs": {"x": "number"}, "targets": {"y": {"task": "multilabel", "class_weights": "sqrt"}}})
    assert (
        "targets.y.class_weights: multilabel answers any number of labels; leave class_weights out, and "
        "weigh rare labels by the loss: loss: {name: binary_cross_entropy, balance: 0.999}."
    ) in str(caught.value)


def test_a_decision_rule_of_single_labels_does_not_decide_several() -> None:
    plan = parse({"inputs": {"x": "number"}, "targets": {"y": "multilabel"}, "train": {"late": ["vote"]}})
    with pytest.raises(PlanError) as caught:
        check_rungs(plan)
    assert str(caught.value) == (
        "train.late: vote decides labels, but target 'y' is any number of labels. Choose one of greedy, mean."
    )
