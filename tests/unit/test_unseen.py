"""A trained run judges the labels of rows that it has not learned from."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sensorium.cli
from sensorium.bundle import load
from sensorium.errors import DataError, PlanError
from sensorium.load_table import load_table
from sensorium.predict import Predictor
from sensorium.table.table import Table
from sensorium.train.division import divided
from sensorium.train.unseen import judged, unseen
from toy import csv_table, given, plan_of, rows

ROWS = 60
PLAN: dict[str, Any] = plan_of("age", "kind", train={"rungs": ["linear"], "refit": False})


def table_of(folder: Path, count: int = ROWS, seed: int = 0, split: bool = True) -> Table:
    made = rows(count, seed)
    kept = [{k: v for k, v in row.items() if k != "photo"} for row in (given(made) if split else made)]
    return load_table(csv_table(folder, kept))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sensorium.api import Learner

    folder = tmp_path_factory.mktemp("run")
    plan = PLAN | {"inputs": {n: one for n, one in PLAN["inputs"].items() if one is not None}}
    Learner("label", plan=plan, seed=0).fit(table_of(folder), out=folder / "run")
    return folder


@pytest.fixture
def predictor(run: Path) -> Predictor:
    return load(run / "run" / "bundle").predictor


def test_only_test_rows_of_the_table_that_it_was_trained_on_are_judged(
    predictor: Predictor, tmp_path: Path
) -> None:
    found = judged(predictor, table_of(tmp_path), "label")
    test = [row for row in range(ROWS) if row % 10 >= 8]
    assert found.rows.tolist() == test
    assert found.labels == ("x", "y")
    assert found.given.tolist() == [row % 2 for row in test]
    assert list(found.said) == ["run"]
    np.testing.assert_allclose(found.said["run"].sum(1), 1)
    assert found.how == "the run's answers on rows that it has not learned from; 48 left out"


def test_every_row_of_another_table_is_judged(predictor: Predictor, tmp_path: Path) -> None:
    found = judged(predictor, table_of(tmp_path, 50, seed=1), "label")
    assert found.rows.tolist() == list(range(50))
    assert found.how == "the run's answers"
    one = load_table([{"age": 1.0, "kind": "a", "label": "x", "split": "test"}])
    assert unseen(predictor, one, "label").tolist() == [0]


def test_rows_that_are_dropped_for_corrupt_cells_do_not_hide_the_table(
    predictor: Predictor, tmp_path: Path
) -> None:
    plan = replace(predictor.plan, on_corrupt="drop")
    facts = predictor.facts["targets"]["label"] | {"counts": [15, 15]}  # 30 of 36 training rows were kept
    dropped = Predictor(plan, predictor.facts | {"targets": {"label": facts}}, predictor.member)
    assert len(unseen(dropped, table_of(tmp_path), "label")) == 12


def test_a_cross_validated_run_has_learned_from_every_row(predictor: Predictor, tmp_path: Path) -> None:
    split = replace(predictor.plan.split, how="stratified", column=None, folds=5)
    facts = predictor.facts["targets"]["label"] | {"counts": [30, 30]}
    crossed = Predictor(
        replace(predictor.plan, split=split),
        predictor.facts | {"targets": {"label": facts}},
        predictor.member,
    )
    table = table_of(tmp_path, split=False)
    with pytest.raises(DataError) as caught:
        judged(crossed, table, "label")
    assert str(caught.value) == (
        f"{table.source}: the run learned from about as many rows, perhaps from these, so its answers "
        "would hide wrong labels. Leave the run out: learners in folds judge every row. Or train with test "
        "rows kept apart."
    )
    assert not len(unseen(crossed, table.take(np.arange(57)), "label"))  # three rows were mended away
    assert len(unseen(crossed, table_of(tmp_path, 50, split=False), "label")) == 50


def test_a_run_with_a_test_table_has_learned_from_the_other(predictor: Predictor, tmp_path: Path) -> None:
    table = table_of(tmp_path, split=False)
    plan = replace(predictor.plan, split=replace(predictor.plan.split, how="stratified", column=None))
    learned = len(divided(plan, table, table).train)
    facts = predictor.facts["targets"]["label"] | {"counts": [learned - 20, 20]}
    own = Predictor(plan, predictor.facts | {"targets": {"label": facts}}, predictor.member)
    assert not len(unseen(own, table, "label"))
    assert len(unseen(own, table_of(tmp_path, 30, split=False), "label")) == 30


def test_wrong_targets_are_told(predictor: Predictor, tmp_path: Path) -> None:
    table = table_of(tmp_path)
    with pytest.raises(PlanError) as caught:
        judged(predictor, table, "lable")
    assert str(caught.value) == (
        "target: no target of the run is named 'lable'. Did you mean 'label'? Known: label."
    )
    target = replace(
        predictor.plan.targets["label"], task=replace(predictor.plan.targets["label"].task, name="regress")
    )
    numbers = Predictor(replace(predictor.plan, targets={"label": target}), predictor.facts, predictor.member)
    with pytest.raises(DataError) as wrong:
        judged(numbers, table, "label")
    assert str(wrong.value) == "target 'label': the run answers no labels, so none of them is suspected."


def sensorium_of(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr("sys.argv", ["sensorium", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        sensorium.cli.main()
    return int(left.value.code or 0)


def test_inspect_writes_a_page_and_lets_a_run_judge(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENSORIUM_STORE", str(tmp_path / "store"))
    table = run / "table.csv"
    page = tmp_path / "page.html"
    words = ("inspect", table, "--target", "label", "--run", run / "run", "--html", page, "--json")
    assert sensorium_of(monkeypatch, *words) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["label_errors"]["judged"] == 12
    assert shown.err == f"page: {page}\n"
    assert page.read_text().startswith("<!doctype html>")
    assert sensorium_of(monkeypatch, "inspect", table, "--deep") == 0
    assert "nearly the same: no column has cells that are compared" in capsys.readouterr().out


def test_a_run_without_a_target_and_a_page_in_no_folder_are_told(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sensorium_of(monkeypatch, "inspect", run / "table.csv", "--run", run / "run") == 2
    assert capsys.readouterr().err == (
        "error: run: its answers judge the labels of a target; name that with --target.\n"
    )
    assert (
        sensorium_of(monkeypatch, "inspect", run / "table.csv", "--html", tmp_path / "none" / "p.html") == 2
    )
    assert capsys.readouterr().err == (
        f"error: html: the folder {tmp_path / 'none'} does not exist. Create it or choose another place.\n"
    )
