"""Columns that are signals by what they hold, told apart from vectors and sounds, in every kind of table."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sensorium.fit_facts import fit_facts
from sensorium.infer_columns import guess_modality, sample
from sensorium.load_table import load_table
from sensorium.modalities.embedding import Embedding
from sensorium.modalities.sensor import Sensor
from sensorium.plan_parse import parse
from sensorium.prepare import corrupt_cells, prepare
from sensorium.table.packed import MISSING, Cell


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def kind(cells: list[Any]) -> str | None:
    table = load_table({"x": cells, "other": list(range(len(cells)))})
    return guess_modality(sample(table, "x", 0), table)[0]


def walk(steps: int, seed: int, channels: int = 0) -> np.ndarray:
    return rng(seed).normal(size=(steps, channels) if channels else steps).cumsum(0)


CASES: dict[str, tuple[str, Any]] = {
    "smooth lists": ("sensor", lambda n: walk(60, n).tolist()),
    "lists of different lengths": ("sensor", lambda n: rng(n).normal(size=20 + n).tolist()),
    "few channels": ("sensor", lambda n: rng(n).normal(size=(50, 6))),
    "few channels, nested lists": ("sensor", lambda n: rng(n).normal(size=(20, 6)).tolist()),
    "many channels that go together": ("sensor", lambda n: walk(60, n, 64).cumsum(1)),
    "few channels that are never negative": ("sensor", lambda n: rng(n).random((60, 6))),
    "dicts of lists": ("sensor", lambda n: {"t": [0, 1, 2 + n], "x": [1, 2, 3]}),
    "a dict a step": ("sensor", lambda n: [{"x": 1, "y": n}, {"x": 2, "y": 3}]),
    "texts of lists": ("sensor", lambda n: str(walk(40, n).round(2).tolist())),
    "vectors": ("embedding", lambda n: rng(n).normal(size=64).tolist()),
    "vectors with a shared mean": (
        "embedding",
        lambda n: (rng(n).normal(size=64) + rng(9).normal(size=64)).tolist(),
    ),
    "short vectors": ("embedding", lambda n: walk(5, n).tolist()),
    "sequences of vectors": ("embedding", lambda n: rng(n).normal(size=(7 + n % 3, 64))),
    "long sounds": ("audio", lambda n: np.sin(np.arange(8000) * 0.3 + n) * 0.5),
    "long slow signals": ("sensor", lambda n: walk(8000, n) + 100),
}


@pytest.mark.parametrize("name", CASES)
def test_signals_vectors_and_sounds_are_told_apart_by_content(name: str) -> None:
    expected, make = CASES[name]
    cells = [make(n) for n in range(30)]
    assert kind(cells) == expected
    if expected != "audio":
        scores = {"sensor": Sensor.sniff(cells).score, "embedding": Embedding.sniff(cells).score}
        assert max(scores, key=lambda n: scores[n]) == expected
        assert min(scores.values()) <= 0.5, "only one of the two is sure"


def test_files_that_cells_name_are_signals_all_the_way(tmp_path: Path) -> None:
    windows = rng().normal(size=(40, 25, 3)).astype(np.float32)
    np.savez_compressed(tmp_path / "w.npz", phone=windows)
    np.save(tmp_path / "one.npy", windows[7])
    (tmp_path / "two.csv").write_text("x,y,z\n" + "\n".join(",".join(map(str, row)) for row in windows[8]))
    refs: list[Cell] = [f"w.npz#phone[{n}]" for n in range(40)]
    refs[1:5] = ["one.npy", "two.csv", None, "w.npz#phone[99]"]
    table = load_table({"s": refs, "y": ["a", "b"] * 20}, roots=(tmp_path,))
    assert guess_modality(sample(table, "s", 0), table)[0] == "sensor"
    plan = parse({"version": 1, "inputs": {"s": "sensor"}, "targets": {"y": "classify"}})
    data = prepare(plan, fit_facts(plan, table, np.arange(40)), table)
    (part,) = data.inputs["s"]
    shown = {0: 0, 1: 7, 2: 8, 5: 5, 39: 39}
    for row, window in shown.items():
        np.testing.assert_allclose(part.padded(part.records()[[row]])[0][0], windows[window], rtol=1e-6)
    assert list(corrupt_cells(data)) == [
        ("s", 4, "row 99 is not there: the array has 40 rows, counted from 0")
    ]
    assert part.row_status()[3] == MISSING


def test_parquet_lists_and_structs_and_texts_in_a_csv_are_signals(tmp_path: Path) -> None:
    lists = [walk(30, n).round(3).tolist() for n in range(20)]
    structs = [{"time": [0.0, 0.1, 0.3], "hr": [60, 61, None]} for _ in range(20)]
    pq.write_table(pa.table({"a": lists, "b": structs, "y": ["u", "v"] * 10}), tmp_path / "t.parquet")
    rows = "\n".join(f'"{cell}",{n % 2}' for n, cell in enumerate(lists))
    (tmp_path / "t.csv").write_text(f"a,y\n{rows}\n")
    for name in ("t.parquet", "t.csv"):
        table = load_table(tmp_path / name)
        assert guess_modality(sample(table, "a", 0), table)[0] == "sensor"
        plan = parse({"version": 1, "inputs": {"a": "sensor"}, "targets": {"y": "classify"}})
        (part,) = prepare(plan, fit_facts(plan, table, np.arange(20)), table).inputs["a"]
        np.testing.assert_allclose(part.padded(part.records()[[4]])[0][0, :, 0], lists[4], rtol=1e-6)
    table = load_table(tmp_path / "t.parquet")
    assert guess_modality(sample(table, "b", 0), table)[0] == "sensor"
