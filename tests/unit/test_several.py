"""Several media in one cell: found by content, prepared once, read by one encoder, told when cut."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

import sensorium
import toy
from sensorium.batches import Batches
from sensorium.errors import PlanError
from sensorium.fit_facts import fit_facts, notes
from sensorium.infer import infer
from sensorium.infer_columns import guess_modality
from sensorium.inspect_table import inspect
from sensorium.load_table import load_table
from sensorium.media.several import MOST, held, opened, sign_of, taken_apart, usual_count
from sensorium.model import Model, parts_of
from sensorium.plan import Plan
from sensorium.plan_parse import parse
from sensorium.plan_write import to_dict
from sensorium.predict import Predictor
from sensorium.prepare import corrupt_cells, prepare
from sensorium.report.media import cell_html
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell
from sensorium.table.table import Table
from sensorium.types import Facts
from tiny import asked, numbers_of, plan_of, table_of, untrained

COUNTS = [2, 0, 1, 3, 2, 1, 3, 2, 2, 1, 2, 3]


def photo(folder: Path, name: str, grey: int) -> str:
    pixels = np.random.default_rng(grey).integers(0, 40, (8, 8, 3), np.uint8) + np.uint8(grey % 200)
    Image.fromarray(pixels).save(folder / name)
    return name


def rows(folder: Path, form: str = "list", counts: list[int] = COUNTS) -> list[dict[str, Cell]]:
    """Rows with none to three photos in a cell, and a number."""
    made: list[dict[str, Cell]] = []
    for row, count in enumerate(counts):
        names = [photo(folder, f"{row}-{k}.png", 10 * row + 60 * k) for k in range(count)]
        cell: Any = {"list": names, "json": json.dumps(names), "sign": "; ".join(names)}[form]
        made.append({"photos": cell if count else None, "age": float(row), "y": "ab"[row % 2]})
    return made


def plan(**more: Any) -> Plan:
    inputs = {"photos": asked("image") | {"encoder": "conv"} | more, "age": asked("number")}
    return plan_of(inputs, "classify")


def fitted(table: Table, chosen: Plan) -> Facts:
    return fit_facts(chosen, table, np.arange(table.num_rows))


@pytest.mark.parametrize(
    ("cell", "sign", "wanted"),
    [
        (["a.png", "b.png"], None, ["a.png", "b.png"]),
        (("a.png", None), None, ["a.png", None]),
        (np.array(["a.png", "b.png"]), None, ["a.png", "b.png"]),
        ('["a.png", "b.png"]', None, ["a.png", "b.png"]),
        ("a.png;b.png", ";", ["a.png", "b.png"]),
        (" a.png ; b.png ", ";", ["a.png", "b.png"]),
        ([b"1", b"2"], None, [b"1", b"2"]),
        ([], None, []),
        ("a.png;b.png", None, None),
        ("a;b", ";", None),
        ("a.png", ";", None),
        ("[1, 2]", None, None),
        ("[a.png]", None, None),
        ([1.0, 2.0], None, None),
        ([[1, 2], [3, 4]], None, None),
        (b"123", None, None),
        (3, None, None),
    ],
)
def test_what_a_cell_holds(cell: Cell, sign: str | None, wanted: list[Cell] | None) -> None:
    assert held(cell, sign) == wanted


def test_cells_are_taken_apart_and_know_their_elements() -> None:
    apart = taken_apart([["a", "b", "c"], None, "d", []], None, 2)
    assert apart.elements == ["a", "b", "d"]
    assert apart.counts().tolist() == [2, 0, 1, 0]
    assert apart.owners().tolist() == [0, 0, 2]
    assert apart.place(0).tolist() == [0, 3, 2, 3]
    assert apart.place(1).tolist() == [1, 3, 3, 3]


def test_the_sign_between_paths_is_found() -> None:
    assert sign_of(["a.png|b.png", "c.png"]) == "|"
    assert sign_of(["a.png,b.png", "c.png"]) == ","
    assert sign_of(["a.png", "b;c"]) is None
    assert sign_of(['["a.png", "b.png"]']) is None


def test_so_many_are_read_as_nearly_all_cells_hold() -> None:
    assert usual_count(np.array([1, 2, 3, 0])) == 3
    assert usual_count(np.array([1] * 99 + [50])) == 1
    assert usual_count(np.array([20] * 10)) == MOST
    assert usual_count(np.array([0, 0])) == 1


def test_lists_of_paths_and_of_long_texts_are_opened_and_tags_are_not() -> None:
    assert opened([["a.png", "b.png"]] * 5) == (["a.png", "b.png"] * 5, "2 to 2 in a cell")
    long = "this is a whole sentence of several words"
    assert opened([[long, long], [long]])[1] == "1 to 2 in a cell"
    for cells in ([["a", "b"], ["c"]] * 5, ["a.png"] * 5, [[1.0, 2.0]] * 5):
        assert opened(cells) == (list(cells), "")


@pytest.mark.parametrize("form", ["list", "json", "sign"])
def test_a_cell_of_several_photos_is_parts_of_one_input(form: str, tmp_path: Path) -> None:
    table = load_table(rows(tmp_path, form), folder=tmp_path)
    found = infer(table, "y")
    assert found.plan.inputs["photos"].modality.name == "image"
    assert next(g.reason for g in found.guesses if g.column == "photos").endswith("3 in a cell")
    facts = fitted(table, plan())
    assert facts["inputs"]["photos"]["photos"]["several"] == {
        "most": 3, "sign": ";" if form == "sign" else None, "cut": 0.0
    }  # fmt: skip
    data = prepare(plan(), facts, table)
    parts = data.inputs["photos"]
    for part, packed in enumerate(parts):
        there = [PRESENT if count > part else MISSING for count in COUNTS]
        assert packed.row_status().tolist() == there
    assert data.columns["photos"].row_status().tolist() == [PRESENT if c else MISSING for c in COUNTS]
    assert data.present("photos").tolist() == [c > 0 for c in COUNTS]
    alone = load_table([{"photos": "3-2.png"}], folder=tmp_path)
    (first, *_) = prepare(plan(), facts, alone, answering=True).inputs["photos"]
    np.testing.assert_array_equal(
        first.values[first.records()[0]], parts[2].values[parts[2].records()[3]]
    )  # fmt: skip


def test_the_encoder_is_shared_and_every_photo_changes_the_answer(tmp_path: Path) -> None:
    made = rows(tmp_path)
    table = load_table(made, folder=tmp_path)
    predictor = untrained(plan(), table)
    model: Model = predictor.member.model  # type: ignore[attr-defined]
    assert len(model.encoders) == 2
    data = prepare(plan(), predictor.facts, table)
    batch = Batches(plan(), data).batch(np.arange(len(made)))
    assert len(parts_of(batch, "photos")) == 3
    tokens = model(batch, "encode").inputs["photos"]
    assert tokens.mask.sum(1).tolist() == COUNTS
    whole = numbers_of(predictor, table)
    fewer = [row | {"photos": row["photos"][:-1]} if row["photos"] else row for row in made]  # type: ignore[index]
    assert (
        np.abs(numbers_of(predictor, load_table(fewer, folder=tmp_path)) - whole).max(1) > 1e-6
    ).tolist() == [c > 0 for c in COUNTS]
    one = numbers_of(predictor, load_table([made[3]], folder=tmp_path))
    np.testing.assert_allclose(one, whole[[3]], atol=1e-5)


def test_a_broken_photo_is_told_and_the_others_of_the_cell_are_used(tmp_path: Path) -> None:
    made = rows(tmp_path)
    table = load_table(made, folder=tmp_path)
    predictor = untrained(plan(), table)
    broken = [dict(row) for row in made]
    broken[3]["photos"] = ["3-0.png", "lost.png", "3-2.png"]
    data = prepare(plan(), predictor.facts, load_table(broken, folder=tmp_path), answering=True)
    assert list(corrupt_cells(data)) == [("photos", 3, "number 2 of 3: 'lost.png': no such file")]
    assert data.columns["photos"].row_status()[3] == CORRUPT
    assert [p.row_status()[3] for p in data.inputs["photos"]] == [PRESENT, CORRUPT, PRESENT]
    gone = [dict(row) for row in made]
    gone[3]["photos"] = ["3-0.png", None, "3-2.png"]
    both = [numbers_of(predictor, load_table(r, folder=tmp_path)) for r in (broken, gone)]
    np.testing.assert_allclose(both[0], both[1], atol=1e-6)
    told = [cell["y.missing"] for cell in predictor.cells(data)]
    assert told[3] == "photos (corrupt)"
    assert told[1] == "photos"


def test_what_is_cut_is_told_and_the_plan_may_say_how_many(tmp_path: Path) -> None:
    counts = [1] * 30 + [4]
    table = load_table(rows(tmp_path, counts=counts), folder=tmp_path)
    facts = fitted(table, plan())
    assert facts["inputs"]["photos"]["photos"]["several"]["most"] == 1
    assert notes(plan(), facts) == [
        "column 'photos': 3.2% of its cells hold more than the 1 that are read; several: 2 reads more"
    ]
    more = plan(several=4)
    assert to_dict(more)["inputs"]["photos"]["several"] == 4  # type: ignore[index, call-overload]
    assert parse(to_dict(more)) == more
    assert len(prepare(more, fitted(table, more), table).inputs["photos"]) == 4
    assert notes(more, fitted(table, more)) == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (0, "inputs.x.several: expected an integer from 1 to 64, or null, got 0."),
        ("two", "inputs.x.several: expected an integer from 1 to 64, or null, got 'two'."),
        (3, "inputs.x.several: cells of number columns hold one thing each; leave several out."),
    ],
)
def test_how_many_is_a_small_number_and_for_media_and_texts_only(given: Any, why: str) -> None:
    modality = "number" if given == 3 else "image"
    with pytest.raises(PlanError) as caught:
        plan_of({"x": {"modality": modality, "several": given}}, "classify")
    assert str(caught.value) == why


def test_sounds_and_texts_come_in_lists_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = "the old river sees a train near my green garden today".split()
    made: list[dict[str, Cell]] = []
    for row, count in enumerate(COUNTS):
        for k in range(count):
            soundfile.write(tmp_path / f"{row}-{k}.wav", rng.normal(0, 0.1, 2000), 8000)
        texts = [" ".join(rng.permutation(words)[:8]) for _ in range(count)]
        sounds = [f"{row}-{k}.wav" for k in range(count)]
        made.append({"calls": sounds or None, "said": texts or None, "y": "ab"[row % 2]})
    table = load_table(made, folder=tmp_path)
    for column, kind in (("calls", "audio"), ("said", "text")):
        cells = [row[column] for row in made if row[column] is not None]
        assert guess_modality(cells, table)[0] == kind
    chosen = plan_of({"calls": asked("audio"), "said": asked("text")}, "classify")
    predictor = untrained(chosen, table)
    data = prepare(chosen, predictor.facts, table)
    for name in ("calls", "said"):
        assert len(data.inputs[name]) == 3
        assert sum((p.row_status() == PRESENT) for p in data.inputs[name]).tolist() == COUNTS
    joined = [None if row["said"] is None else " ".join(row["said"]) for row in made]  # type: ignore[call-overload]
    assert list(data.texts["said"]) == joined
    assert np.isfinite(numbers_of(predictor, table)).all()


def test_columns_of_lists_may_be_joined(tmp_path: Path) -> None:
    made = [row | {"more": row["photos"]} for row in rows(tmp_path)]
    table = load_table(made, folder=tmp_path)
    both = asked("image", ["photos", "more"]) | {"encoder": "conv", "group": "joined"}
    predictor = untrained(plan_of({"rooms": both, "age": asked("number")}, "classify"), table)
    model: Model = predictor.member.model  # type: ignore[attr-defined]
    assert model.joins["c_rooms"].missing.shape == (6, 8)
    assert np.isfinite(numbers_of(predictor, table)).all()


def test_a_learner_trains_saves_answers_one_row_of_json_and_shows_lists(tmp_path: Path) -> None:
    made = rows(tmp_path, counts=COUNTS * 3)
    raw = {
        "inputs": {"photos": {"size": 8, "encoder": "conv", "augment": []}},
        "dim": 8,
        "train": toy.QUICK | {"epochs": 1},
    }
    table = load_table(toy.given(made), folder=tmp_path)
    learner = sensorium.Learner(target="y", plan=raw, effort="fast").fit(table)
    learner.save(tmp_path / "bundle")
    golden = (tmp_path / "bundle" / "golden.jsonl").read_text().splitlines()
    assert json.loads(golden[0])["row"]["photos"] == ["golden/0-0-0", "golden/0-0-1"]
    loaded = sensorium.load(tmp_path / "bundle", verify=True)
    one = load_table(json.loads('[{"photos": ["3-0.png", "3-1.png"], "age": 3.0}]'), folder=tmp_path)
    assert loaded.predict(one).tolist() == learner.predict(one).tolist()
    many = load_table([{"photos": [f"3-{k % 3}.png" for k in range(6)]}], folder=tmp_path)
    html = str(cell_html(many, plan().inputs["photos"], "photos", 0, 100_000))
    assert html.count("<img") == 4
    assert "and 2 more" in html


def test_inspect_counts_cells_and_tells_how_many_they_hold(tmp_path: Path) -> None:
    made = rows(tmp_path)
    made[3]["photos"] = ["3-0.png", "lost.png"]
    (found, *_) = inspect(load_table(made, folder=tmp_path), "y").columns
    assert (found.guess.modality, found.missing, found.corrupt) == ("image", 1, 1)
    assert list(found.reasons) == ["number 2 of 2: 'lost.png': no such file"]
    assert found.facts["in a cell"]["max"] == 3
    assert found.facts["width"]["max"] == 8


def test_missing_photos_are_no_shared_medium(tmp_path: Path) -> None:
    table = load_table(rows(tmp_path, counts=[1] * 10 + [2] * 2), folder=tmp_path)
    chosen = plan(several=2)
    batches = Batches(chosen, prepare(chosen, fitted(table, chosen), table))
    assert batches.media() is None
    assert batches.distinct() == 12


def test_a_predictor_reads_a_table_without_the_column(tmp_path: Path) -> None:
    table = load_table(rows(tmp_path), folder=tmp_path)
    predictor: Predictor = untrained(plan(), table)
    data = prepare(plan(), predictor.facts, table_of({"age": [1.0, 2.0]}), answering=True)
    assert [p.row_status().tolist() for p in data.inputs["photos"]] == [[MISSING] * 2] * 3
