"""Signals through a whole run: rows of an archive beside a number, missing and broken ones, the bundle."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sensorium
from sensorium.load_table import load_table
from sensorium.predict import CorruptCells

ROWS = 90
QUICK = {"epochs": 3, "batch_rows": 16, "precision": "float32", "folds": 2, "optimizer": {"rate": 0.01}}


def table(folder: Path) -> list[dict[str, Any]]:
    """Signals of which the frequency tells the label; some miss, and one names a row that is not there."""
    rng = np.random.default_rng(0)
    labels = np.arange(ROWS) % 2
    phase, place = rng.uniform(0, 6, (ROWS, 1, 2)), np.arange(30)[None, :, None]
    waves = np.sin((0.3 + 0.5 * labels)[:, None, None] * place + phase) + rng.normal(0, 0.2, (ROWS, 30, 2))
    waves[::7, 5:9, 1] = np.nan
    np.savez_compressed(folder / "waves.npz", both=waves)
    rows: list[dict[str, Any]] = [
        {"wave": f"waves.npz#both[{n}]", "age": float(rng.normal()), "label": "xy"[labels[n]]}
        for n in range(ROWS)
    ]
    for n in range(4, ROWS, 11):
        rows[n]["wave"] = None
    rows[1]["wave"] = "waves.npz#both[99]"
    parts = ["train"] * 6 + ["val"] * 2 + ["test"] * 2
    return [row | {"split": parts[n % 10]} for n, row in enumerate(rows)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("signals")


@pytest.fixture(scope="module")
def learner(folder: Path) -> sensorium.Learner:
    plan = {"dim": 16, "train": QUICK, "inputs": {"wave": {"encoder": {"name": "tcn", "width": 8}}}}
    return sensorium.Learner("label", plan=plan, roots=[folder]).fit(table(folder))


def test_a_column_that_names_rows_of_an_archive_is_learned(learner: sensorium.Learner) -> None:
    assert learner.run is not None
    assert learner.run.plan.inputs["wave"].modality.name == "sensor"
    assert learner.run.corrupt == [("wave", 1, "row 99 is not there: the array has 90 rows, counted from 0")]
    scores = {name: one.score for name, one in learner.run.done.candidates.items()}
    for rung in ("linear", "trees", "wave alone (linear)", "wave alone (trees)", "wave alone", "features"):
        assert rung in scores, learner.run.done.skipped
    assert max(scores["wave alone (linear)"], scores["wave alone (trees)"]) > scores["prior"] + 0.2


def test_rows_without_a_signal_are_answered_and_told(learner: sensorium.Learner, folder: Path) -> None:
    rows = table(folder)
    with pytest.warns(CorruptCells):
        answers = learner.answers(rows)
    assert [a["label.missing"] for a in answers[:5]] == ["", "wave (corrupt)", "", "", "wave"]
    assert {a["label"] for a in answers} == {"x", "y"}
    bare = [row | {"wave": None} for row in rows[:6]]
    assert len(learner.answers(bare)) == 6


def test_a_signal_may_be_given_in_any_form(learner: sensorium.Learner, folder: Path) -> None:
    wave = np.load(folder / "waves.npz")["both"][2]
    forms = ["waves.npz#both[2]", wave, wave.tolist(), str(np.where(np.isnan(wave), 0, wave).tolist())]
    shares = [learner.answers([{"wave": form, "age": 0.5}])[0]["label.p.x"] for form in forms]
    np.testing.assert_allclose(shares, shares[0], atol=1e-5)


def test_the_bundle_answers_the_same_without_the_archive(
    learner: sensorium.Learner, folder: Path, tmp_path: Path
) -> None:
    learner.save(tmp_path / "bundle")
    loaded = sensorium.load(tmp_path / "bundle", roots=[folder])
    rows = load_table(table(folder)[2:], roots=(folder,))
    np.testing.assert_array_equal(loaded.predict(rows), learner.predict(rows))
