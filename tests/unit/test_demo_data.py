"""The built-in table: small, split by scan and voice, and broken exactly where it says."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image, UnidentifiedImageError

from sensorium.demo import table

FOLDER = table().parent


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with table().open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def picture_fault(path: Path) -> str | None:
    if not path.exists():
        return "gone"
    try:
        with Image.open(path) as picture:
            picture.load()
    except UnidentifiedImageError:
        return "not a picture"
    except OSError:
        return "cut"
    return None


def sound_fault(path: Path) -> str | None:
    if not path.exists():
        return "gone"
    if path.stat().st_size == 0:
        return "empty"
    wave, rate = soundfile.read(path)
    return None if rate == 8000 and wave.ndim == 1 and 0 < len(wave) <= 0.55 * 8000 else "unexpected"


def test_the_whole_folder_is_at_most_three_megabytes() -> None:
    assert sum(p.stat().st_size for p in FOLDER.rglob("*") if p.is_file()) <= 3_000_000


def test_the_splits_have_the_promised_rows_and_every_digit(rows: list[dict[str, str]]) -> None:
    assert Counter(r["split"] for r in rows) == {"train": 1000, "val": 200, "test": 300}
    for split in ("train", "val", "test"):
        assert {r["digit"] for r in rows if r["split"] == split} == set("0123456789")


def test_no_scan_and_no_voice_is_in_two_splits(rows: list[dict[str, str]]) -> None:
    for column, length in (("seen", None), ("heard", -9)):
        origins: dict[str, set[str]] = {}
        for row in rows:
            if row[column]:
                origins.setdefault(Path(row[column]).name[:length], set()).add(row["split"])
        assert len(origins) >= 30
        assert all(len(splits) == 1 for splits in origins.values())


def test_no_scan_is_used_twice(rows: list[dict[str, str]]) -> None:
    scans = [r["seen"] for r in rows if r["seen"]]
    assert len(scans) == len(set(scans))


def test_a_tenth_of_every_input_is_missing_but_never_all_of_a_row(rows: list[dict[str, str]]) -> None:
    for column in ("seen", "heard", "read", "ink", "tray"):
        assert 0.07 < np.mean([not r[column] for r in rows]) < 0.13
    assert all(r["seen"] or r["heard"] or r["read"] for r in rows)


def test_exactly_the_promised_cells_are_broken(rows: list[dict[str, str]]) -> None:
    pictures = [picture_fault(FOLDER / r["seen"]) for r in rows if r["seen"]]
    sounds = [sound_fault(FOLDER / r["heard"]) for r in rows if r["heard"]]
    assert Counter(f for f in pictures if f) == {"cut": 5, "not a picture": 3}
    assert Counter(f for f in sounds if f) == {"empty": 5, "gone": 2}


def test_every_media_file_belongs_to_a_row(rows: list[dict[str, str]]) -> None:
    named = {r[c] for r in rows for c in ("seen", "heard")}
    lying = {str(p.relative_to(FOLDER)) for f in ("seen", "heard") for p in (FOLDER / f).iterdir()}
    assert lying <= named


def test_file_names_do_not_tell_the_digit(rows: list[dict[str, str]]) -> None:
    for column, place in (("seen", slice(-5, -4)), ("heard", slice(-5, -4))):
        told = [Path(r[column]).name[place] == r["digit"] for r in rows if r[column]]
        assert np.mean(told) < 0.13
