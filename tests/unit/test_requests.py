"""Small requests: media inside JSON, no store, and rows that messages call as the table does."""

import base64
from pathlib import Path

import numpy as np
import pytest
import torch

from sensorium.batches import Batches
from sensorium.errors import DataError
from sensorium.fit_facts import fit_facts
from sensorium.load_table import load_table
from sensorium.predict import STORED_ROWS
from sensorium.prepare import prepare
from sensorium.store import Store
from sensorium.table.packed import CORRUPT
from tiny import asked, fakes, plan_of, table_of, untrained

PLAN = plan_of({"photo": asked("image")}, "regress")


def address(file: object) -> str:
    assert isinstance(file, bytes)
    return "data:image/png;base64," + base64.b64encode(file).decode()


def test_a_medium_may_be_given_as_a_data_address_in_training_and_in_answering() -> None:
    columns = fakes({"photo": "image"}, "regress", 4)
    table = table_of(columns)
    written = table_of(columns | {"photo": [address(cell) for cell in columns["photo"]]})
    facts = fit_facts(PLAN, table, np.arange(4))
    assert fit_facts(PLAN, written, np.arange(4)) == facts
    one, two = (prepare(PLAN, facts, t).inputs["photo"][0] for t in (table, written))
    np.testing.assert_array_equal(one.values, two.values)
    assert one.values.any()


def test_a_data_address_that_cannot_be_read_is_corrupt() -> None:
    columns = fakes({"photo": "image"}, "regress", 2)
    facts = fit_facts(PLAN, table_of(columns), np.arange(2))
    broken = table_of(columns | {"photo": [columns["photo"][0], "data:image/png;base64,*"]})
    found = prepare(PLAN, facts, broken).columns["photo"]
    assert found.row_status()[1] == CORRUPT
    assert found.row_reasons() == {1: "the base64 data cannot be read"}


def test_only_tables_of_many_rows_use_the_store(tmp_path: Path) -> None:
    (cell,) = fakes({"photo": "image"}, "regress", 1)["photo"]
    assert isinstance(cell, bytes)
    (tmp_path / "a.png").write_bytes(cell)
    store = Store(tmp_path / "store")
    predictor = untrained(PLAN, table_of({"photo": ["a.png"] * 4, "y": [*range(4)]}, tmp_path))
    for rows, kept in ((1, 0), (STORED_ROWS - 1, 0), (STORED_ROWS, 1)):
        predictor.prepare(table_of({"photo": ["a.png"] * rows}, tmp_path), store=store)
        assert (len(list(store.folder.iterdir())) if store.folder.exists() else 0) == kept


def test_records_are_looked_for_twice_only_where_rows_share_them() -> None:
    plan = plan_of({"photo": asked("image"), "age": asked("number")}, "regress")
    columns = fakes({"photo": "image", "age": "number"}, "regress", 4)
    table = table_of(columns)
    data = prepare(plan, fit_facts(plan, table, np.arange(4)), table)
    alone = Batches(plan, data.rows(np.array([3, 1, 0]))).batch(np.array([2, 0]))
    assert alone.index == {}
    assert torch.equal(alone.inputs["photo"].values[1], torch.from_numpy(data.inputs["photo"][0].values[3]))
    shared = Batches(plan, data.rows(np.array([3, 1, 3]))).batch(np.array([2, 0, 1]))
    assert sorted(shared.index) == ["age", "photo"]
    assert len(shared.inputs["photo"].values) == 2


def two_files(tmp_path: Path, last: str) -> list[Path]:
    (tmp_path / "a.csv").write_text("age,y\n1,red\n2,blue\n3,red\n")
    (tmp_path / "b.csv").write_text(f"age,y\n4,blue\n5,red\n6,{last}\n")
    return [tmp_path / "a.csv", tmp_path / "b.csv"]


def test_a_target_that_cannot_be_learned_is_told_with_the_tables_row_and_its_file(tmp_path: Path) -> None:
    table = load_table(two_files(tmp_path, "many"))
    plan = plan_of({"age": asked("number")}, "classify")
    facts = fit_facts(plan, table, np.arange(5))
    with pytest.raises(DataError) as error:
        prepare(plan, facts, table)
    assert str(error.value) == (
        f"target 'y', {tmp_path / 'b.csv'} row 3: the label 'many' is in no training row. Known: blue, red. "
        "Correct the cell, empty it, or split the rows so that training sees the label."
    )
    with pytest.raises(DataError) as error:
        fit_facts(plan, table, np.array([1, 2, 5]), target_rows=np.array([0, 1, 2, 3, 4]))
    assert str(error.value).startswith(f"target 'y', {tmp_path / 'b.csv'} row 3: the label 'many' is in no")


def test_a_training_cell_that_is_no_number_is_told_with_the_tables_row() -> None:
    columns = {"age": [1, 2, 3, 4, 5], "y": ["1", "2", "3", "4", "much"]}
    with pytest.raises(DataError) as error:
        fit_facts(plan_of({"age": asked("number")}, "regress"), table_of(columns), np.array([2, 3, 4]))
    assert str(error.value) == (
        "target 'y', row 5: expected a number, got 'much': 'much' is not a number. "
        "Correct the cell, empty it, or use the task classify."
    )
