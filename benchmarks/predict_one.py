"""Claim 4: one-row predict on a loaded bundle against decoding by hand and the bare forward pass.

By hand: Pillow and libsndfile decode the row's two files, the bare network answers ready tensors.
The built-in table, the learned fusion (a network), rows that lack nothing.

python -m benchmarks.predict_one [--rows 60] [--repeats 7]
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import torch
from PIL import Image

from benchmarks._page import page, spread
from sensorium import Learner, load
from sensorium.batches import Batches
from sensorium.demo import table
from sensorium.load_table import load_table
from sensorium.network import Network
from sensorium.predict import Predictor
from sensorium.types import Batch

Row = dict[str, object]


def whole_rows(count: int) -> list[Row]:
    """Test rows of the built-in table whose files can be read."""
    frame = pd.read_csv(table())
    frame = frame[(frame["split"] == "test") & frame.notna().all(axis=1)].drop(columns=["digit", "split"])
    rows: list[Row] = []
    for row in frame.to_dict("records"):
        try:
            decode({str(k): v for k, v in row.items()})
        except (OSError, soundfile.LibsndfileError):
            continue
        rows.append({str(k): v for k, v in row.items()})
    return rows[:count]


def decode(row: Row) -> None:
    """The row's files, decoded by hand."""
    with Image.open(table().parent / str(row["seen"])) as picture:
        np.asarray(picture.convert("L"))
    soundfile.read(table().parent / str(row["heard"]))


def network_of(predictor: Predictor) -> Network:
    """The shipped network. Ends the program when something else was shipped."""
    if not isinstance(predictor.member, Network):
        raise SystemExit(f"expected a network to be shipped, got {type(predictor.member).__name__}.")
    return predictor.member


def ready(network: Network, predictor: Predictor, rows: list[Row]) -> list[Batch]:
    """One batch a row, made beforehand."""
    data = predictor.prepare(load_table(rows, roots=(table().parent,)))
    batches = Batches(network.plan, data)
    return [batches.batch(np.array([row])) for row in range(len(rows))]


def by_hand(network: Network, rows: list[Row], batches: list[Batch]) -> float:
    """Seconds a row of decoding and the bare forward pass."""
    model, began = network.model.eval(), time.perf_counter()
    for row, batch in zip(rows, batches, strict=True):
        decode(row)
        with torch.inference_mode():
            model(batch)
    return (time.perf_counter() - began) / len(rows)


def ours(learner: Learner, rows: list[Row]) -> float:
    """Seconds a row of predict, one row at a time."""
    began = time.perf_counter()
    for row in rows:
        learner.predict([row])
    return (time.perf_counter() - began) / len(rows)


def main() -> None:
    """Trains quickly, loads the bundle, alternates both and writes results/predict_one.md."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("SENSORIUM_STORE", str(Path(folder) / "store"))
        fitted = Learner("digit", effort="fast", sets=["train.epochs=1"]).fit(table())
        fitted.save(Path(folder) / "bundle")
        learner = load(Path(folder) / "bundle", roots=[table().parent])
        predictor = learner._fitted().predictor
        network, rows = network_of(predictor), whole_rows(asked.rows)
        batches = ready(network, predictor, rows)
        by_hand(network, rows[:5], batches[:5])
        ours(learner, rows[:5])
        hand, full = [], []
        for _ in range(asked.repeats):
            hand.append(1000 * by_hand(network, rows, batches))
            full.append(1000 * ours(learner, rows))
    lines = [
        ["decoding and forward pass by hand, ms", *spread(hand), ""],
        ["predict, ms", *spread(full), ""],
        ["predict / by hand", *spread([f / h for f, h in zip(full, hand, strict=True)]), "at most 1.3"],
    ]
    how = f"{len(rows)} rows one by one, {asked.repeats} alternating repeats."
    page("predict_one", "One-row predict", how, ["what", "min", "median", "max", "goal"], lines)


if __name__ == "__main__":
    main()
