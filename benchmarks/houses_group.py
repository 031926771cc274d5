"""Four photos of a house as one input with shared weights, beside its table: does it help, and which photo?

Issue: MAPE at most 27 % and no worse than the table alone, over 5 folds x 3 repeats. The same folds as
``benchmarks.quality``; default settings but for the group; chosen on validation rows.

    python -m benchmarks.houses_group --fold 0        one fold, kept in results/raw/
    python -m benchmarks.houses_group                 every fold, then results/houses_group.md
    python -m benchmarks.houses_group --summarise     results/houses_group.md from results/raw/
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._folds import letters
from benchmarks._machine import machine
from benchmarks._page import RESULTS, page
from benchmarks._score import Answers, interval, score
from benchmarks._tables import houses
from sensorium import Learner

RAW = RESULTS / "raw"
PHOTOS = ("img_bathroom", "img_bedroom", "img_frontal", "img_kitchen")
GOAL = 0.27
ALL, ALONE, BLIND = "group", "table alone", "group, all photos missing"


def one_fold(fold: int, effort: str) -> None:
    """Trains with the group and on the table alone; answers test rows, also with photos missing."""
    task = houses(fold)
    group: dict[str, Any] = {"photos": {"modality": "image", "columns": list(PHOTOS), "group": "shared"}}
    alone: dict[str, Any] = dict.fromkeys(PHOTOS)
    answers, seconds = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        table, asked = task.write(Path(folder))
        rows = pd.read_csv(asked)
        began = time.perf_counter()
        learner = Learner(task.target, plan={"inputs": group}, effort=effort).fit(table)
        seconds[ALL] = round(time.perf_counter() - began, 1)
        told = learner.metrics
        for name, gone in {ALL: (), BLIND: PHOTOS, **{f"without {p}": (p,) for p in PHOTOS}}.items():
            rows.assign(**dict.fromkeys(gone)).to_csv(asked, index=False)
            answers[name] = [float(f"{a:.6g}") for a in learner.predict(asked)]
        rows.to_csv(asked, index=False)
        began = time.perf_counter()
        learner = Learner(task.target, plan={"inputs": alone}, effort=effort).fit(table)
        seconds[ALONE] = round(time.perf_counter() - began, 1)
        answers[ALONE] = [float(f"{a:.6g}") for a in learner.predict(asked)]
    truth = task.part("test")[task.target].astype(float).tolist()
    record = {
        "fold": fold, "truth": truth, "house": task.test_groups().tolist(), "answers": answers,
        "seconds": seconds, "told": told, "machine": machine(), "effort": effort,
    }  # fmt: skip
    (RAW / f"houses_group-{fold}.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")
    print(fold, seconds, {n: round(100 * mape(truth, a), 1) for n, a in answers.items()})


def mape(truth: Sequence[float], answers: Sequence[float]) -> float:
    """The mean of |answer - truth| / truth."""
    true = np.array(truth)
    return float((np.abs(np.array(answers) - true) / true).mean())


def summarise() -> str:
    """Writes results/houses_group.md: means over folds, differences with intervals over houses."""
    found = sorted(RAW.glob("houses_group-*.json"), key=lambda p: int(p.stem.rpartition("-")[2]))
    records = [json.loads(p.read_text()) for p in found]
    rows = Answers(
        np.concatenate([np.array(r["truth"]) for r in records]),
        np.concatenate([np.full(len(r["truth"]), r["fold"]) for r in records]),
        np.concatenate([np.array([str(h) for h in r["house"]]) for r in records]),
    )

    def of(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.concatenate([np.array(r["answers"][name]) for r in records])

    lines = []
    for name in records[0]["answers"]:
        value, low, high = interval("mape", rows, of(ALL), of(name))
        against = "" if name == ALL else f"{100 * value:+.2f} [{100 * low:+.2f}, {100 * high:+.2f}]"
        goal = "at most 27.0 %" if name == ALL else ""
        lines.append([name, f"{100 * score('mape', rows, of(name)):.1f} %", against, goal])
    slowest = max(r["seconds"][ALL] for r in records)
    how = (
        f"{len(records)} of {len(letters('houses'))} folds (5 folds, repeated 3 times), test rows once each; "
        "differences are the group's MAPE less the other's, in points, with paired 95 % intervals over "
        "houses. "
        f"The slowest fold trained for {slowest:.0f} s."
    )
    head = ["what answers", "MAPE", "group less this", "goal"]
    return page("houses_group", "Four photos of a house as one input", how, head, lines)


def main() -> None:
    """Runs the asked folds, or all and the summary."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fold", type=int, action="append", help="repeatable; default: all")
    parser.add_argument("--effort", default="good", choices=["fast", "good", "best"])
    parser.add_argument("--summarise", action="store_true")
    asked = parser.parse_args()
    if not asked.summarise:
        for fold in asked.fold or range(len(letters("houses"))):
            one_fold(fold, asked.effort)
    if asked.summarise or not asked.fold:
        summarise()


if __name__ == "__main__":
    main()
