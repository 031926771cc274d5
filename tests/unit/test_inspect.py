"""What inspecting a table finds, counts and says."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import soundfile
from PIL import Image

from sensorium.errors import DataError, PlanError
from sensorium.inspect_columns import ColumnReport
from sensorium.inspect_show import facts_in_words
from sensorium.inspect_table import Inspection, inspect
from sensorium.media.facts import number_facts, spread, value_facts
from sensorium.table.packed import Cell
from sensorium.table.table import Table

ROWS = 40


@pytest.fixture
def media(tmp_path: Path) -> Table:
    rng = np.random.default_rng(0)
    for i in range(ROWS):
        size = (8, 12) if i % 2 else (16, 10)
        Image.fromarray(rng.integers(0, 255, (*size, 3), np.uint8)).save(tmp_path / f"p{i}.png")
        soundfile.write(tmp_path / f"s{i}.wav", rng.normal(0, 0.1, 800 * (1 + i % 3)), 8000)
    (tmp_path / "p3.png").write_bytes(b"no picture at all")
    (tmp_path / "p39.png").write_bytes((tmp_path / "p0.png").read_bytes())
    photos: list[Cell] = [f"p{i}.png" for i in range(ROWS)]
    photos[7] = None
    cells: list[tuple[str, list[Cell]]] = [
        ("photo", photos),
        ("voice", [f"s{i}.wav" for i in range(ROWS)]),
        ("label", ["a", "b"] * (ROWS // 2)),
        ("split", ["train"] * 30 + ["test"] * 10),
    ]
    return Table.of(cells, "media.csv", folder=tmp_path, roots=(tmp_path,))


def report(found: Inspection, name: str) -> ColumnReport:
    return next(c for c in found.columns if c.guess.column == name)


def test_media_are_counted_and_measured_from_their_headers(media: Table) -> None:
    found = inspect(media, "label")
    photo, voice = report(found, "photo"), report(found, "voice")
    assert (photo.present, photo.missing, photo.corrupt, photo.looked_at) == (38, 1, 1, 40)
    assert list(photo.reasons.values()) == [1]
    assert list(photo.first_rows.values()) == ["row 4"]
    assert (photo.facts["width"]["min"], photo.facts["width"]["max"]) == (10, 12)
    assert (photo.facts["height"]["min"], photo.facts["height"]["max"]) == (8, 16)
    assert photo.facts["formats"] == {"PNG": 38}
    assert (voice.facts["seconds"]["min"], voice.facts["seconds"]["max"]) == (0.1, 0.3)
    assert voice.facts["rates"] == {"8000": 40}
    assert voice.facts["channels"] == {"1": 40}


def test_the_same_medium_in_train_and_test_is_told(media: Table) -> None:
    found = inspect(media, "label")
    assert found.splits == {"train": 30, "test": 10}
    assert [(leak.kind, leak.column, leak.count) for leak in found.leaks] == [("medium", "photo", 1)]
    assert found.warnings[0].startswith("1 test rows (10.0 %) have the same 'photo' as train rows")


def test_numbers_values_and_texts_are_measured() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, 100).tolist()
    x[:3] = [None, np.inf, -np.inf]
    cells: list[tuple[str, list[Cell]]] = [
        ("x", x),
        ("color", ["red"] * 60 + ["blue"] * 30 + ["green"] * 10),
        ("note", [" ".join(rng.choice(["ab", "cd", "ef", "gh"], 4)) for _ in range(100)]),
        ("y", rng.normal(5, 1, 100).tolist()),
    ]
    found = inspect(Table.of(cells, "t"), "y")
    number = report(found, "x")
    assert (number.missing, number.corrupt) == (1, 2)
    assert number.facts["infinite"] == 2
    real = np.array(x[3:], float)
    assert number.facts["mean"] == pytest.approx(real.mean(), rel=1e-5)
    assert number.facts["quantiles"]["25%"] == pytest.approx(np.quantile(real, 0.25), rel=1e-5)
    assert report(found, "color").facts == {
        "top": {"red": 60, "blue": 30, "green": 10},
        "rarest": {"green": 10, "blue": 30, "red": 60},
        "different": 3,
        "once": 0,
    }
    note = report(found, "note").facts
    assert (note["characters"]["min"], note["characters"]["max"]) == (11, 11)
    assert note["words"]["mean"] == 4
    assert report(found, "y").facts["min"] == pytest.approx(min(cells[3][1]), rel=1e-5)  # type: ignore[type-var]


def test_nan_is_missing_and_counted() -> None:
    cells = [("x", pa.chunked_array([[1.5, float("nan"), None, 2.5]])), ("y", ["a", "b", "a", "b"])]
    column = report(inspect(Table.of(cells, "t"), "y"), "x")
    assert (column.missing, column.nan) == (2, 1)


def test_everything_odd_is_said() -> None:
    n = 200
    cells: list[tuple[str, list[Cell]]] = [
        ("id", list(range(n))),
        ("same", ["x"] * n),
        ("rare", [1.5 if i < 4 else None for i in range(n)][::-1]),
        ("twice", [float(i % 40) + 0.5 for i in range(n)]),
        ("label", ["no"] * 195 + ["yes"] * 3 + [None, None]),
    ]
    cells[2][1][-1] = 2.5
    said = inspect(Table.of(cells, "t"), "label").warnings
    assert said == (
        "what is missing predicts 'label': rows without 'rare' (196 of 198) are 'yes' in 0.5% of cases, "
        "others in 100.0% (permutation test, p = 0.001); a model may learn who was not measured instead of "
        "what was: it errs where cells go missing for other reasons.",
        "target 'label': 2 rows have none and train nothing.",
        "target 'label': 98.5% of the rows are 'no'; accuracy says little, read balanced accuracy or F1, and "
        "consider class_weights: balanced.",
        "target 'label': some labels have fewer than 10 rows (the rarest: 'yes' 3).",
        "column 'id' is dropped: it only names the rows: the whole numbers from 0 to 199, each once.",
        "column 'same' is dropped: every cell is the same.",
        "column 'rare': 98.0% of its cells are missing.",
        "156 rows have the inputs of an earlier row: a random split may put twins on both sides; remove "
        "them, or split by group.",  # 40 values, and the last 4 rows that have "rare" too
    )


def test_one_label_and_no_label_do_not_hide_the_rest() -> None:
    cells: list[tuple[str, list[Cell]]] = [("x", [1.5, 2.5, 3.5] * 10), ("y", ["a"] * 30), ("z", [None] * 30)]
    found = inspect(Table.of(cells, "t"), "y")
    assert "target 'y': there is only one label, 'a'; nothing can be learned." in found.warnings
    empty = inspect(Table.of(cells, "t"), "z")
    assert empty.warnings[0].startswith("target 'z': no task fits its cells")
    assert [c.guess.column for c in empty.columns] == ["x", "y", "z"]
    assert report(empty, "x").guess.modality is not None


def test_wrong_names_are_errors() -> None:
    one = Table.of([("x", [1, 2]), ("y", ["a", "b"])], "t")
    with pytest.raises(PlanError) as target:
        inspect(one, "z")
    assert str(target.value) == "target: no column of the table is named 'z'. Known: x, y."
    with pytest.raises(DataError) as split:
        inspect(one, "y", split="z")
    assert str(split.value) == "t: no column is named 'z'. Columns: 'x', 'y'."


def test_the_report_is_json_and_text_of_a_hundred_columns(media: Table) -> None:
    found = inspect(media, "label")
    again = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert again["rows"] == ROWS
    assert [c["column"] for c in again["columns"]] == ["photo", "voice", "label", "split"]
    text = str(found)
    assert max(map(len, text.splitlines())) <= 100
    assert text.startswith("media.csv: 40 rows, 4 columns\nsplit: train 30, test 10\n")
    assert ["voice", "input", "audio", "0", "0", "40"] in [line.split() for line in text.splitlines()]
    assert "8 to 16, median" in text
    assert text.isascii()


def test_inspecting_without_a_target_takes_every_column_as_an_input(media: Table) -> None:
    found = inspect(media)
    assert report(found, "label").guess.role == "input"


def test_facts_of_nothing_are_empty_and_quantiles_are_exact() -> None:
    assert number_facts([]) == {}
    assert value_facts([None]) == {"top": {}, "rarest": {}, "different": 0, "once": 0}
    assert spread([1, 2, 3])["quantiles"]["50%"] == 2
    assert number_facts(["3 kg", "5 kg"])["unit"] == "kg"


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (
            [10**15 + 7 * i for i in range(31)],
            "1,000,000,000,000,000 to 1,000,000,000,000,210, median 1,000,000,000,000,105, mean "
            "1,000,000,000,000,105",
        ),
        ([1000.25, 1000.375, 1000.5], "1,000.2 to 1,000.5, median 1,000.4, mean 1,000.4"),
        ([0.123456, 0.123457], "0.123456 to 0.123457, median 0.123456, mean 0.123456"),
        ([10**15 + 1] * 3, "1e+15, mean 1e+15"),
        ([1, 2, 3, 6], "1 to 6, median 2.5, mean 3"),
        ([1e300, -1e300, 0.0], "-1e+150 to 1e+150, median 0, mean 0"),
    ],
)
def test_a_range_shows_as_many_digits_as_tell_its_ends_apart(cells: list[Cell], told: str) -> None:
    assert facts_in_words(number_facts(cells)) == [told]
    edges = np.array(number_facts(cells)["histogram"][0])
    assert (np.diff(edges) > 0).all()


def test_how_numbers_are_read_is_told_of_inputs_and_targets() -> None:
    cells = {
        "a": ["7.1k", "3.4M", "1.2B", *(f"{n}.5k" for n in range(37))],
        "y": ["7.1k", "3.5M"] + ["9", "8.5"] * 19,
    }
    told = " ".join(str(inspect(Table.of(list(cells.items()), "t"), "y")).split())
    behind = "note: behind its numbers k is read as thousand, M as million"
    assert f"{behind}, B as milliard (1e9)" in told
    assert f"{behind}; such as" in told
