"""Claim 5 of scale: training and answering 1,000,000 rows in flat memory, and rows/s against a tensor loop.

Rows of 20 numbers, 3 categories and a short text in Parquet shards. Training climbs linear, trees and one
epoch of learned fusion, in a process of its own; answering is another process. Memory is read from outside
every 0.2 s: the process's own (RssAnon and RssShmem), and all that is resident, with the pages of mapped
files, which the system may drop. The tensor loop takes the same steps of the same network over batches that
are all in memory as tensors before it begins.

python -m benchmarks.million_rows [--rows 1000000] [--smaller 100000] [--steps 300] [--repeats 3]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from benchmarks._made_rows import write_parquet
from benchmarks._page import page, spread
from benchmarks.memory_easyvqa import family, private_megabytes, resident_megabytes
from sensorium import Learner
from sensorium.batches import Batches
from sensorium.fit_facts import fit_facts
from sensorium.load_table import load_table
from sensorium.model import Model
from sensorium.prepare import prepare
from sensorium.store import Store
from sensorium.train.loop import Job, train_network
from sensorium.train.optim import adamw
from sensorium.train.schedule import settled
from sensorium.train.score import loss_of
from sensorium.train.step import hidden, train_step

RUNGS = ["prior", "linear", "trees", "fusion", "ensemble"]
VAL = 1_000


@dataclass(frozen=True)
class Watched:
    """What a process took: peaks in GB, of its own and with mapped files, and seconds."""

    own: float
    resident: float
    seconds: float


def watched(words: list[str], store: Path) -> Watched:
    """Run a command of the library and look at its memory."""
    tool = str(Path(sys.executable).parent / "sensorium")
    began, own, resident = time.perf_counter(), 0.0, 0.0
    environment = os.environ | {"SENSORIUM_STORE": str(store)}
    with subprocess.Popen([tool, *words], stdout=subprocess.DEVNULL, env=environment) as running:
        while running.poll() is None:
            processes = family(running.pid)
            own = max(own, sum(private_megabytes(p) for p in processes))
            resident = max(resident, sum(resident_megabytes(p) for p in processes))
            time.sleep(0.2)
    if running.returncode:
        sys.exit(f"`sensorium {' '.join(words)}` ended with {running.returncode}; nothing was measured.")
    return Watched(own / 1024, resident / 1024, time.perf_counter() - began)


def lines_of(rows: int, folder: Path) -> list[list[str]]:
    """Train and answer so many rows."""
    table, run = write_parquet(folder / f"rows{rows}", rows), folder / f"run{rows}"
    words = ["--set", "train.epochs=1", "--set", f"train.rungs={json.dumps(RUNGS)}"]
    trained = watched(["train", str(table), "--target", "label", "--out", str(run), *words], folder / "store")
    answered = watched(["predict", str(run), str(table), "--out", str(run / "a.parquet")], folder / "store")
    records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    waited = max(100 * float(record["waiting"]) for record in records)
    return [
        [f"{rows:,} rows: training, own memory, GB", f"{trained.own:.2f}", "under 3"],
        [f"{rows:,} rows: training, with mapped files, GB", f"{trained.resident:.2f}", "under 3"],
        [f"{rows:,} rows: answering, own memory, GB", f"{answered.own:.2f}", "under 3"],
        [f"{rows:,} rows: answering, with mapped files, GB", f"{answered.resident:.2f}", "under 3"],
        [f"{rows:,} rows: training, seconds", f"{trained.seconds:.0f}", ""],
        [f"{rows:,} rows: answering, rows/s, start included", f"{rows / answered.seconds:.0f}", ""],
        [f"{rows:,} rows: training waited for data, % of its time", f"{waited:.2f}", "under 1"],
    ]


def speed(rows: int, folder: Path, steps: int, repeats: int) -> list[list[str]]:
    """Rows/s of steps over the mapped table, and of the same steps over tensors in memory."""
    table = load_table(folder / f"rows{rows}", store=Store(folder / "store"))
    plan = Learner("label").planned(table)
    plan = replace(plan, train=settled(replace(plan.train, steps=steps, epochs=1), rows - VAL))
    facts = fit_facts(plan, table, np.arange(rows))
    data = prepare(plan, facts, table, store=Store(folder / "store"))
    train, val = data.rows(np.arange(VAL, rows)), data.rows(np.arange(VAL))
    mapped, ready = [], []
    for turn in range(repeats):
        done = train_network(Job(f"mapped {turn}", plan, facts, train, val))
        mapped.append(float(done.history[0]["rows_per_second"]))
        model = Model(plan, facts)
        model.generator = torch.Generator().manual_seed(turn)
        optimizer = adamw(model, plan.train.optimizer)
        losses = {name: loss_of(plan, name, facts) for name in plan.targets}
        batches = Batches(plan, train)
        order = batches.order(plan.train.batch_rows or 1, np.random.default_rng(turn))[:steps]
        held, hide = [batches.batch(one) for one in order], torch.Generator().manual_seed(turn)
        low, began = plan.train.precision == "bfloat16", time.perf_counter()
        for step, batch in enumerate(held):
            some = hidden(batch, model, plan.train.hide_inputs, hide)
            train_step(model, some, plan, losses, optimizer, step=step, bfloat16=low)
        ready.append(sum(map(len, order)) / (time.perf_counter() - began))
    ratios = [a / b for a, b in zip(mapped, ready, strict=True)]
    return [
        ["loop over ready tensors, rows/s (min, median, max)", " ".join(spread(ready, 0)), ""],
        ["Sensorium over mapped columns / that loop", " ".join(spread(ratios)), "0.95"],
    ]


def main() -> None:
    """Measures both sizes and writes results/million_rows.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--smaller", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [line for rows in (asked.smaller, asked.rows) for line in lines_of(rows, folder)]
        lines += speed(asked.rows, folder, asked.steps, asked.repeats)
    how = (
        "20 numbers, 3 categories, a text of 3 to 9 words, 4 classes; Parquet shards of 100,000 rows. "
        f"Training: {', '.join(RUNGS)}; one epoch. Memory every 0.2 s from outside; speed in "
        f"{asked.repeats} alternating repeats of {asked.steps} steps."
    )
    page("million_rows", "A million rows in flat memory", how, ["what", "figure", "goal"], lines)


if __name__ == "__main__":
    main()
