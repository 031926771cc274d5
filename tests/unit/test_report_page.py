"""The report page, from small runs made by hand: whole, safe, self-contained."""

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from report_parts import (
    HOSTILE,
    ROWS,
    Reader,
    a_run,
    an_input,
    labelled,
    measured,
    media_cells,
    media_plan,
    read,
    table,
)
from sensorium.evaluate import evaluate_target, judge
from sensorium.plan import Choice, Plan, TargetPlan
from sensorium.predict import Predictor
from sensorium.report.page import evaluation_page, write_page
from sensorium.report.svg import labels, plain, spread, ticks
from sensorium.results import Report, TargetResult
from sensorium.table.leaks import Leak
from sensorium.table.prepared import Target
from sensorium.tasks.classify import Classify


@pytest.fixture
def whole(tmp_path: Path) -> tuple[str, Reader]:
    """The page of a run with every kind of input."""
    leak = Leak("medium", "train", "test", 2, 0.1, ((0, 5),), "photo")
    corrupt = [("voice", row, "not a sound") for row in range(60)]
    run = a_run(media_cells(), media_plan(), leaks=[leak], corrupt=corrupt[:ROWS], notes=["a note", "a note"])
    report = Report("test", ROWS, 12.3, {"digit": labelled(["a", "b", "c"])})
    write_page(tmp_path / "report.html", run, report)
    return read(tmp_path / "report.html")


def test_every_section_is_there_and_linked(whole: tuple[str, Reader]) -> None:
    _, reader = whole
    names = ["t0-adds", "t0-ladder", "learning", "t0-scores", "t0-answers", "t0-labels", "t0-slices",
             "t0-worst", "columns", "leaks", "corrupt", "notes", "plan"]  # fmt: skip
    assert reader.ids == names
    assert [a for a in reader.addresses if a.startswith("#")] == [f"#{name}" for name in names]


def test_the_verdict_is_the_heading(whole: tuple[str, Reader]) -> None:
    page, _ = whole
    head = re.search(r"<h1>(.*?)</h1>", page)
    assert head is not None
    assert head[1] == "fusing adds +2.0 points [1.0, 3.0] over <code>photo</code> alone"


def test_nothing_comes_from_elsewhere(whole: tuple[str, Reader]) -> None:
    page, reader = whole
    assert "script" not in reader.tags
    assert "link" not in reader.tags
    assert all(a.startswith(("#", "data:image/", "data:audio/wav;")) for a in reader.addresses)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src &#x27;none&#x27;" in page


def test_no_drawing_holds_what_is_no_number(whole: tuple[str, Reader]) -> None:
    page, _ = whole
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) > 10
    for drawing in drawings:
        assert not re.search(r"\b(nan|inf|None)\b", drawing, re.IGNORECASE)


def test_the_ladder_marks_the_chosen_and_tells_what_was_skipped(whole: tuple[str, Reader]) -> None:
    page, reader = whole
    assert page.count('<span class="badge">chosen</span>') == 1
    assert '<span class="chosen">fusion</span><span class="badge">chosen</span>' in page
    assert "no time was left" in reader.texts


def test_worst_rows_show_their_cells_and_say_what_is_gone(whole: tuple[str, Reader]) -> None:
    page, reader = whole
    kinds = {a.partition(",")[0] for a in reader.addresses if a.startswith("data:")}
    assert kinds == {"data:image/png;base64", "data:audio/wav;base64"}
    assert "missing" in reader.texts
    assert "missing: the table has no such column" in reader.texts
    assert any(text.startswith("corrupt: ") for text in reader.texts)
    assert len(page) < 5_000_000


def test_leaks_corrupt_cells_and_notes_are_told(whole: tuple[str, Reader]) -> None:
    _, reader = whole
    assert (
        "2 test rows (10.0 %) have the same 'photo' as train rows, for example row 6 and row 1."
        in reader.texts
    )
    assert "all 24 corrupt cells" in reader.texts
    assert "a note (2 times)" in reader.texts


def test_only_the_first_50_corrupt_cells_are_listed(tmp_path: Path) -> None:
    corrupt = [("voice", row % ROWS, f"why {row}") for row in range(70)]
    run = a_run(media_cells(), media_plan(), corrupt=corrupt)
    report = Report("test", ROWS, 1.0, {"digit": labelled(["a", "b"])})
    write_page(tmp_path / "report.html", run, report)
    _, reader = read(tmp_path / "report.html")
    assert "the first 50 of 70 corrupt cells" in reader.texts
    assert "why 49" in reader.texts
    assert "why 50" not in reader.texts


def test_hostile_labels_texts_and_names_are_shown_as_text(tmp_path: Path) -> None:
    plan = Plan(
        {HOSTILE: an_input(HOSTILE, "text")},
        {HOSTILE: TargetPlan(HOSTILE, Choice("classify"), Choice("x"), Choice("y"), "accuracy")},
    )
    verdict: dict[str, Any] = {
        "sentence": f"`{HOSTILE}` adds nothing; `odd",
        "inputs": {HOSTILE: {"value": 1.0}},
    }
    result = replace(labelled([HOSTILE, HOSTILE + "2"]), verdict=verdict)
    notes, corrupt = [HOSTILE], [(HOSTILE, 1, HOSTILE)]
    run = a_run({HOSTILE: [HOSTILE] * ROWS}, plan, notes=notes, corrupt=corrupt, how=HOSTILE)
    write_page(tmp_path / "report.html", run, Report("test", ROWS, 1.0, {HOSTILE: result}))
    page, reader = read(tmp_path / "report.html")
    assert "script" not in reader.tags
    assert "<script" not in page
    assert any("<script>alert('x')</script>" in text for text in reader.texts)


def test_numbers_get_residuals_and_no_labels(tmp_path: Path) -> None:
    target = TargetPlan("price", Choice("regress"), Choice("huber"), Choice("linear"), "mae")
    plan = Plan({"age": an_input("age", "number")}, {"price": target})
    run = a_run({"age": [float(row) for row in range(ROWS)]}, plan)
    write_page(tmp_path / "report.html", run, Report("test", ROWS, 1.0, {"price": measured()}))
    _, reader = read(tmp_path / "report.html")
    assert "t0-labels" not in reader.ids
    assert {"Answers by truth", "Residuals", "answer - truth"} <= set(reader.texts)


def test_one_input_says_that_there_is_nothing_to_compare(tmp_path: Path) -> None:
    plan = Plan({"photo": an_input("photo", "image")}, media_plan().targets)
    run = a_run(media_cells(), plan)
    write_page(
        tmp_path / "report.html", run, Report("test", ROWS, 1.0, {"digit": labelled(["a", "b"], inputs=1)})
    )
    page, reader = read(tmp_path / "report.html")
    assert "<h1>there is nothing to fuse: <code>photo</code> is the only input</h1>" in page
    assert any(text.startswith("There are not several inputs") for text in reader.texts)


def test_several_targets_have_sections_of_their_own(tmp_path: Path) -> None:
    one = media_plan().targets["digit"]
    price = TargetPlan("price", Choice("regress"), Choice("huber"), Choice("linear"), "mae")
    plan = replace(media_plan(), targets={"digit": one, "price": price})
    targets = {"digit": labelled(["a", "b"]), "price": measured()}
    write_page(tmp_path / "report.html", a_run(media_cells(), plan), Report("test", ROWS, 1.0, targets))
    _, reader = read(tmp_path / "report.html")
    assert {"t0-labels", "t1-answers", "t1-ladder"} <= set(reader.ids)
    assert "Ladder of price" in reader.texts


def test_no_rows_with_a_true_cell_still_make_a_page(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    facts = {"labels": ["a", "b"], "prior": [0.0, 0.0]}
    known = judge(Classify(), facts, Target(np.zeros(3, np.int64), np.zeros(3, bool)))
    found = evaluate_target(known, np.zeros((3, 2)), ["accuracy"], rng, draws=10)
    result = TargetResult("accuracy", {"shipped": found}, "shipped")
    run = a_run(media_cells(), media_plan())
    write_page(tmp_path / "report.html", run, Report("test", 3, 1.0, {"digit": result}))
    _, reader = read(tmp_path / "report.html")
    assert "No row has a true cell." in reader.texts


def test_an_evaluation_has_no_ladder_and_no_curves(tmp_path: Path) -> None:
    predictor = cast(Predictor, SimpleNamespace(plan=media_plan()))
    report = Report("given", ROWS, 0.0, {"digit": replace(labelled(["a", "b"]), verdict={})})
    evaluation_page(tmp_path / "page.html", predictor, table(media_cells()), report)
    page, reader = read(tmp_path / "page.html")
    assert reader.ids == [
        *("t0-scores", "t0-answers", "t0-labels", "t0-slices", "t0-worst", "columns", "corrupt", "plan")
    ]
    assert re.search(r"<h1>accuracy is [\d.]+ % \[", page)
    assert "the table lacks it: missing in every row" in reader.texts


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0.0, 1.0) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert ticks(-130.0, 90.0) == pytest.approx([-100, -50, 0, 50])
    assert ticks(*spread([5.0, 5.0])) == pytest.approx([4.6, 4.8, 5.0, 5.2, 5.4])


def test_figures_are_short_whatever_their_size() -> None:
    assert labels([0.0, 0.5, 1.0]) == ["0.0", "0.5", "1.0"]
    assert labels([0.0, 50_000.0, 100_000.0]) == ["0", "50k", "100k"]
    assert labels([-2e6, 0.0]) == ["-2M", "0"]
    assert [plain(x) for x in (148868.58, 0.123456, float("nan"))] == ["148,869", "0.1235", "-"]
