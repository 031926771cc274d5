"""The whole text of the errors of batches, store and model."""

import numpy as np
import pytest

from sensorium.batches import Batches
from sensorium.errors import DataError, PlanError, ShapeError
from sensorium.fit_facts import fit_facts
from sensorium.plan import Plan
from sensorium.prepare import prepare
from sensorium.store import default_store
from sensorium.table.packed import Cell
from sensorium.table.table import Table
from sensorium.types import Batch, Facts
from tiny import asked, fakes, plan_of, table_of, untrained


def weighted(weights: list[Cell]) -> tuple[Plan, Facts, Table]:
    columns = fakes({"a": "number"}, "regress", len(weights)) | {"w": weights}
    plan, table = plan_of({"a": asked("number")}, "regress", weight="w"), table_of(columns)
    return plan, fit_facts(plan, table, np.arange(len(weights))), table


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ([1.0, None, 2.0], "weight column 'w', row 2: expected a number >= 0, got an empty cell."),
        (["1", "many", "-2"], "weight column 'w', row 2: expected a number >= 0, got 'many'."
                              " The same holds for 1 more row."),
        ([1.0, 2.0, -3.0], "weight column 'w', row 3: expected a number >= 0, got -3."),
        (["1", "inf", "2"], "weight column 'w', row 2: expected a number >= 0, got 'inf'."),
    ],
)  # fmt: skip
def test_weights_that_are_no_weights(weights: list[Cell], text: str) -> None:
    with pytest.raises(DataError) as told:
        prepare(*weighted(weights))
    assert str(told.value) == f"{text} Fill the column, or leave out weight."


def test_weights_that_are_all_0() -> None:
    with pytest.raises(DataError) as told:
        prepare(*weighted([0, 0, 0]))
    assert str(told.value) == "weight column 'w': every weight is 0; at least one row must count."


def test_a_table_without_the_target() -> None:
    plan, facts, table = weighted([1.0, 1.0, 1.0])
    with pytest.raises(DataError) as told:
        prepare(plan, facts, table.drop(["y"]))
    assert str(told.value) == "the table in memory: the target column 'y' is not there. Columns: a, w."


def test_a_table_without_the_weights() -> None:
    plan, facts, table = weighted([1.0, 1.0, 1.0])
    with pytest.raises(DataError) as told:
        prepare(plan, facts, table.drop(["w"]))
    assert str(told.value) == "the table in memory: no column is named 'w'. Columns: 'a', 'y'."
    assert len(prepare(plan, facts, table.drop(["w", "y"]), answering=True)) == 3


def test_a_batch_that_lacks_an_input() -> None:
    columns = fakes({"a": "number", "b": "number"}, "regress")
    plan, table = plan_of({n: asked("number") for n in "ab"}, "regress"), table_of(columns)
    made = untrained(plan, table)
    batch = Batches(plan, made.prepare(table)).batch(np.arange(2))
    short = Batch({"b": batch.inputs["b"]}, {}, batch.rows)
    with pytest.raises(ShapeError) as told:
        made.member.model(short)  # type: ignore[attr-defined]
    assert str(told.value) == "the batch lacks the inputs ['a']; it has ['b']."


@pytest.mark.parametrize("told", ["much", "-1", "nan", ""])
def test_a_bound_of_the_store_that_is_no_number(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENSORIUM_STORE_GB", told)
    with pytest.raises(PlanError) as error:
        default_store()
    assert str(error.value) == f"SENSORIUM_STORE_GB: expected a number of gigabytes >= 0, got {told!r}."
