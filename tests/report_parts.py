"""Small runs and results made by hand, and a reader of pages, for the tests of the report."""

import io
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import soundfile
from PIL import Image

from sensorium.evaluate import evaluate_target, judge
from sensorium.infer_columns import ColumnGuess
from sensorium.plan import Choice, InputPlan, Plan, TargetPlan
from sensorium.results import TargetResult
from sensorium.table.prepared import Target
from sensorium.table.table import Table
from sensorium.tasks.classify import Classify
from sensorium.tasks.regress import Regress
from sensorium.train.run import Run

HOSTILE = "<script>alert('x')</script>\"&</td>\ud800\x00"
VOID = {"meta", "img", "br"}
ROWS = 24


class Reader(HTMLParser):
    """Checks that tags are balanced, and keeps ids, addresses and all texts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for key, value in attrs:
            assert not key.startswith("on"), key
            if key == "id":
                self.ids.append(str(value))
            if key in ("src", "href", "data", "action", "srcset", "poster", "xlink:href"):
                self.addresses.append(str(value))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(path: Path) -> tuple[str, Reader]:
    page, reader = path.read_text(encoding="utf-8"), Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    return page, reader


def picture(width: int = 30, height: int = 12, seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(1, 255, (height, width, 3)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def sound(seconds: float = 0.2, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.sin(np.arange(int(seconds * rate)) / 5).astype(np.float32), rate, format="WAV")
    return file.getvalue()


def table(cells: dict[str, list[Any]]) -> Table:
    return Table.of(list(cells.items()), "<memory>")


def an_input(name: str, modality: str, columns: tuple[str, ...] = ()) -> InputPlan:
    return InputPlan(name, columns or (name,), Choice(modality), Choice("linear"))


def labelled(labels: list[str], inputs: int = 2, seed: int = 0) -> TargetResult:
    """A result with a prior, a single input and a chosen fusion, all by chance."""
    rng, count = np.random.default_rng(seed), len(labels)
    truth = rng.integers(0, count, ROWS)
    known = judge(Classify(), {"labels": labels, "prior": [0.0] * count}, Target(truth, np.arange(ROWS) != 3))
    names = ["accuracy", "log_loss", "f1_macro"]
    present = {"photo": rng.random(ROWS) > 0.4}
    reports = {}
    for name in ("prior", "photo alone", "fusion"):
        numbers = rng.normal(size=(ROWS, count))
        hidden = {f"in{i}": rng.normal(size=(ROWS, count)) for i in range(inputs)} if inputs > 1 else {}
        reports[name] = evaluate_target(known, numbers, names, rng, present, hidden, draws=200)
    gain = {"value": 0.02, "low": 0.01, "high": 0.03}
    verdict: dict[str, Any] = {
        "sentence": "fusing adds +2.0 points [1.0, 3.0] over `photo` alone; `sound` adds nothing [-1.0, 1.0]",
        "finding": "adds", "best_single": "photo", "fusing": gain,
        "inputs": {"photo": gain, "sound": {"value": 0.0, "low": None, "high": None}},
    }  # fmt: skip
    if inputs < 2:
        verdict |= {"sentence": "there is nothing to fuse: `photo` is the only input", "fusing": None}
        verdict["inputs"] = {}
    return TargetResult("accuracy", reports, "fusion", verdict)


def measured(seed: int = 0) -> TargetResult:
    """A result of numbers, one answer far off."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=ROWS) * 100
    facts = {"mean": 0.0, "std": 1.0, "scale": "plain", "floor": None, "prior": [0.0]}
    known = judge(Regress(), facts, Target(truth, np.ones(ROWS, bool)))
    found = evaluate_target(known, truth[:, None] + rng.normal(size=(ROWS, 1)), ["mae", "r2"], rng, draws=200)
    return TargetResult("mae", {"shipped": found}, "shipped")


def a_run(cells: dict[str, list[Any]], plan: Plan, **more: Any) -> Run:
    """A run of which only what the page reads is there."""
    rows = table(cells)
    history = tuple(
        {"network": "fusion", "epoch": e, "loss": 1 / e, "val_loss": 2 / e, "score": 0.1 * e,
         "rows_per_second": 9.0, "seconds": 0.5} for e in (1, 2, 3)
    )  # fmt: skip
    candidates = {
        "prior": SimpleNamespace(score=0.1, seconds=0.01, history=()),
        "fusion": SimpleNamespace(score=0.3, seconds=1.5, history=history),
    }
    done = SimpleNamespace(candidates=candidates, skipped={"trees": "no time was left"}, chosen="fusion")
    guesses = [ColumnGuess(name, "input", "text", 1.0, "it looks so") for name in cells]
    parts: dict[str, Any] = {
        "plan": plan, "inference": SimpleNamespace(guesses=guesses), "facts": {}, "done": done,
        "table": rows, "test": rows, "split": "test", "how": "70 / 15 / 15 by chance", "groups": None,
        "seconds": 12.3, "corrupt": [], "leaks": [], "notes": [], "searched": None,
        "corrupt_test": [],
    }  # fmt: skip
    return cast(Run, SimpleNamespace(**(parts | more)))


def media_cells() -> dict[str, list[Any]]:
    return {
        "photo": [picture(seed=row) if row % 3 else None for row in range(ROWS)],
        "voice": [sound() if row % 2 else b"RIFF nothing" for row in range(ROWS)],
        "said": [f"text {row} https://example.org/x" for row in range(ROWS)],
        "age": [float(row) for row in range(ROWS)],
    }


def media_plan() -> Plan:
    inputs = {
        "photo": an_input("photo", "image"),
        "voice": an_input("voice", "audio"),
        "said": an_input("said", "text"),
        "numbers": an_input("numbers", "number", ("age", "absent")),
    }
    target = TargetPlan("digit", Choice("classify"), Choice("cross_entropy"), Choice("linear"), "accuracy")
    return Plan(inputs, {"digit": target})
