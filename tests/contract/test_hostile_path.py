"""Hostile cells of a seeded mutator through the whole path, over every modality: the benchmark, small."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from benchmarks import hostile as siege
from benchmarks._mutator import Hostile, hostile

from sensorium.modalities import modalities
from sensorium.predict import Predictor
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell
from tiny import asked, plan_of, table_of, untrained

NAMES = modalities.names()
CELLS = 80


def predictor(name: str, rng: np.random.Generator) -> Predictor:
    kinds = {"it": name, "figure": "number", "kind": "category"}
    columns = siege.columns_of(name, rng, 24)
    return untrained(plan_of({c: asked(k) for c, k in kinds.items()}, "classify"), table_of(columns))


def broken_cells(name: str, seed: int, count: int) -> list[Hostile]:
    rng = np.random.default_rng(seed)
    media = [c for n in NAMES for c in modalities.get(n).fake(rng, 2) if isinstance(c, bytes)]
    return hostile(rng, modalities.get(name).fake(rng, 10), media, count)


@pytest.mark.parametrize("name", NAMES)
def test_no_hostile_cell_crashes_shifts_a_row_goes_untold_or_changes_another(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENSORIUM_STORE_GB", "0")
    rng, out = np.random.default_rng(3), siege.Outcome()
    made = predictor(name, rng)
    broken = broken_cells(name, 4, CELLS)
    broken[:8] = siege.traps(tmp_path) if modalities.get(name).media else broken[:8]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for start in range(0, CELLS, 40):
            siege.attack(made, name, rng, broken[start : start + 40], tmp_path, out)
    assert out.faults == []
    assert out.statuses.total() == out.clean == CELLS
    assert out.statuses["corrupt"] > 0


def told(cell: Cell) -> str:
    """A cell as text that two equal ones share; arrays with all their numbers."""
    return (
        f"{type(cell).__name__} {bytes(cell)!r}" if isinstance(cell, np.ndarray | memoryview) else repr(cell)
    )


def test_equal_seeds_break_equal_cells_and_other_seeds_others() -> None:
    for name in NAMES:
        one, two, three = (broken_cells(name, seed, 60) for seed in (1, 1, 2))
        assert [(h.how, told(h.cell)) for h in one if "wrong" not in h.how and "bent" not in h.how] == [
            (h.how, told(h.cell)) for h in two if "wrong" not in h.how and "bent" not in h.how
        ]
        assert [h.how for h in one] == [h.how for h in two]
        assert [h.how for h in one] != [h.how for h in three]


def test_media_are_cut_flipped_spliced_and_bombed() -> None:
    media = next(name for name in NAMES if modalities.get(name).media)
    hows = {h.how.partition(":")[0] for h in broken_cells(media, 0, 400)}
    assert hows >= {
        "cut off", "bits flipped", "bits flipped in the header", "spliced with another medium", "no bytes",
        "rubbish after the end", "extreme sizes in the header", "a bomb", "random bytes", "a wrong type",
        "hostile words", "another column's medium", "first bytes only", "nothing",
    }  # fmt: skip


ONE = Hostile(b"", "", broken=True)
FINE = {"one": ONE, "status": CORRUPT, "reason": "the file is empty", "told": "it (corrupt)", "media": True}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"reason": None}, ["no reason, or a bad one: None"]),
        ({"reason": "two\nlines"}, ["no reason, or a bad one: 'two\\nlines'"]),
        ({"told": ""}, ["corrupt, but the answer says ''"]),
        ({"told": "it"}, ["corrupt, but the answer says 'it'"]),
        ({"status": PRESENT, "told": ""}, ["a medium that nobody can read is present"]),
        ({"status": PRESENT, "told": "", "media": False}, []),
        ({"status": MISSING, "told": "figure;it"}, []),
        ({"one": Hostile(None, "", empty=True)}, ["an empty cell counts as corrupt"]),
    ],
)
def test_what_must_not_be_is_found(change: dict[str, object], found: list[str]) -> None:
    given = FINE | change
    assert siege.wrongs(*given.values()) == found  # type: ignore[arg-type]


def test_paths_of_traps_lead_where_they_say(tmp_path: Path) -> None:
    names = {str(one.cell) for one in siege.traps(tmp_path)}
    assert {path.name for path in tmp_path.iterdir()} == names - {"none.png", "../x.png"}
    assert os.path.getsize(tmp_path / "vast.bin") == 10**12
    assert [one.cell for one in siege.traps(tmp_path)] == [one.cell for one in siege.traps(tmp_path)]
