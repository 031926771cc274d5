"""A run in numbers and words: the report of every candidate, and the verdict."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.evaluate import Judge, evaluate_target, judge
from sensorium.fit_facts import task_of
from sensorium.plan import TargetPlan
from sensorium.predict import Predictor
from sensorium.results import EACH_FOLD, Report, TargetReport, TargetResult
from sensorium.store import Store
from sensorium.table.prepared import Prepared
from sensorium.table.table import Table
from sensorium.train.division import groups_of
from sensorium.train.measure import Values
from sensorium.train.run import Run
from sensorium.train.verdict import verdict
from sensorium.types import Facts


def metric_names(asked: TargetPlan) -> list[str]:
    """The task's metrics, the one that chooses first."""
    return list(dict.fromkeys([asked.score, *task_of(asked).metrics]))


def report_of(run: Run) -> Report:
    """What the ladder scores on the test rows, with the verdict on fusing."""
    targets = {n: _result(run, n, asked) for n, asked in run.plan.targets.items()}
    return Report(run.split, len(run.measured.rows), run.seconds, targets)


def _result(run: Run, name: str, asked: TargetPlan) -> TargetResult:
    found, facts = run.measured, run.facts["targets"][name]
    groups = None if run.groups is None else run.groups[found.rows]
    known = judge(task_of(asked), facts, found.targets[name], found.weight, groups, found.rows)
    names = metric_names(asked)
    rng = seeds.generator(run.plan.seed, f"bootstrap {name}")
    hidden = {n: values[name] for n, values in found.without.items()}
    crossed = found.folds > 1
    reports = {}
    for candidate, values in found.candidates.items():
        ships = candidate == found.chosen_name
        own, gone = found.present if ships else None, hidden if ships and not crossed else None
        reports[candidate] = evaluate_target(known, values[name], names, rng, own, gone)
    if crossed:
        reports[EACH_FOLD] = evaluate_target(known, found.chosen[name], names, rng, found.present, hidden)
    return TargetResult(asked.score, reports, found.chosen_name, _verdict(run, asked, known))


def _verdict(run: Run, asked: TargetPlan, known: Judge) -> Facts:
    name, found = asked.name, run.measured
    single = None
    if found.single is not None and found.single_name is not None:
        single = (found.single_name, found.single[name])
    without = {n: values[name] for n, values in found.without.items()}
    rng = seeds.generator(run.plan.seed, f"verdict {name}")
    told = verdict(
        known, asked.score, found.chosen[name], single, without, list(run.plan.inputs), rng, found.reads
    )
    if found.folds > 1:
        told["sentence"] = (
            f"{told['sentence']}; chosen in each of {found.folds} folds, while `{found.chosen_name}` ships"
        )
    why = run.done.skipped.get("fusion")
    if why is not None and len(run.plan.inputs) > 1:
        told["sentence"] = f"learned fusion was not trained ({why}); {told['sentence']}"
    return told


def evaluated(
    predictor: Predictor, table: Table, *, store: Store | None = None, seconds: float = 0.0
) -> Report:
    """A report of a predictor on a table that has the targets: slices and scores per hidden input too."""
    data = predictor.prepare(table, answering=False, store=store)
    groups = groups_of(predictor.plan, table)
    whole = predictor.numbers(data).values
    inputs = predictor.member.inputs
    hidden = {n: predictor.numbers(data.hiding([n])).values for n in inputs} if len(inputs) > 1 else {}
    present = {n: data.present(n) for n in predictor.plan.inputs}
    targets = {
        name: TargetResult(
            asked.score,
            {"shipped": _judged(predictor, asked, data, whole, hidden, present, groups)},
            "shipped",
        )
        for name, asked in predictor.plan.targets.items()
    }
    return Report("given", len(data), seconds, targets)


def _judged(
    predictor: Predictor, asked: TargetPlan, data: Prepared, whole: Values,
    hidden: Mapping[str, Values], present: Mapping[str, NDArray[np.bool_]],
    groups: NDArray[np.int64] | None,
) -> TargetReport:  # fmt: skip
    name = asked.name
    facts = predictor.facts["targets"][name]
    grouped = None if groups is None else groups[data.numbers]
    known = judge(task_of(asked), facts, data.targets[name], data.weight, grouped, data.numbers)
    rng = seeds.generator(predictor.plan.seed, f"bootstrap {name}")
    gone = {n: values[name] for n, values in hidden.items()}
    return evaluate_target(known, whole[name], metric_names(asked), rng, present, gone)


def remarks(run: Run) -> list[str]:
    """What to tell beside the scores: corrupt cells, unused columns, leaks, skipped rungs, notes."""
    said = []
    cells: dict[str, list[tuple[int, str]]] = {}
    for column, row, why in run.corrupt:
        cells.setdefault(column, []).append((row, why))
    for column, found in cells.items():
        row, why = found[0]
        many = (
            "1 cell is corrupt and counts"
            if len(found) == 1
            else f"{len(found):,} cells are corrupt and count"
        )
        said.append(f"column {column!r}: {many} as missing; the first, {run.table.row_number(row)}: {why}")
    said += [f"column {name!r} is not used: {why}" for name, why in run.inference.dropped().items()]
    said += [leak.text(run.searched or run.table) for leak in run.leaks]
    reasons: dict[str, list[str]] = {}
    for rung, why in run.done.skipped.items():
        reasons.setdefault(why, []).append(rung)
    said += [f"not climbed ({why}): {', '.join(rungs)}" for why, rungs in reasons.items()]
    return [*said, *dict.fromkeys(run.notes)]
