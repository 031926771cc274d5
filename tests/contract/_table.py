"""A made-up prepared table for members: two numbers, two categories, a text; a label and an amount."""

import numpy as np
from numpy.typing import NDArray

from sensorium.members._base import Floats, Goal, Job, Rows
from sensorium.table.field import Field
from sensorium.table.packed import MISSING, PRESENT, Packed
from sensorium.table.prepared import Prepared, Target
from sensorium.tasks import tasks
from sensorium.types import Facts, Json

ROWS, TRAIN = 240, 160
FIELDS = (
    Field("sizes", "numbers", 2),
    Field("kinds", "codes", 2, (4, 6)),
    Field("title", "words"),
)
WORDS = (
    ("red apple pie!", "the sour lemon", "gr\xfcne Birne"),
    ("\u82f9\u679c\u5f88\u751c", "\u67e0\u6aac\u5f88\u9178", "\u68a8\u5b50\u662f\u7eff\u8272\u7684"),
)
CHOICES: dict[str, dict[str, Json]] = {"classify": {}, "regress": {"log": "no"}}


def made(seed: int = 0, rows: int = ROWS) -> tuple[Prepared, NDArray[np.int64], Floats]:
    """The inputs, the true labels (0..2) and the true amounts; about a tenth of the cells miss."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, rows)
    numbers = rng.normal(size=(rows, 2)).astype(np.float32)
    numbers[:, 0] += label
    codes = np.stack([1 + (label + (rng.random(rows) < 0.3)) % 3, rng.integers(1, 6, rows)], 1)
    amount = 2.0 * numbers[:, 1] + codes[:, 0] + 1.5 * (label == 1) + rng.normal(0, 0.1, rows)
    texts: list[str | None] = [WORDS[int(rng.integers(2))][k] for k in label]
    gone = {n: rng.random(rows) < 0.1 for n in ("sizes", "kinds", "title")}
    for row in np.flatnonzero(gone["title"]):
        texts[row] = None
    inputs = {
        "sizes": (_packed(numbers, gone["sizes"], rng.random(numbers.shape) > 0.1),),
        "kinds": (_packed(codes, gone["kinds"], rng.random(codes.shape) > 0.05),),
        "title": (Packed(np.zeros(rows), _status(gone["title"])),),
    }
    return Prepared(np.arange(rows), inputs, {"title": texts}), label, amount


def job(seed: int = 0, names: tuple[str, ...] = ("label", "amount")) -> Job:
    """The table with its targets: 160 rows to train on, 80 to choose with."""
    data, label, amount = made(seed)
    shown: dict[str, list[Json]] = {"label": [f"k{k}" for k in label], "amount": [float(a) for a in amount]}
    kinds = {"label": "classify", "amount": "regress"}
    train, val = np.arange(TRAIN), np.arange(TRAIN, ROWS)
    goals, targets = {}, {}
    for name in names:
        task = tasks.get(kinds[name])(**CHOICES[kinds[name]])
        facts = task.fit([shown[name][r] for r in train], name)
        targets[name] = task.target(shown[name], facts, name)
        goals[name] = goal(kinds[name], facts, targets[name])
    full = Prepared(data.numbers, data.inputs, data.texts, targets)
    return Job(FIELDS, full, train, val, goals, seed=3)


def goal(kind: str, facts: Facts, target: Target) -> Goal:
    """Scores: the share of right labels, minus the mean squared error."""

    def right(numbers: Floats, rows: Rows) -> float:
        return float((numbers.argmax(1) == target.values[rows]).mean())

    def near(numbers: Floats, rows: Rows) -> float:
        return -float(((numbers[:, 0] - target.values[rows]) ** 2).mean())

    return Goal(kind, CHOICES[kind], facts, right if kind == "classify" else near)


def _packed(values: NDArray[np.generic], gone: NDArray[np.bool_], mask: NDArray[np.bool_]) -> Packed:
    mask = mask & ~gone[:, None]
    empty = ~mask.any(1)
    return Packed(np.where(mask, values, 0).astype(values.dtype), _status(empty), mask=mask)


def _status(gone: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.where(gone, MISSING, PRESENT).astype(np.uint8)
