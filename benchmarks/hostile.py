"""10,000 hostile cells over every modality: no crash, no shifted row, no silent cell, no other row changed.

python -m benchmarks.hostile [--cells 10000] [--seed 0]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from benchmarks._mutator import Hostile, hostile
from benchmarks._page import page
from sensorium.load_table import load_table
from sensorium.members._base import Goal
from sensorium.members.mean import Mean
from sensorium.modalities import modalities
from sensorium.options import fields_of
from sensorium.predict import Predictor
from sensorium.prepare import corrupt_cells
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell
from sensorium.train.run import Request, run
from sensorium.types import Json

TRAINED, AT_ONCE = 60, 200
SMALL: dict[str, Json] = {"size": 16, "mels": 8, "vocabulary": 300, "longest": 16, "seconds": 0.4}
TRAIN: dict[str, Json] = {
    "epochs": 1,
    "batch_rows": 16,
    "rungs": ["linear", "trees", "fusion"],
    "precision": "float32",
}
LIMIT, WORDS = 1e-5, ("present", "missing", "corrupt")
BYTES = bytes | bytearray | memoryview
Columns = dict[str, list[Cell]]


@dataclass(slots=True)
class Outcome:
    """What became of one modality's hostile cells. faults: what must never happen, in words."""

    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    clean: int = 0
    away: float = 0.0
    seconds: float = 0.0
    longest: float = 0.0
    peak: float = 0.0


def columns_of(name: str, rng: np.random.Generator, rows: int) -> Columns:
    """A column of the modality, a number, a category, and a label that all of them know something of."""
    label = rng.integers(0, 2, rows)
    made = list(modalities.get(name).fake(rng, rows))
    return {
        "it": made,
        "figure": [float(np.round(x, 3)) for x in rng.normal(label)],
        "kind": ["abc"[int(rng.integers(0, 2)) + one] for one in label],
        "y": ["no" if one else "yes" for one in label],
    }


def fitted(name: str, columns: Columns) -> Predictor:
    """Everything that was learned of these rows: a linear model, trees and a network, their mean."""
    small = {n: v for n, v in SMALL.items() if n in fields_of(modalities.get(name))}
    plan: dict[str, Json] = {
        "dim": 8, "train": TRAIN, "split": {"how": "random", "folds": 2},
        "inputs": {"it": {"modality": name, "augment": [], **small}, "figure": "number", "kind": "category"},
    }  # fmt: skip
    found = run(Request(load_table(columns), ("y",), plan))
    members = {n: c.member for n, c in found.done.candidates.items() if n != "prior"}
    goal = Goal("classify", {}, found.facts["targets"]["y"])
    return Predictor(found.plan, found.facts, Mean(members, {"y": goal}))


def on_disk(cells: Sequence[Cell], folder: Path) -> list[Cell]:
    """The same cells with bytes as files, by relative paths."""
    made: list[Cell] = []
    for number, cell in enumerate(cells):
        if isinstance(cell, BYTES):
            path = folder / f"cell {number}.bin"
            path.write_bytes(bytes(cell))
            made.append(path.name)
        else:
            made.append(cell)
    return made


def traps(folder: Path) -> list[Hostile]:
    """Paths that lead nowhere, outside, round in circles, to a pipe, to a file of a terabyte of nothing."""
    (folder / "folder.png").mkdir(exist_ok=True)
    for name, goal in (("out.png", "/etc/passwd"), ("round.png", "round.png"), ("zero.png", "/dev/zero")):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(goal)
    if not (folder / "pipe.png").exists():
        os.mkfifo(folder / "pipe.png")
    if not (folder / "vast.bin").exists():
        with (folder / "vast.bin").open("wb") as file:
            file.truncate(10**12)
    names = ("folder.png", "out.png", "round.png", "zero.png", "pipe.png", "vast.bin", "none.png", "../x.png")
    return [Hostile(name, f"a path: {name}", broken=True) for name in names]


def ask(
    predictor: Predictor, columns: Columns, folder: Path
) -> tuple[np.ndarray, np.ndarray, dict[int, str], list[str]]:
    """(numbers, statuses of the attacked column, {row: reason}, what each row is said to lack)."""
    table = load_table({n: c for n, c in columns.items() if n != "y"}, folder=folder, roots=[folder])
    data = predictor.prepare(table)
    reasons = {row: why for column, row, why in corrupt_cells(data) if column == "it"}
    told = [str(row["y.missing"]) for row in predictor.cells(data)]
    return predictor.numbers(data).values["y"], data.columns["it"].row_status(), reasons, told


def attack(
    predictor: Predictor,
    name: str,
    rng: np.random.Generator,
    broken: Sequence[Hostile],
    folder: Path,
    out: Outcome,
) -> None:
    """Answer a table of hostile cells among as many clean ones, and compare with the clean ones alone."""
    media, columns = modalities.get(name).media, columns_of(name, rng, 2 * len(broken))
    places = np.sort(rng.choice(2 * len(broken), len(broken), replace=False))
    clean = np.setdiff1d(np.arange(2 * len(broken)), places)
    for place, one in zip(places.tolist(), broken, strict=True):
        columns["it"][place] = one.cell
    if media and rng.integers(2):
        columns["it"] = on_disk(columns["it"], folder)
    blank = columns | {
        "it": [None if row in set(places.tolist()) else c for row, c in enumerate(columns["it"])]
    }
    began = time.perf_counter()
    numbers, status, reasons, told = ask(predictor, columns, folder)
    out.longest = max(out.longest, time.perf_counter() - began)
    alone, *_ = ask(predictor, {n: [c[row] for row in clean] for n, c in columns.items()}, folder)
    without, *_ = ask(predictor, blank, folder)
    away = np.abs(numbers[clean] - alone).max(initial=0.0)
    out.clean, out.away = out.clean + len(clean), max(out.away, float(away))
    if len(numbers) != 2 * len(broken) or away > LIMIT or not np.isfinite(numbers).all():
        out.faults.append(f"{name}: rows shifted, changed by {away:g}, or are not finite")
    if (status[clean] != PRESENT).any():
        out.faults.append(f"{name}: a clean cell counts as {WORDS[int(status[clean].max())]}")
    for row, one in zip(places.tolist(), broken, strict=True):
        out.statuses[WORDS[status[row]]] += 1
        out.faults += [
            f"{name}, {one.how}: {why}"
            for why in wrongs(one, status[row], reasons.get(row), told[row], media)
        ]
        if status[row] != PRESENT and np.abs(numbers[row] - without[row]).max() > LIMIT:
            out.faults.append(f"{name}, {one.how}: a cell that is not there changes its row's answer")


def wrongs(one: Hostile, status: int, reason: str | None, told: str, media: bool) -> list[str]:
    """What must not be: a cell that is told of wrongly or not at all."""
    found, said = [], told.split(";")
    if one.empty and status != MISSING:
        found.append(f"an empty cell counts as {WORDS[status]}")
    if one.broken and media and status == PRESENT:
        found.append("a medium that nobody can read is present")
    if status == CORRUPT and not (reason and reason.strip() and "\n" not in reason and len(reason) < 400):
        found.append(f"no reason, or a bad one: {reason!r:.80}")
    if ("it" in said, "it (corrupt)" in said) != (status == MISSING, status == CORRUPT):
        found.append(f"{WORDS[status]}, but the answer says {told!r}")
    return found


def besieged(name: str, count: int, seed: int, folder: Path) -> Outcome:
    """One modality under attack, in use and then in training."""
    rng, out = np.random.default_rng([seed, *name.encode()]), Outcome()
    media = [c for n in modalities.names() for c in modalities.get(n).fake(rng, 3) if isinstance(c, bytes)]
    real, began = modalities.get(name).fake(rng, 40), time.perf_counter()
    predictor = fitted(name, columns_of(name, rng, TRAINED))
    broken = hostile(rng, real, media, count)
    if modalities.get(name).media:
        broken[: len(traps(folder))] = traps(folder)
    for start in range(0, count, AT_ONCE):
        attack(predictor, name, rng, broken[start : start + AT_ONCE], folder, out)
    columns = columns_of(name, rng, TRAINED)
    for row, one in zip(range(0, TRAINED, 5), broken, strict=False):
        columns["it"][row] = one.cell
    fitted(name, columns)
    out.seconds = time.perf_counter() - began
    out.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return out


def alone(name: str, count: int, seed: int) -> Outcome:
    """The same in a process of its own: what brings it down is a fault like others."""
    words = ["--only", name, "--cells", str(count), "--seed", str(seed)]
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.hostile", *words], capture_output=True, text=True
    )
    if made.returncode:
        return Outcome(faults=[f"{name}: ended with {made.returncode}: {made.stderr[-2000:]}"])
    found = json.loads(made.stdout)
    return Outcome(**(found | {"statuses": Counter(found["statuses"])}))


def main() -> None:
    """Attacks every modality and writes results/hostile.md; ends with 1 when anything happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=None, help="a modality: prints its outcome as JSON")
    asked = parser.parse_args()
    os.environ["SENSORIUM_STORE_GB"] = "0"
    if asked.only is not None:
        warnings.simplefilter("ignore")
        with tempfile.TemporaryDirectory() as folder:
            one = besieged(asked.only, asked.cells, asked.seed, Path(folder))
        print(json.dumps(asdict(one) | {"statuses": dict(one.statuses)}))
        return
    names, found = modalities.names(), dict[str, Outcome]()
    for name in names:
        one = found[name] = alone(name, -(-asked.cells // len(names)), asked.seed)
        print(f"{name}: {dict(one.statuses)}, {len(one.faults)} faults, {one.seconds:.0f} s", file=sys.stderr)
        for fault, times in Counter(one.faults).items():
            print(f"  {times} x {fault}", file=sys.stderr)
    told(found, asked.seed)
    sys.exit(int(any(one.faults for one in found.values())))


HOW = """A seeded mutator (seed {seed}) breaks real cells of every modality: cut off, bits flipped, spliced,
bent, of wrong types, huge, empty, NaN, media that declare far more than they hold, paths that lead
outside. They stand among as many clean rows, in memory and as files, in tables of {rows} rows; a linear
model, trees and a network that were trained once answer; then one more training meets every fifth cell
broken. Each modality runs in a process of its own. Faults: a crash, a row that shifted or whose answer
is more than 1e-5 from the clean rows' alone, a number that is not finite, a corrupt cell without a
reason, a cell whose status the answer does not tell, an empty cell that is not missing, an unreadable
medium that counts as present, a clean cell that does not, an absent cell that changes its row's answer."""


def told(found: dict[str, Outcome], seed: int) -> None:
    """The results page."""
    every = list(found.values())
    whole = Outcome(
        sum((o.statuses for o in every), Counter()), [f for o in every for f in o.faults],
        sum(o.clean for o in every), max(o.away for o in every), sum(o.seconds for o in every),
        max(o.longest for o in every), max(o.peak for o in every),
    )  # fmt: skip
    rows = [
        [
            name, f"{one.statuses.total():,}", *(f"{one.statuses[word]:,}" for word in WORDS),
            f"{one.clean:,}", f"{one.away:.1e}", str(len(one.faults)), f"{one.longest:.1f}",
            f"{one.seconds:.0f}", f"{one.peak:,.0f}",
        ]
        for name, one in (*found.items(), ("all", whole))
    ]  # fmt: skip
    head = ["modality", "hostile cells", *WORDS, "clean rows", "largest change", "faults", "slowest table, s"]
    how = HOW.format(seed=seed, rows=2 * AT_ONCE).replace("\n", " ")
    page("hostile", "Hostile cells", how, [*head, "seconds", "peak MB"], rows)


if __name__ == "__main__":
    main()
