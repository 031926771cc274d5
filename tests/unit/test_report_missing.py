"""What the page says of missing inputs, of missingness and of corrupt cells."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np

from report_parts import ROWS, Reader, a_run, labelled, media_cells, media_plan, read, table
from sensorium.evaluate import evaluate_subsets, judge
from sensorium.predict import Predictor
from sensorium.report.page import evaluation_page, write_page
from sensorium.results import Report, TargetResult
from sensorium.table.missingness import Missingness
from sensorium.table.prepared import Target
from sensorium.tasks.classify import Classify

TELLS = Missingness(0.001, 24, None, "photo", 9, 0.5, "b", 0.2, 0.8)


def with_subsets() -> TargetResult:
    """A result whose chosen candidate was asked for three subsets."""
    result, rng = labelled(["a", "b"]), np.random.default_rng(0)
    facts = {"labels": ["a", "b"], "prior": [0.0, 0.0]}
    known = judge(Classify(), facts, Target(rng.integers(0, 2, ROWS), np.ones(ROWS, bool)))
    numbers = {frozenset(hidden): rng.normal(size=(ROWS, 2)) for hidden in ("a", "b", "ab")}
    found = evaluate_subsets(known, np.arange(ROWS), numbers, ["a", "b", "c"], "accuracy", rng)
    chosen = replace(result.candidates["fusion"], subsets=found)
    return replace(result, candidates=result.candidates | {"fusion": chosen})


def page_of(result: TargetResult, folder: Path, **more: object) -> tuple[str, Reader]:
    run = a_run(media_cells(), media_plan(), **more)
    write_page(folder / "report.html", run, Report("test", ROWS, 1.0, {"digit": result}))
    return read(folder / "report.html")


def test_the_worst_subset_stands_among_the_hidden_inputs_and_all_are_listed(tmp_path: Path) -> None:
    result = with_subsets()
    _, reader = page_of(result, tmp_path)
    worst = result.each.subsets[0]
    assert any(text.startswith(f"worst of 3 subsets: {worst.name}") for text in reader.texts)
    assert "3 subsets of the inputs" in reader.texts
    assert {"given", "hidden in every row", "a, b", "b, c"} <= set(reader.texts)


def test_missingness_that_predicts_is_told_and_that_it_does_not_is_told_too(tmp_path: Path) -> None:
    result = with_subsets()
    _, reader = page_of(replace(result, missingness=TELLS), tmp_path)
    assert any(
        text.startswith("what is missing predicts 'digit': rows without 'photo'") for text in reader.texts
    )
    _, reader = page_of(replace(result, missingness=replace(TELLS, p=0.4)), tmp_path)
    assert "What is missing does not predict digit (permutation test, p = 0.40)." in reader.texts
    _, reader = page_of(result, tmp_path)
    assert not any("missing does not predict" in text for text in reader.texts)


def test_rows_that_were_dropped_and_cells_of_a_test_table_are_told(tmp_path: Path) -> None:
    _, reader = page_of(labelled(["a", "b"]), tmp_path, corrupt=[("voice", 1, "broken")])
    fate = "These cells cannot be read and count as missing: nothing else of their rows suffers."
    assert fate in reader.texts
    run = a_run(
        media_cells(), replace(media_plan(), on_corrupt="drop"), corrupt=[("voice", 1, "broken")],
        corrupt_test=[("photo", 2, "torn")],
    )  # fmt: skip
    write_page(tmp_path / "report.html", run, Report("test", ROWS, 1.0, {"digit": labelled(["a", "b"])}))
    _, reader = read(tmp_path / "report.html")
    assert "These cells cannot be read and their rows are left out of training." in reader.texts
    assert {"Of the test table:", "torn", fate} <= set(reader.texts)


def test_an_evaluation_lists_its_corrupt_cells_and_notes(tmp_path: Path) -> None:
    predictor = cast(Predictor, SimpleNamespace(plan=media_plan()))
    results = {"digit": replace(with_subsets(), verdict={}, missingness=TELLS)}
    report = Report("given", ROWS, 0.0, results, corrupt=(("voice", 3, "torn"),), notes=("mind this",))
    evaluation_page(tmp_path / "page.html", predictor, table(media_cells()), report)
    _, reader = read(tmp_path / "page.html")
    assert "notes" in reader.ids
    assert {"torn", "mind this", "all 1 corrupt cells"} <= set(reader.texts)
