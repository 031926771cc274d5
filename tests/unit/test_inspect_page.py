"""The page of an inspection: whole, safe, self-contained, and saying what was found."""

import re
from pathlib import Path

import numpy as np
import pytest

from report_parts import HOSTILE, Reader, media_cells, picture, read
from sensorium.inspect_deep import Deep, inspect_deeply
from sensorium.inspect_held_out import HeldOut
from sensorium.load_table import load_table
from sensorium.media.facts import spread
from sensorium.report.inspect_page import inspection_page
from sensorium.table.table import Table

ROWS = 24


def rows() -> Table:
    cells = media_cells()
    cells["photo"][20] = picture(seed=1)
    labels = ["ash", "birch"] * (ROWS // 2)
    split = ["train"] * 16 + ["val"] * 4 + ["test"] * 4
    return load_table({**cells, "kind": labels, "split": split})


def judged() -> HeldOut:
    """What somebody says of the labels: the first six rows are wrong."""
    given = np.arange(ROWS) % 2
    said = np.where(np.arange(ROWS) < 2, 1 - given, given)
    shares = np.full((ROWS, 2), 0.01)
    shares[np.arange(ROWS), said] = 0.99
    return HeldOut(np.arange(ROWS), given, ("ash", "birch"), {"run": shares}, "a run's answers")


@pytest.fixture(scope="module")
def found() -> Deep:
    return inspect_deeply(rows(), "kind", judged=judged())


@pytest.fixture
def whole(found: Deep, tmp_path: Path) -> tuple[str, Reader]:
    inspection_page(tmp_path / "page.html", found)
    return read(tmp_path / "page.html")


def test_every_section_is_there_and_linked(whole: tuple[str, Reader]) -> None:
    _, reader = whole
    names = ["look", "columns", "missing", "parts", "near", "labels"]
    assert reader.ids == names
    assert [a for a in reader.addresses if a.startswith("#")] == [f"#{name}" for name in names]


def test_nothing_comes_from_elsewhere_and_no_drawing_holds_what_is_no_number(
    whole: tuple[str, Reader],
) -> None:
    page, reader = whole
    assert {"script", "link"} & set(reader.tags) == set()
    assert all(a.startswith(("#", "data:image/", "data:audio/wav;")) for a in reader.addresses)
    assert "default-src &#x27;none&#x27;" in page
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        assert not re.search(r"\b(nan|inf|None)\b", drawing, re.IGNORECASE)


def test_cells_distributions_and_reasons_are_shown(whole: tuple[str, Reader]) -> None:
    page, reader = whole
    kinds = {a.partition(",")[0] for a in reader.addresses if a.startswith("data:")}
    assert kinds == {"data:image/png;base64", "data:audio/wav;base64"}
    assert 'aria-label="histogram of age"' in page
    assert 'aria-label="common values of kind"' in page
    assert any(text.startswith("row 1: not a sound") for text in reader.texts)
    assert len(page) < 3_000_000


def test_missing_cells_and_parts_are_counted(whole: tuple[str, Reader]) -> None:
    page, reader = whole
    assert 'aria-label="missing cells by column and row"' in page
    assert "photo, rows 1 to 1: 100.0 % missing" in reader.texts
    assert "8 (50.0 %)" in reader.texts  # ash in train
    text = " ".join(reader.texts)
    assert "Columns with missing cells, from the table's first row to its last; 5 columns lack none." in text


def test_near_cells_stand_side_by_side_and_suspects_with_their_cells(whole: tuple[str, Reader]) -> None:
    _, reader = whole
    text = " ".join(reader.texts)
    assert (
        "1 test rows (25.0 %) have nearly the same 'photo' as train rows" not in text
    )  # equal, told by leaks
    assert "2 of 24 labels are suspected (8.3 %), by a run's answers." in text
    assert "given  ash , suggested  birch" in text


def test_text_and_json_tell_the_same(found: Deep) -> None:
    told = found.to_dict()
    assert told["label_errors"]["number"] == 2  # type: ignore[index,call-overload]
    assert [one["column"] for one in told["near"]] == ["photo", "said"]  # type: ignore[union-attr,index,call-overload]
    text = str(found)
    assert "label errors: 2 of 24 labels suspected (a run's answers)\n  row 1: given 'ash' (0.01), " in text
    assert "nearly the same (cells, groups of different ones, rows in them):\n  photo: 15 cells" in text
    assert set(found.warnings) >= set(found.plain.warnings)


def test_hostile_names_and_cells_are_shown_as_text(tmp_path: Path) -> None:
    hostile = HOSTILE.replace("\ud800", "").replace("\x00", "")
    table = load_table({hostile: [f"{hostile} {n} words of it" for n in range(30)], "y": [hostile, "b"] * 15})
    given = np.arange(30) % 2
    shares = np.eye(2)[1 - given] * 0.98 + 0.01
    inspection_page(
        tmp_path / "page.html",
        inspect_deeply(
            table, "y", judged=HeldOut(np.arange(30), given, (hostile, "b"), {"run": shares}, hostile)
        ),
    )
    page, reader = read(tmp_path / "page.html")
    assert "<script" not in page
    assert any("<script>alert('x')</script>" in text for text in reader.texts)


def test_a_table_without_target_parts_or_media_still_makes_a_page(tmp_path: Path) -> None:
    table = load_table({"x": [1.5, 2.5, 3.5, None] * 5, "c": ["a", "b"] * 10})
    found = inspect_deeply(table)
    inspection_page(tmp_path / "page.html", found)
    _, reader = read(tmp_path / "page.html")
    assert reader.ids == ["look", "columns", "missing", "near"]
    assert (
        "No column has cells that are compared: pictures, sounds and texts have fingerprints." in reader.texts
    )
    assert "nearly the same: no column has cells that are compared" in str(found)


def test_numbers_are_told_by_part(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = load_table({"x": rng.normal(size=60).tolist(), "y": rng.normal(100, 5, 60).round(2).tolist()})
    inspection_page(tmp_path / "page.html", inspect_deeply(table, "y"))
    _, reader = read(tmp_path / "page.html")
    assert {"least", "median", "all rows"} <= set(reader.texts)


def test_histograms_count_every_value() -> None:
    rng = np.random.default_rng(0)
    for values in (
        [3, 4, 4, 9],
        [2.5, 2.5],
        [0] * 999 + [5.5],
        rng.lognormal(0, 2, 500).tolist(),
        [1e18, 1e18],
    ):
        edges, counts = spread(values)["histogram"]
        assert sum(counts) == len(values)
        assert len(edges) == len(counts) + 1
    assert spread([3, 4, 4, 9])["histogram"] == [
        [2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5],
        [1, 2, 0, 0, 0, 0, 1],
    ]
