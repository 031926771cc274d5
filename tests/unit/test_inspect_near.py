"""Cells that are nearly the same: counted, grouped, told across parts, and kept together."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sensorium import inspect_looks
from sensorium.infer_columns import ColumnGuess
from sensorium.inspect_looks import compared
from sensorium.inspect_near import NearColumn, near_column
from sensorium.load_table import load_table
from sensorium.splitting_ties import ties_of
from sensorium.table.table import Table

PHOTO = ColumnGuess("photo", "input", "image")
PARTS = {"train": np.arange(6), "test": np.arange(6, 10)}


def scene(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8)).resize(
        (100, 100), Image.Resampling.BICUBIC
    )


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def photos() -> list[object]:
    """Ten cells: 7 is a smaller copy of 1, 8 of 3 by its bytes, 9 the same as 2; 5 is missing, 4 broken."""
    cells: list[object] = [png(scene(seed)) for seed in range(10)]
    cells[4], cells[5] = b"no picture", None
    cells[7] = png(scene(1).resize((50, 50)))
    cells[8] = cells[3][:-8] + cells[3][-8:] + b"trailing"  # type: ignore[index,operator]
    cells[9] = cells[2]
    return cells


@pytest.fixture
def table() -> Table:
    return load_table({"photo": photos(), "age": list(range(10)), "text": [f"word {n}" for n in range(10)]})


@pytest.fixture
def found(table: Table) -> NearColumn:
    return near_column(table, PHOTO, PARTS, 0)


def test_copies_are_grouped_and_counted(found: NearColumn) -> None:
    assert (found.asked, found.compared) == (8, 7)  # of 9 present cells two are equal; one cannot be read
    assert (found.groups, found.rows, found.largest) == (2, 4, 2)
    assert found.skipped is None
    assert found.complete
    assert {(pair.first, pair.second) for pair in found.examples} == {(1, 7), (3, 8)}
    assert next(pair.bits for pair in found.examples if pair.first == 3) == 0


def test_what_parts_share_is_told_but_equal_cells_are_told_elsewhere(found: NearColumn, table: Table) -> None:
    (leak,) = found.leaks
    assert (leak.first, leak.second, leak.count, leak.share) == ("train", "test", 2, 0.5)
    assert [(pair.first, pair.second) for pair in leak.examples] == [(3, 8), (1, 7)]
    assert found.warnings(table) == [
        "2 test rows (50.0 %) have nearly the same 'photo' as train rows, for example row 9 and row 4 "
        "(0 of 256 bits differ)."
    ]
    told = found.to_dict(table)
    assert told["leaks"][0]["examples"][0] == {"rows": ["row 4", "row 9"], "bits": 0}  # type: ignore[index,call-overload]


def test_without_parts_a_random_split_is_warned_of(table: Table) -> None:
    found = near_column(table, PHOTO, {}, 0)
    assert found.leaks == ()
    assert found.warnings(table) == [
        "4 rows have nearly the same 'photo' as another row, such as row 4 and row 9: a random split may "
        "part them; sensorium split --together near does not."
    ]


def test_columns_without_fingerprints_and_texts_that_repeat_are_not_compared(table: Table) -> None:
    assert (
        compared(ColumnGuess("age", "input", "number"), table)
        == "cells of the kind number have no fingerprint"
    )
    assert compared(ColumnGuess("age", "dropped", "number"), table) == "no input reads it"
    texts = load_table({"t": ["a b c", "d e f", "a b c"] * 5})
    assert compared(ColumnGuess("t", "input", "text"), texts) == (
        "its cells repeat (2 different ones in 15 rows): they are values, no copies"
    )
    assert compared(ColumnGuess("text", "input", "text"), table) is None
    assert near_column(table, ColumnGuess("age", "input", "number"), PARTS, 0).compared == 0


def test_of_many_cells_a_sample_is_compared(table: Table) -> None:
    found = near_column(table, PHOTO, PARTS, 0, most_cells=5)
    assert found.sampled
    assert found.asked == 8
    assert found.compared <= 5


def test_rows_that_belong_together_are_linked_through_any_column(table: Table) -> None:
    age = ColumnGuess("age", "input", "number")
    groups = ties_of(table, [PHOTO, age], "near", by=None, seed=0, notes=[])
    assert groups is not None
    same = [(a, b) for a in range(10) for b in range(a) if groups[a] == groups[b]]
    assert sorted(same) == [(7, 1), (8, 3), (9, 2)]
    rows = load_table({"age": [1, 2, 1, None, None]})
    alike = ties_of(rows, [age], "near", by=None, seed=0, notes=[])
    assert alike is not None
    assert alike[0] == alike[2]
    assert len(np.unique(alike)) == 4  # rows without a cell stand alone
    assert ties_of(rows, [], "near", by=None, seed=0, notes=[]) is None


def test_media_in_files_and_several_in_a_cell_are_compared(tmp_path: Path) -> None:
    for number, cell in enumerate(photos()):
        if isinstance(cell, bytes):
            (tmp_path / f"{number}.png").write_bytes(cell)
    cells = [None if n == 5 else [f"{n}.png", "0.png"] for n in range(10)]
    table = load_table({"photo": cells, "n": list(range(10))}, folder=tmp_path)
    found = near_column(table, PHOTO, {}, 0)
    assert (found.groups, found.rows) == (3, 6)  # each by its first picture; 2 and 9 are two files here
    plain = load_table({"photo": [f"{n}.png" for n in range(10)]}, folder=tmp_path)
    assert near_column(plain, PHOTO, {}, 0).groups == 3


def test_the_same_seed_finds_the_same(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect_looks, "_CHUNK", 3)
    assert near_column(table, PHOTO, PARTS, 0) == near_column(table, PHOTO, PARTS, 0)
