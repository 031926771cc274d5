"""Groups of columns: named by a pattern, read by one encoder, one input for report and verdict."""

from typing import Any

import numpy as np
import pytest

import toy
from sensorium.errors import PlanError
from sensorium.infer import infer
from sensorium.load_table import load_table
from sensorium.plan_parse import parse
from sensorium.plan_patterns import expanded
from sensorium.plan_write import to_dict
from sensorium.table.packed import Cell
from sensorium.train.run import Request, Run, run
from sensorium.train.tell import report_of

COLUMNS = ["img_bath", "img_bed", "img_front", "img_kitchen", "area"]
PHOTOS = tuple(COLUMNS[:4])


def houses(count: int = 60) -> list[dict[str, Cell]]:
    """Rows whose price shows in the mean grey of four photos, some of which are missing, and in the area."""
    rng = np.random.default_rng(0)
    made: list[dict[str, Cell]] = []
    for number in range(count):
        worth = rng.uniform()
        row: dict[str, Cell] = {
            name: rng.integers(0, 60, (8, 8, 3), np.uint8) + np.uint8(190 * worth) for name in PHOTOS
        }
        row[PHOTOS[number % 4]] = None if number % 3 == 0 else row[PHOTOS[number % 4]]
        made.append(row | {"area": float(rng.normal() + worth), "price": float(np.exp(worth))})
    return toy.given(made)


def plan(group: str, columns: Any = ("img_*",)) -> dict[str, Any]:
    rooms = {
        "modality": {"name": "image", "size": 8}, "columns": list(columns), "group": group,
        "encoder": "conv", "augment": [],
    }  # fmt: skip
    return {"inputs": {"rooms": rooms}, "dim": 8, "train": toy.QUICK}


def trained(group: str) -> Run:
    return run(Request(load_table(houses()), ("price",), plan(group)))


def test_a_pattern_names_the_columns_that_it_fits_in_the_tables_order() -> None:
    assert expanded(["img_*"], COLUMNS) == list(PHOTOS)
    assert expanded(["img_b*", "area"], COLUMNS) == ["img_bath", "img_bed", "area"]
    assert expanded(["img_be?"], COLUMNS) == ["img_bed"]
    assert expanded(["*"], COLUMNS, ["area"]) == list(PHOTOS)
    assert expanded(["img_bed", "img_b*"], COLUMNS) == ["img_bed", "img_bath"]
    assert expanded(["width [cm]*"], ["width [cm]", "width [cm] b"]) == ["width [cm]", "width [cm] b"]
    assert expanded(["a*"], ["a*", "ab"]) == ["a*"]
    assert expanded(["area", "area"], COLUMNS) == ["area", "area"]
    assert expanded(["x*"], COLUMNS) == ["x*"]
    assert expanded(["x*"], None) == ["x*"]


def test_a_pattern_leaves_targets_weights_and_the_split_alone() -> None:
    names = ["m1", "m2", "m_price", "m_weight", "m_split"]
    raw = {
        "version": 1, "inputs": {"x": {"modality": "number", "columns": ["m*"]}}, "weight": "m_weight",
        "targets": {"m_price": "regress"}, "split": {"how": "given", "column": "m_split"},
    }  # fmt: skip
    assert parse(raw, columns=names).inputs["x"].columns == ("m1", "m2")


def test_a_pattern_that_fits_nothing_is_told_like_a_wrong_name() -> None:
    inputs = {"x": {"modality": "number", "columns": ["b*"]}}
    with pytest.raises(PlanError) as caught:
        parse({"version": 1, "inputs": inputs, "targets": {"y": "regress"}}, columns=["a1", "y"])
    assert "inputs.x.columns: no column of the table is named 'b*'. Known: a1, y." in str(caught.value)


def test_an_inferred_plan_holds_the_columns_and_guesses_what_a_pattern_names() -> None:
    table = load_table(houses())
    found = infer(table, "price", user={"inputs": {"rooms": {"columns": ["img_*"], "group": "joined"}}})
    rooms = found.plan.inputs["rooms"]
    assert (rooms.columns, rooms.modality.name, rooms.group) == (PHOTOS, "image", "joined")
    assert list(found.plan.inputs) == ["rooms", "numbers"]
    assert to_dict(found.plan)["inputs"]["rooms"]["columns"] == list(PHOTOS)  # type: ignore[index, call-overload]
    assert {g.input for g in found.guesses if g.column in PHOTOS} == {"rooms"}


@pytest.mark.parametrize("group", ["shared", "joined"])
def test_four_photos_are_one_input_of_the_run_the_report_and_the_verdict(group: str) -> None:
    found = trained(group)
    assert list(found.plan.inputs) == ["rooms", "numbers"]
    assert found.plan.inputs["rooms"].group == group
    assert {"rooms alone", "numbers alone", "fusion"} <= set(found.done.candidates)
    model = found.done.candidates["fusion"].member.model  # type: ignore[attr-defined]
    assert len(model.encoders) == 2
    assert ("c_rooms" in model.joins) == (group == "joined")
    report = report_of(found).to_dict()["targets"]["price"]  # type: ignore[index, call-overload]
    assert set(report["verdict"]["inputs"]) <= {"rooms", "numbers"}
    assert not any(name in str(report["verdict"]["sentence"]) for name in PHOTOS)
    present = found.measured.present["rooms"]
    assert present.all()  # one of four photos is enough
