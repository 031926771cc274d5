"""Dates, tags, vectors and lists of texts beside a number: a whole run with all members, and its bundle."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sensorium
import toy
from sensorium.infer import infer
from sensorium.load_table import load_table
from sensorium.table.packed import Cell

RUNGS = [
    "linear",
    "trees",
    "dates alone",
    "genres alone (linear)",
    "vector alone (trees)",
    "fusion",
    "ensemble",
]


def rows(count: int = 90) -> list[dict[str, Cell]]:
    """Rows whose label shows in the weekday, in a tag, in a number of the vector and in a word."""
    rng = np.random.default_rng(0)
    made: list[dict[str, Cell]] = []
    for number in range(count):
        label = number % 2
        day = datetime(2020, 1, 6) + timedelta(days=7 * int(rng.integers(0, 90)) + 3 * label)
        vector = rng.normal(size=12) + 2.0 * label * (np.arange(12) == 4)
        tags = [t for t in ("war", "love", "music", "crime") if rng.random() < 0.4]
        words = [" ".join(rng.permutation(["one", "old", "house", "by", "the", "sea"])) for _ in range(2)]
        made.append(
            {
                "seen": day if number % 7 else None,
                "genres": [*tags, "sad"] if label else tags,
                "vector": vector.tolist() if number % 5 else None,
                "said": [*words, "what a dark day it was"] if label else words,
                "age": float(rng.normal()),
                "label": "xy"[label],
            }
        )
    return toy.given(made)


def raw(**train: Any) -> dict[str, Any]:
    return {
        "inputs": {"said": {"modality": "text", "longest": 12, "encoder": "bag", "augment": "token_drop"},
                   "numbers": {"augment": ["noise", "value_dropout"]}, "genres": {"augment": "token_mask"}},
        "dim": 8, "train": toy.QUICK | train,
    }  # fmt: skip


@pytest.fixture(scope="module")
def learner() -> sensorium.Learner:
    return sensorium.Learner(target="label", plan=raw(rungs=RUNGS, epochs=3)).fit(rows())


def test_every_column_is_found_and_read() -> None:
    plan = infer(load_table(rows()), "label", user=raw()).plan
    kinds = {name: (one.modality.name, one.encoder.name) for name, one in plan.inputs.items()}
    assert kinds == {
        "said": ("text", "bag"), "genres": ("tags", "bag"), "vector": ("embedding", "grouped"),
        "dates": ("date", "linear"), "numbers": ("number", "linear"),
    }  # fmt: skip
    assert [a.name for a in plan.inputs["numbers"].augment] == ["noise", "value_dropout"]


def test_all_members_learn_from_them(learner: sensorium.Learner) -> None:
    report = learner.report.to_dict()["targets"]["label"]["candidates"]  # type: ignore[index, call-overload]
    assert set(report) == {"prior", *RUNGS}
    for name in ("linear", "trees", "genres alone (linear)", "ensemble"):
        assert report[name]["accuracy"]["value"] >= 0.7, name


@pytest.mark.filterwarnings("ignore::sensorium.predict.CorruptCells")
def test_a_bundle_answers_rows_with_any_of_them(learner: sensorium.Learner, tmp_path: Path) -> None:
    learner.save(tmp_path / "bundle")
    loaded = sensorium.load(tmp_path / "bundle", verify=True)
    asked: list[dict[str, Cell]] = [
        {"seen": "2021-06-03", "genres": "[]", "vector": [0.0] * 12, "said": "a dark day", "age": 1.0},
        {"seen": None, "genres": ["new", "sad"], "vector": [0.0] * 3, "said": None, "age": None},
        {"seen": "31.02.2020", "genres": None, "vector": None, "said": ["a", "b"], "age": 2.0},
    ]
    told = loaded.answers(asked)
    assert [one["label.missing"] for one in told] == [
        "", "said;age;vector (corrupt);seen", "genres;vector;seen (corrupt)"
    ]  # fmt: skip
    assert [one["label"] for one in told] == learner.predict(asked).tolist()
    alone = [loaded.answers([row])[0] for row in asked]
    for one, other in zip(told, alone, strict=True):
        assert one["label.p.x"] == pytest.approx(other["label.p.x"], abs=1e-5)
