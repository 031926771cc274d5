"""Answers some rows at a time: those of all at once, in order, told once, written whole or not at all."""

import csv
import json
import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import sensorium.cli
import toy
from sensorium import predict
from sensorium.api import Learner
from sensorium.errors import DataError, PlanError
from sensorium.members import _pieces
from sensorium.predict import CorruptCells, UnusedColumn
from sensorium.table.answers import AnswerFile

RAW = toy.plan_of("age", "kind", train={"rungs": ["linear", "trees", "fusion", "ensemble"], "epochs": 1})


def rows(count: int = 50) -> list[toy.Row]:
    return [{"age": row["age"], "kind": row["kind"], "label": row["label"]} for row in toy.rows(count)]


@pytest.fixture(autouse=True)
def own_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SENSORIUM_STORE", str(tmp_path / "store"))


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Learner, Path]:
    out = tmp_path_factory.mktemp("out") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SENSORIUM_STORE", str(out.parent / "store"))
        return Learner("label", plan=RAW).fit(toy.given(rows(60)), out=out), out


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven rows at a time."""
    monkeypatch.setattr(predict, "AT_ONCE", 7)
    monkeypatch.setattr(_pieces, "AT_ONCE", 7)


def test_pieces_are_together_the_answers_of_all_rows(
    learned: tuple[Learner, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, made = learned[0], rows()
    made[3] |= {"age": None, "kind": None}
    whole, shares, labels = learner.answers(made), learner.predict_proba(made), learner.predict(made)
    monkeypatch.setattr(predict, "AT_ONCE", 7)
    pieces = list(learner.stream(made))
    assert [len(piece) for piece in pieces] == [7] * 7 + [1]
    told = [row for piece in pieces for row in piece]
    assert [row["label"] for row in told] == [row["label"] for row in whole] == labels.tolist()
    assert [row["label.missing"] for row in told] == [row["label.missing"] for row in whole]
    for name in ("label.p.x", "label.p.y"):
        np.testing.assert_allclose([r[name] for r in told], [r[name] for r in whole], atol=1e-6)
    np.testing.assert_allclose(learner.predict_proba(made), shares, atol=1e-6)
    assert learner.predict(made).tolist() == labels.tolist()


@pytest.mark.usefixtures("small")
def test_scores_of_rows_in_pieces_are_those_of_all(learned: tuple[Learner, Path]) -> None:
    report = learned[0].evaluate(rows()).to_dict()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pieces, "AT_ONCE", 10**6)
        assert learned[0].evaluate(rows()).to_dict()["targets"] == report["targets"]


@pytest.mark.usefixtures("small")
def test_what_is_odd_in_many_pieces_is_told_once_with_the_row_of_the_table(
    learned: tuple[Learner, Path], tmp_path: Path
) -> None:
    made = [row | {"extra": 1} for row in rows()]
    for row in (9, 30, 31):
        made[row]["age"] = "broken"
    with pytest.warns(UnusedColumn), pytest.warns(CorruptCells) as told:
        learned[0].answers(made, cells=tmp_path / "cells.jsonl")
    (broken,) = [str(w.message) for w in told if w.category is CorruptCells]
    assert "column 'age': 3 cells are corrupt and count as missing; the first, row 10: " in broken
    lines = [json.loads(line) for line in (tmp_path / "cells.jsonl").read_text().splitlines()]
    assert [line["row"] for line in lines] == [10, 31, 32]
    with pytest.warns(UnusedColumn), pytest.raises(DataError) as caught:
        learned[0].answers(made, on_corrupt="error")
    assert "3 cells cannot be read." in str(caught.value)
    assert "row 32" in str(caught.value)


def test_a_wrong_way_with_corrupt_cells_is_told_before_anything_is_answered(
    learned: tuple[Learner, Path],
) -> None:
    for made in ([], rows(3)):
        with pytest.raises(PlanError) as caught:
            list(learned[0].stream(made, on_corrupt="drop"))
        assert str(caught.value).startswith("on_corrupt: expected 'missing' or 'error', got 'drop'")
    assert list(learned[0].stream([])) == []


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_the_command_writes_pieces_as_one_file(
    suffix: str, learned: tuple[Learner, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    table, out = tmp_path / "t.jsonl", tmp_path / f"answers.{suffix}"
    table.write_text("\n".join(json.dumps(row) for row in rows()))
    words = ["sensorium", "predict", str(learned[1]), str(table), "--out", str(out), "--verify-store"]
    monkeypatch.setattr("sys.argv", words)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    with pytest.raises(SystemExit) as left:
        sensorium.cli.main()
    assert not left.value.code
    assert capsys.readouterr().err == f"50 answers in {out}\n"
    expected = [row["label"] for row in learned[0].answers(rows())]
    if suffix == "parquet":
        assert pq.read_table(out)["label"].to_pylist() == expected
    elif suffix == "jsonl":
        assert [json.loads(line)["label"] for line in out.read_text().splitlines()] == expected
    else:
        with out.open(newline="") as file:
            found = list(csv.DictReader(file))
        assert [row["label"] for row in found] == expected
        assert list(found[0]) == ["label", "label.p.x", "label.p.y", "label.missing"]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_file_of_pieces_is_that_of_all_at_once(suffix: str, tmp_path: Path) -> None:
    records: dict[str, list[object]] = {
        "a": [1, 2, 3, 4],
        "b": ["x", None, "y", "z"],
        "c": [[1], [2], [], None],
    }
    with AnswerFile(tmp_path / f"whole.{suffix}") as file:
        file.write(records)
    with AnswerFile(tmp_path / f"pieces.{suffix}") as file:
        for start in (0, 1, 3):
            stop = {0: 1, 1: 3, 3: 4}[start]
            file.write({name: cells[start:stop] for name, cells in records.items()})
    assert file.rows == 4
    whole, pieces = (tmp_path / f"{name}.{suffix}" for name in ("whole", "pieces"))
    if suffix == "parquet":
        assert pq.read_table(pieces) == pq.read_table(whole)
    else:
        assert pieces.read_bytes() == whole.read_bytes()


def test_an_error_between_pieces_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    nothing: dict[str, list[object]] = {}
    with pytest.raises(KeyError), AnswerFile(path) as file:
        file.write({"a": nothing["a"]})
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir() if p.name != "store"] == ["a.csv"]
