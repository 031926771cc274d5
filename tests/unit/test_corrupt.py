"""Cells that cannot be read: listed with their place, told in words, stopped at, dropped."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import sensorium.cli
import toy
from sensorium.api import Learner
from sensorium.corrupt import counted, in_words, places, stop, write_cells
from sensorium.errors import DataError, PlanError
from sensorium.load_table import load_table
from sensorium.plan import Plan
from sensorium.predict import CorruptCells
from sensorium.table.table import Table
from sensorium.train.run import Request, run

BROKEN = b"\x89PNG\r\n\x1a\nnothing"
WHY = "the picture is broken: the png header cannot be read"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of 40 rows as files, two of them broken, one not there."""
    found = tmp_path_factory.mktemp("pictures")
    for number, row in enumerate(toy.rows(40)):
        Image.fromarray(np.asarray(row["photo"])).save(found / f"{number}.png")
    for number in (4, 7):
        (found / f"{number}.png").write_bytes(BROKEN)
    (found / "9.png").unlink()
    return found


def rows() -> list[toy.Row]:
    return [row | {"photo": f"{number}.png"} for number, row in enumerate(toy.rows(40))]


def table(folder: Path) -> Table:
    return load_table(toy.given(rows()), folder=folder, roots=[folder])


def raw(**more: Any) -> dict[str, Any]:
    return toy.plan_of("age", "photo", train={"rungs": ["linear", "fusion"], "epochs": 1}, **more)


@pytest.fixture(scope="module")
def learned(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Learner, Path]:
    out = tmp_path_factory.mktemp("out") / "run"
    return Learner("label", plan=raw(), roots=[folder]).fit(table(folder), out=out), out


GONE = "'9.png': no such file"


def test_the_run_lists_every_cell_with_its_path(learned: tuple[Learner, Path]) -> None:
    lines = [json.loads(line) for line in (learned[1] / "cells.jsonl").read_text().splitlines()]
    assert lines == [
        {"table": "the table in memory", "column": "photo", "row": row, "path": path, "reason": why}
        for row, path, why in ((5, "4.png", WHY), (8, "7.png", WHY), (10, "9.png", GONE))
    ]
    assert learned[0].metrics["corrupt"] == {"photo": 3}
    assert learned[0].remarks()[0] == (
        f"column 'photo': 3 cells are corrupt and count as missing; the first, row 5: {WHY}"
    )


def test_answering_warns_lists_and_answers_every_row(
    learned: tuple[Learner, Path], folder: Path, tmp_path: Path
) -> None:
    given, cells = table(folder).take([3, 4, 9]), tmp_path / "cells.jsonl"
    with pytest.warns(CorruptCells) as told:
        answers = learned[0].answers(given, cells=cells)
    assert len(told) == 1
    assert [a["label.missing"] for a in answers] == ["", "photo (corrupt)", "photo (corrupt)"]
    listed = [json.loads(line) for line in cells.read_text().splitlines()]
    assert [(c["row"], c["path"], c["reason"]) for c in listed] == [(5, "4.png", WHY), (10, "9.png", GONE)]
    with pytest.warns(CorruptCells):
        assert learned[0].predict_proba(given).shape == (3, 2)
    learned[0].answers(given.take([0]), cells=cells)
    assert cells.read_text() == ""


def test_answering_stops_at_corrupt_cells_when_asked_to(learned: tuple[Learner, Path], folder: Path) -> None:
    given = table(folder).take([3, 9])
    for ask in (learned[0].answers, learned[0].predict, learned[0].predict_proba, learned[0].evaluate):
        with pytest.raises(DataError) as error:
            ask(given, on_corrupt="error")
        assert str(error.value) == (
            f"column 'photo', row 10 (9.png): {GONE}. Mend the cell, or use on_corrupt missing, which "
            "answers from the other cells."
        )
        assert ask(given.take([0]), on_corrupt="error") is not None


def test_answering_never_drops_a_row(learned: tuple[Learner, Path], folder: Path) -> None:
    for ask in (learned[0].answers, learned[0].predict, learned[0].predict_proba, learned[0].evaluate):
        with pytest.raises(PlanError) as error:
            ask(table(folder), on_corrupt="drop")
        assert str(error.value) == (
            "on_corrupt: expected 'missing' or 'error', got 'drop': every row gets an answer, so none is "
            "dropped. Only training drops rows; with 'missing' a row is answered from its other cells."
        )
    with pytest.raises(PlanError) as error:
        learned[0].predict(table(folder), on_corrupt="eror")
    assert str(error.value) == (
        "on_corrupt: expected 'missing' or 'error', got 'eror'. Did you mean 'error'?"
    )


def test_an_evaluation_tells_what_is_corrupt(
    learned: tuple[Learner, Path], folder: Path, tmp_path: Path
) -> None:
    report = learned[0].evaluate(table(folder), cells=tmp_path / "cells.jsonl")
    assert report.to_dict()["corrupt"] == {"photo": 3}
    assert (
        report.notes[0]
        == f"column 'photo': 3 cells are corrupt and count as missing; the first, row 5: {WHY}"
    )
    assert f"note: {report.notes[0]}" in str(report)
    assert len((tmp_path / "cells.jsonl").read_text().splitlines()) == 3


def test_the_first_cells_are_named_and_the_others_counted() -> None:
    made = toy.rows(20)
    for number in range(8):
        made[number]["photo"] = BROKEN
    asked = toy.plan_of("age", "photo", train={"rungs": ["prior"]}, on_corrupt="error", split={"folds": 2})
    with pytest.raises(DataError) as error:
        run(Request(load_table(made), ("label",), asked))
    named = "\n".join(f"- column 'photo', row {row}: {WHY}" for row in range(1, 6))
    assert str(error.value) == (
        f"the table in memory: 8 cells cannot be read.\n{named}\n- and 3 more\n"
        "Mend them, or set on_corrupt to missing or drop."
    )


def test_the_cells_of_a_test_table_stop_the_run_too(folder: Path) -> None:
    good = [row | {"photo": "1.png"} for row in rows()]
    asked = toy.plan_of("age", "photo", train={"rungs": ["prior"]}, on_corrupt="error", split={"folds": 2})
    given, other = (load_table(made, folder=folder, roots=[folder]) for made in (good, rows()[4:6]))
    with pytest.raises(DataError) as error:
        run(Request(given, ("label",), asked, test=other))
    assert str(error.value) == (
        f"column 'photo', row 1 (4.png): {WHY}. Mend the cell, or set on_corrupt to missing or drop."
    )
    found = run(Request(given, ("label",), asked | {"on_corrupt": "drop"}, test=other))
    assert found.corrupt == []
    assert found.corrupt_test == [("photo", 0, WHY)]
    assert found.measured.rows.tolist() == [0, 1], "a test row is not dropped"


def test_dropped_rows_shape_neither_facts_nor_members(folder: Path) -> None:
    made = rows()
    made[4]["kind"] = "seen here only"
    asked = toy.plan_of(
        "kind", "photo", train={"rungs": ["linear", "fusion"], "epochs": 1}, on_corrupt="drop"
    )
    shared = {"folder": folder, "roots": [folder]}
    whole = run(Request(load_table(toy.given(made), **shared), ("label",), asked))  # type: ignore[arg-type]
    few = [
        row for number, row in enumerate(toy.given(made)) if number not in (4, 7, 9) or row["split"] == "test"
    ]
    bare = run(Request(load_table(few, **shared), ("label",), asked | {"on_corrupt": "missing"}))  # type: ignore[arg-type]
    assert whole.facts == bare.facts
    assert "seen here only" not in json.dumps(whole.facts)
    one, two = whole.measured.candidates["fusion"]["label"], bare.measured.candidates["fusion"]["label"]
    np.testing.assert_allclose(one, two, rtol=0, atol=1e-6)
    assert (
        "2 of 32 training and validation rows were left out for corrupt cells (on_corrupt: drop)"
        in whole.notes
    )


def test_words_for_one_cell_and_for_dropped_rows() -> None:
    given = load_table({"a": [1.0, 2.0], "b": ["x", "y"]})
    found = [("a", 1, "no number"), ("b", 0, "odd"), ("b", 1, "odder")]
    assert in_words(found, given, dropped=True) == [
        "column 'a': 1 cell is corrupt and its row is left out; the first, row 2: no number",
        "column 'b': 2 cells are corrupt and their rows are left out; the first, row 1: odd",
    ]
    assert counted(found) == {"a": 1, "b": 2}


def plan(folder: Path) -> Plan:
    return Learner("label", plan=raw(), roots=[folder]).planned(table(folder))


def test_several_files_have_rows_of_their_own(folder: Path) -> None:
    several = Table.of(
        [("photo", ["4.png", "data:image/png;base64,xx"]), ("age", ["old", "./age.txt"])],
        "all",
        folder=folder,
    )
    object.__setattr__(several, "parts", (("one.csv", 1), ("two.csv", 1)))
    found = [("photo", 0, "w"), ("photo", 1, "w"), ("age", 0, "w"), ("age", 1, "w")]
    told = places(found, several, plan(folder))
    assert [(c["table"], c["row"], c["path"]) for c in told] == [
        ("one.csv", 1, "4.png"), ("two.csv", 1, None), ("one.csv", 1, None), ("two.csv", 1, "./age.txt"),
    ]  # fmt: skip
    with pytest.raises(DataError) as error:
        stop(found[:2], several, plan(folder), "do without")
    assert str(error.value) == (
        "all: 2 cells cannot be read.\n- column 'photo', one.csv row 1 (4.png): w\n"
        "- column 'photo', two.csv row 1: w\nMend them, or do without."
    )
    stop([], several, plan(folder), "do without")


def test_cells_are_not_written_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none" / "cells.jsonl"
    with pytest.raises(DataError) as error:
        write_cells(path, [])
    assert str(error.value) == (
        f"{path}: the folder {path.parent} does not exist. Create it or choose another place."
    )


def asked(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """The exit code of a command."""
    monkeypatch.setattr("sys.argv", ["sensorium", *map(str, words)])
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        with pytest.raises(SystemExit) as left:
            sensorium.cli.main()
    return int(left.value.code or 0)


def test_the_verbs_list_cells_or_stop_at_them(
    learned: tuple[Learner, Path], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    given, cells, run = folder / "new.csv", tmp_path / "cells.jsonl", learned[1]
    given.write_text("age,photo,label\n1,1.png,x\nold,2.png,y\n3,3.png,x\n2,5.png,y\n")
    assert asked(monkeypatch, "predict", run, given, "--cells", cells) == 0
    shown, cell = capsys.readouterr(), json.loads(cells.read_text())
    assert len(shown.out.splitlines()) == 4
    assert cell == {"table": str(given), "column": "age", "row": 2, "path": None, "reason": cell["reason"]}
    told = f"column 'age': 1 cell is corrupt and counts as missing; the first, row 2: {cell['reason']}"
    assert shown.err == f"warning: {given}: {told}\n"
    cells.unlink()
    assert asked(monkeypatch, "evaluate", run, given, "--cells", cells) == 0
    assert f"note: {told}" in capsys.readouterr().out
    assert cells.exists()
    for verb in ("predict", "evaluate"):
        assert asked(monkeypatch, verb, run, given, "--on-corrupt", "error") == 2
        told = f"error: column 'age', row 2: {cell['reason']}. Mend the cell"
        assert capsys.readouterr().err.startswith(told)
        assert asked(monkeypatch, verb, run, given, "--on-corrupt", "drop") == 2
        assert capsys.readouterr().err.startswith("error: on_corrupt: expected 'missing' or 'error'")
