"""Claim 2: training rows/s against a hand-written PyTorch loop over ready tensors.

Same network, batch, precision, optimizer and rate; the hand-written networks know no masks. Repeats
alternate, and ratios are taken within a repeat.

python -m benchmarks.speed_train [--rows 4096] [--repeats 5]
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks._page import page, spread
from benchmarks._plain_networks import PlainResnet, PlainTransformer
from sensorium import Learner
from sensorium.batches import Batches
from sensorium.fit_facts import fit_facts
from sensorium.load_table import load_table
from sensorium.model import Model
from sensorium.plan import Plan
from sensorium.prepare import prepare
from sensorium.store import Store
from sensorium.table.prepared import Prepared
from sensorium.train.loop import Job, train_network
from sensorium.train.schedule import settled
from sensorium.types import Facts

BATCH, CLASSES, VAL = 64, 10, 64


@dataclass(frozen=True)
class Case:
    """One input kind. memory and files: the same rows from arrays in memory and from the store's maps."""

    name: str
    plan: Plan
    facts: Facts
    memory: Prepared
    files: Prepared
    network: Callable[[], nn.Module]


def pictures(folder: Path, rows: int) -> Path:
    """Random 32 x 32 colour pngs with labels."""
    rng = np.random.default_rng(0)
    (folder / "p").mkdir()
    for row in range(rows):
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8)).save(folder / "p" / f"{row}.png")
    labels = [f"c{k}" for k in rng.integers(0, CLASSES, rows)]
    frame = pd.DataFrame({"cell": [f"p/{r}.png" for r in range(rows)], "label": labels})
    frame.to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"


def texts(folder: Path, rows: int) -> Path:
    """Random texts of 24 words each with labels."""
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghijklmnop"), 5)) for _ in range(500)]
    cells = [" ".join(rng.choice(words, 24)) for _ in range(rows)]
    labels = [f"c{k}" for k in rng.integers(0, CLASSES, rows)]
    pd.DataFrame({"cell": cells, "label": labels}).to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"


def prepared_case(name: str, path: Path, modality: str, encoder: dict[str, object]) -> Case:
    """Plan, facts and rows of a table with one input, without augmentation."""
    asked = {
        "inputs": {"cell": {"modality": modality, "encoder": encoder}},
        "targets": {"label": {"task": "classify"}},
    }
    table = load_table(path)
    plan = Learner("label", plan=asked).planned(path)  # type: ignore[arg-type]
    inputs = {n: replace(i, augment=()) for n, i in plan.inputs.items()}
    train = replace(plan.train, epochs=2, batch_rows=BATCH, patience=9, mixup=0.0, average=0.0)
    plan = replace(plan, inputs=inputs, train=settled(train, table.num_rows - VAL))
    facts = fit_facts(plan, table, np.arange(table.num_rows))
    store = Store(path.parent / "store")
    prepare(plan, facts, table, store=store)
    memory, files = prepare(plan, facts, table), prepare(plan, facts, table, store=store)
    told = facts["inputs"]["cell"]["cell"]
    if modality == "image":
        return Case(
            name, plan, facts, memory, files,
            lambda: PlainResnet(told["channels"], CLASSES, plan.dim, told["mean"], told["std"]),
        )  # fmt: skip
    model = Model(plan, facts)
    words, places = (p.num_embeddings for p in model.modules() if isinstance(p, nn.Embedding))
    return Case(name, plan, facts, memory, files, lambda: PlainTransformer(words, places, CLASSES, plan.dim))


def ours(case: Case, data: Prepared) -> float:
    """Rows/s of the library's second epoch."""
    every = np.arange(len(data))
    done = train_network(
        Job(case.name, case.plan, case.facts, data.rows(every[VAL:]), data.rows(every[:VAL]))
    )
    return float(done.history[1]["rows_per_second"])


def ready(case: Case) -> tuple[list[Tensor], Tensor]:
    """The training rows as tensors: network inputs, labels."""
    rows = np.arange(VAL, len(case.memory))
    batch = Batches(case.plan, case.memory).batch(rows)
    arrays, labels = batch.inputs["cell"], batch.targets["label"].values
    values, mask = arrays.values, arrays.mask
    if "cell" in batch.index:
        values, mask = values[batch.index["cell"]], mask[batch.index["cell"]]
    return ([values, mask] if mask.ndim == 2 else [values]), labels


def by_hand(case: Case, inputs: list[Tensor], labels: Tensor) -> float:
    """Rows/s of the second epoch of a plain loop."""
    network = case.network().train()
    weights = sum(p.numel() for p in network.parameters())
    expected = sum(p.numel() for p in Model(case.plan, case.facts).parameters())
    assert weights == expected, f"{case.name}: {weights} weights by hand, {expected} in the library"
    asked = case.plan.train
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=asked.optimizer.rate, betas=asked.optimizer.betas, fused=True
    )
    smoothing = float(case.plan.targets["label"].loss.choices.get("smoothing", 0.0))  # type: ignore[arg-type]
    for _ in range(2):
        began, order = time.perf_counter(), torch.randperm(len(labels))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            cut = [part[rows] for part in inputs]
            if len(cut) == 2:
                longest = int(cut[1].sum(1).max())
                cut = [part[:, :longest] for part in cut]
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=asked.precision == "bfloat16"):
                logits = network(*cut)
            loss = F.cross_entropy(logits.float(), labels[rows], label_smoothing=smoothing)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), asked.clip)
            optimizer.step()
        seconds = time.perf_counter() - began
    return len(labels) / seconds


def measured(case: Case, repeats: int) -> list[list[str]]:
    """The lines of one case."""
    inputs, labels = ready(case)
    hand, memory, files = [], [], []
    for _ in range(repeats):
        hand.append(by_hand(case, inputs, labels))
        memory.append(ours(case, case.memory))
        files.append(ours(case, case.files))
    precision = case.plan.train.precision
    return [
        [f"{case.name}: by hand, rows/s ({precision})", *spread(hand, 0), ""],
        [f"{case.name}: Sensorium / by hand", *ratio(memory, hand), "0.95"],
        [f"{case.name}: second epoch from files / by hand", *ratio(files, hand), "0.95"],
        [f"{case.name}: from files / from memory", *ratio(files, memory), "1"],
    ]


def ratio(some: list[float], others: list[float]) -> list[str]:
    """Spread of the ratios within repeats."""
    return spread([a / b for a, b in zip(some, others, strict=True)])


def main() -> None:
    """Measures both networks and writes results/speed_train.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        image = pictures(Path(one), asked.rows + VAL)
        resnet = {"name": "resnet", "depth": 8, "width": 32, "stem": "half", "tokens": "pooled"}
        lines += measured(prepared_case("image, resnet", image, "image", dict(resnet)), asked.repeats)
        text = texts(Path(two), asked.rows + VAL)
        transformer = {"name": "transformer", "positions": "learned", "depth": 2, "heads": 4}
        lines += measured(prepared_case("text, transformer", text, "text", dict(transformer)), asked.repeats)
    how = f"{asked.rows} rows, batches of {BATCH}, second epochs, {asked.repeats} alternating repeats."
    page(
        "speed_train",
        "Training speed against a loop by hand",
        how,
        ["what", "min", "median", "max", "goal"],
        lines,
    )


if __name__ == "__main__":
    main()
