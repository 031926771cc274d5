"""Claim 1: as good as what plain learners reach, on real tables, in the same run on the same split.

    python -m benchmarks.quality                           every table, every fold, then the summary
    python -m benchmarks.quality --table houses            every fold: baselines and Sensorium
    python -m benchmarks.quality --table houses --fold 3 --only sensorium
    python -m benchmarks.quality --summarise               results/quality.md from results/raw/

Data come from the folder named by SENSORIUM_DATA. One JSON a fold goes to results/raw/: truth, groups and
the answers of everybody for every test row, so that the summary needs no data.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._baselines import BASELINES
from benchmarks._folds import letters
from benchmarks._learner import learn
from benchmarks._machine import machine
from benchmarks._score import Answers, score
from benchmarks._summary import RAW, summarise
from benchmarks._tables import REACHING, TABLES, Task


def jsonable(values: NDArray[np.generic]) -> list[Any]:
    """Labels as they are, numbers with six significant digits."""
    found: list[Any] = values.tolist()
    return [float(f"{v:.6g}") if isinstance(v, float) else v for v in found]


def fresh(task: Task) -> dict[str, Any]:
    """A fold's record without any answers."""
    truth = task.part("test")[task.target].to_numpy()
    names, codes = np.unique(task.test_groups(), return_inverse=True)
    groups = task.test_groups().tolist() if task.name in REACHING else codes.tolist()
    alone = len(names) == len(codes) and task.name not in REACHING
    return {
        "table": task.name, "fold": task.fold, "metric": task.metric, "goal": task.goal,
        "bracket": task.bracket, "rows": len(task.frame), "truth": jsonable(truth),
        "group": None if alone else groups, "answers": {}, "seconds": {}, "machine": {},
    }  # fmt: skip


def record_baselines(task: Task, record: dict[str, Any]) -> None:
    """Adds the answers of the plain learners."""
    began = time.perf_counter()
    found = BASELINES[task.name](task)
    record["answers"] |= {name: jsonable(answers) for name, answers in found.items()}
    record["baselines"] = list(found)
    record["seconds"]["baselines"] = round(time.perf_counter() - began, 1)
    record["machine"]["baselines"] = machine()


def record_sensorium(task: Task, record: dict[str, Any], effort: str, seed: int, out: Path | None) -> None:
    """Adds the library's answers and what it said of itself."""
    learned = learn(task, effort=effort, seed=seed, out=out)
    record["answers"]["sensorium"] = jsonable(learned.answers)
    record["seconds"] |= {
        "sensorium": round(learned.fit_seconds, 1),
        "sensorium predict": round(learned.predict_seconds, 1),
    }
    record |= {"told": learned.metrics, "effort": effort, "seed": seed}
    record["machine"]["sensorium"] = machine()


def one_fold(task: Task, asked: argparse.Namespace) -> None:
    """Runs what was asked for and writes the fold's record."""
    path = RAW / f"{task.name}-{task.fold}.json"
    record = json.loads(path.read_text()) if path.exists() else fresh(task)
    if asked.only != "sensorium":
        record_baselines(task, record)
    if asked.only != "baselines":
        out = None if asked.out is None else asked.out / f"{task.name}-{task.fold}"
        record_sensorium(task, record, asked.effort, asked.seed, out)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, separators=(",", ":")) + "\n")
    truth = np.array(record["truth"])
    rows = Answers(truth, np.zeros(len(truth)), np.arange(len(truth)))
    for name, answers in record["answers"].items():
        value = score(task.metric, rows, np.array(answers))
        print(f"{task.name} fold {task.fold}  {task.metric} {value:.4f}  {name}")


def folds_of(name: str, asked: Sequence[int] | None) -> Sequence[int]:
    """The asked folds, or all of the table."""
    return asked or range(len(letters(name)))


def main() -> None:
    """Runs tables, then writes the summary of everything that is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", choices=list(TABLES), help="which table; default: all, then the summary")
    parser.add_argument("--fold", type=int, action="append", help="repeatable; default: all")
    parser.add_argument("--only", choices=["baselines", "sensorium"], help="default: both")
    parser.add_argument("--effort", default="good", choices=["fast", "good", "best"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="keep the library's run folders here")
    parser.add_argument("--summarise", action="store_true", help="write results/quality.md")
    asked = parser.parse_args()
    everything = asked.table is None and not asked.summarise
    names = list(TABLES) if everything else [asked.table] if asked.table else []
    for name in names:
        for fold in folds_of(name, asked.fold):
            one_fold(TABLES[name](fold), asked)
    if asked.summarise or everything:
        print(summarise())


if __name__ == "__main__":
    main()
