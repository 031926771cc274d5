"""Numbers and true cells -> a report: metrics with intervals, classes, calibration, worst errors, slices.

Shape letters: N rows, M rows whose true cell is there, W numbers a row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sensorium.metrics import metrics as family
from sensorium.metrics._base import Floats, Metric
from sensorium.metrics._bootstrap import DRAWS, Interval, measured, ones, resamples
from sensorium.metrics._diagnose import (
    calibration,
    class_scores,
    confusion,
    residual_quantiles,
    row_losses,
)
from sensorium.metrics._diagnose_sets import label_scores, said_sets, shown_sets
from sensorium.results import MOST_SHOWN, Miss, Slice, Subset, TargetReport
from sensorium.table.missingness import Missingness, missingness
from sensorium.table.prepared import Target
from sensorium.tasks._base import Task
from sensorium.types import Facts, Json

WORST, POINTS = 24, 1_000
FEWEST_ROWS = 5
"""A slice of fewer rows is not scored."""


@dataclass(frozen=True, slots=True)
class Judge:
    """The true cells of some rows, and how the rows count: what every score of a target shares.

    keep: int64 (M,), the rows among the N that have a true cell; all else is about those. places: their
    numbers in the table. groups: resampled whole by bootstraps, or None.
    """

    task: Task
    facts: Facts
    keep: NDArray[np.int64]
    places: NDArray[np.int64]
    truth: NDArray[np.generic]
    weight: Floats
    groups: NDArray[np.generic] | None = None

    def answers(self, numbers: Floats) -> Floats:
        """Numbers (N, W) of all rows -> the answers (M,) or (M, K) that metrics read."""
        return self.task.answers(numbers[self.keep], self.facts)

    def part(self, chosen: NDArray[np.bool_]) -> "Judge":
        """The same for some of the M rows; chosen: bool (M,)."""
        groups = None if self.groups is None else self.groups[chosen]
        return Judge(
            self.task, self.facts, self.keep[chosen], self.places[chosen],
            self.truth[chosen], self.weight[chosen], groups,
        )  # fmt: skip


def judge(
    task: Task,
    facts: Facts,
    target: Target,
    weight: Floats | None = None,
    groups: NDArray[np.generic] | None = None,
    places: NDArray[np.int64] | None = None,
) -> Judge:
    """The judge of N rows; those without a true cell, or of weight 0, are left out."""
    mass = ones(len(target.mask), weight)
    keep = np.flatnonzero(target.mask & (mass > 0))
    truth = task.truth(Target(target.values[keep], target.mask[keep]), facts)
    grouped = None if groups is None else groups[keep]
    return Judge(task, facts, keep, keep if places is None else places[keep], truth, mass[keep], grouped)


def evaluate_target(
    judge: Judge,
    numbers: Floats,
    names: Sequence[str],
    rng: np.random.Generator,
    present: Mapping[str, NDArray[np.bool_]] | None = None,
    hidden: Mapping[str, Floats] | None = None,
    draws: int = DRAWS,
) -> TargetReport:
    """The report of one candidate's numbers (N, W).

    names: metrics, the score first. present: {input: bool (N,)}, where the input is real, for slices.
    hidden: {input: numbers (N, W) with that input hidden in every row}.
    """
    score = family.get(names[0])()
    answer, absent = judge.answers(numbers), len(numbers) - len(judge.keep)
    drawn = resamples(len(judge.keep), rng, draws, judge.groups)
    sums: dict[object, Floats] = {}
    scored = {n: measured(family.get(n)(), judge.truth, answer, judge.weight, drawn, sums) for n in names}
    without = {
        name: measured(score, judge.truth, judge.answers(given), judge.weight, drawn)
        for name, given in (hidden or {}).items()
    }
    slices = _slices(judge, answer, score, present or {}, rng, draws)
    report = TargetReport(score.kind, len(judge.keep), absent, scored, slices=slices, hidden=without)
    shown = _DIAGNOSES.get(score.kind)
    return report if shown is None else shown(report, judge, answer, rng)


def evaluate_subsets(
    judge: Judge,
    drawn: NDArray[np.int64],
    numbers: Mapping[frozenset[str], Floats],
    inputs: Sequence[str],
    name: str,
    rng: np.random.Generator,
) -> tuple[Subset, ...]:
    """The score with each of these sets of inputs hidden, the worst first, which has an interval.

    drawn: int64 (n,), the places among the judge's N rows that numbers (n, W) are about. inputs: all.
    """
    score, places = family.get(name)(), np.searchsorted(drawn, judge.keep)
    there = np.isin(judge.keep, drawn)
    part = replace(judge.part(there), keep=places[there])
    found = []
    for hidden, given in numbers.items():
        value = score.value(part.truth, part.answers(given), part.weight)
        known = Interval(float(value), np.nan, np.nan, 0, len(part.keep))
        kept = tuple(n for n in inputs if n not in hidden)
        found.append((Subset(kept, tuple(n for n in inputs if n in hidden), known), given))
    turn = 1.0 if score.better == "high" else -1.0
    found.sort(key=lambda one: turn * one[0].score.value if np.isfinite(one[0].score.value) else np.inf)
    for place, (worst, given) in enumerate(found[:1]):
        resampled = resamples(len(part.keep), rng, DRAWS, part.groups)
        interval = measured(score, part.truth, part.answers(given), part.weight, resampled)
        found[place] = (replace(worst, score=interval), given)
    return tuple(one for one, _ in found)


def tested(
    judge: Judge, kind: str, lacking: Mapping[str, NDArray[np.bool_]], rng: np.random.Generator
) -> Missingness | None:
    """Whether the cells that rows lack, {column: bool (N,)}, predict the target; kind: its metrics'."""
    if kind not in ("labels", "numbers") or judge.truth.ndim != 1:
        return None
    labels = list(judge.facts["labels"]) if kind == "labels" else None
    gone = {name: rows[judge.keep] for name, rows in lacking.items()}
    return missingness(gone, judge.truth, rng, labels=labels, groups=judge.groups)


def _labels(report: TargetReport, judge: Judge, answer: Floats, rng: np.random.Generator) -> TargetReport:
    truth, labels = judge.truth.astype(np.int64), list(judge.facts["labels"])
    matrix = confusion(truth, answer, judge.weight)
    said = answer.argmax(1)
    cells = [(labels[t], labels[s]) for t, s in zip(truth, said, strict=True)]
    worst, points = _rows(report, judge, answer, cells, rng)
    shown = len(labels) <= MOST_SHOWN
    return replace(
        report,
        classes=class_scores(matrix, labels),
        confusion=tuple(tuple(float(x) for x in row) for row in matrix) if shown else (),
        calibration=calibration(truth, answer, judge.weight) if len(truth) else None,
        worst=worst,
        points=points,
    )


def _values(report: TargetReport, judge: Judge, answer: Floats, rng: np.random.Generator) -> TargetReport:
    if not len(answer):
        return report
    truth = judge.truth.astype(np.float64)
    cells = [(float(f"{t:.9g}"), float(f"{a:.9g}")) for t, a in zip(truth, answer, strict=True)]
    worst, points = _rows(report, judge, answer, cells, rng)
    return replace(report, residuals=residual_quantiles(truth, answer), worst=worst, points=points)


def _sets(report: TargetReport, judge: Judge, answer: Floats, rng: np.random.Generator) -> TargetReport:
    if not len(answer):
        return report
    labels = list(judge.facts["labels"])
    thresholds = judge.facts.get("thresholds") or [0.5] * len(labels)
    told = label_scores(judge.truth, answer, judge.weight, labels, thresholds)
    true, said = shown_sets(judge.truth, labels), said_sets(answer, labels)
    cells: list[tuple[Json, Json]] = [(t, s) for t, s in zip(true, said, strict=True)]
    worst, points = _rows(report, judge, answer, cells, rng)
    return replace(report, sets=told, worst=worst, points=points)


_DIAGNOSES: dict[str, Callable[[TargetReport, Judge, Floats, np.random.Generator], TargetReport]] = {
    "labels": _labels, "numbers": _values, "sets": _sets,
}  # fmt: skip
"""What is said of answers beside their metrics, by what a metric of them compares (``Metric.kind``)."""


def _rows(
    report: TargetReport,
    judge: Judge,
    answer: Floats,
    cells: Sequence[tuple[Json, Json]],
    rng: np.random.Generator,
) -> tuple[tuple[Miss, ...], tuple[Miss, ...]]:
    """The worst rows, and a sample of all in the table's order."""
    losses = row_losses(report.kind, judge.truth, answer)
    worst = np.argsort(-losses, kind="stable")[:WORST]
    drawn = rng.choice(len(losses), min(POINTS, len(losses)), replace=False) if len(losses) else worst
    worst_rows, points = (
        tuple(Miss(int(judge.places[i]), cells[i][0], cells[i][1], float(losses[i])) for i in chosen)
        for chosen in (worst, np.sort(drawn))
    )
    return worst_rows, points


def _slices(
    judge: Judge,
    answer: Floats,
    score: Metric,
    present: Mapping[str, NDArray[np.bool_]],
    rng: np.random.Generator,
    draws: int,
) -> tuple[Slice, ...]:
    lacking = {name: ~there[judge.keep] for name, there in present.items()}
    chosen = {f"without {name}": gone for name, gone in lacking.items()}
    if any(gone.any() for gone in lacking.values()):
        chosen["complete"] = ~np.logical_or.reduce(list(lacking.values()))
    found = []
    for name, rows in chosen.items():
        if rows.sum() >= FEWEST_ROWS:
            part = judge.part(rows)
            drawn = resamples(len(part.keep), rng, draws, part.groups)
            interval = measured(score, part.truth, answer[rows], part.weight, drawn)
            found.append(Slice(name, int(rows.sum()), interval))
    return tuple(found)
