"""The report page: one self-contained HTML file that asks nothing of the network."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from sensorium.plan import InputPlan, Plan
from sensorium.plan_write import to_yaml
from sensorium.predict import Predictor
from sensorium.report import data, shapes, target
from sensorium.report.doctor import doctor
from sensorium.report.learning import learning
from sensorium.report.markup import Html, folded, joined, muted, p, tag
from sensorium.report.shell import Part, whole_page
from sensorium.results import EACH_FOLD, Report, TargetReport, TargetResult
from sensorium.table.table import Table
from sensorium.train.run import Run

SHAPES = {
    "labels": "Confusion and calibration", "numbers": "Answers and residuals", "sets": "Precision and recall"
}  # fmt: skip
"""What the section on answers is called, by what metrics of them compare."""
PACKAGES = ("sensorium", "torch", "scikit-learn", "numpy", "pyarrow")


def write_page(path: Path, run: Run, report: Report) -> None:
    """Write the page of a run: verdict, ladder, curves, errors, data, plan."""
    parts = [
        part
        for place, (name, found) in enumerate(report.targets.items())
        for part in _target(f"t{place}", name, found, run, report)
    ]
    place = _after_ladder(parts)
    parts.insert(place, Part("learning", "Learning", _learning(run)))
    if report.doctor is not None:
        parts.insert(place + 1, Part("doctor", "Balance of the inputs", doctor(report.doctor)))
    parts += [
        Part("columns", "Columns", data.columns(run.table, run.inference.guesses, run.corrupt)),
        Part("leaks", "Leaks", data.leaks(run.leaks, run.searched or run.table)),
        Part("corrupt", "Corrupt cells", _corrupt(run)),
    ]
    if run.notes:
        parts.append(Part("notes", "Notes", data.notes(run.notes)))
    parts.append(_plan(run.plan))
    told = _facts(run.plan, report) | {
        "rows of the table": f"{run.table.num_rows:,} ({run.table.source})",
        "split": run.how,
        "took": f"{run.seconds:,.1f} s, effort {run.plan.train.effort}",
    }
    _write(path, report, told, parts)


def evaluation_page(path: Path, predictor: Predictor, table: Table, report: Report) -> None:
    """Write the page of an evaluation: the same without ladder and curves."""
    parts = []
    for place, (name, found) in enumerate(report.targets.items()):
        parts += _answers(f"t{place}", name, found, table, predictor.plan.inputs, len(report.targets) > 1)
    guesses = data.planned_guesses(predictor.plan, table)
    parts += [
        Part("columns", "Columns", data.columns(table, guesses, report.corrupt)),
        Part("corrupt", "Corrupt cells", data.corrupt_cells(report.corrupt, table)),
    ]
    if report.notes:
        parts.append(Part("notes", "Notes", data.notes(report.notes)))
    parts.append(_plan(predictor.plan))
    told = _facts(predictor.plan, report) | {"table": f"{table.num_rows:,} rows ({table.source})"}
    _write(path, report, told, parts)


def _target(anchor: str, name: str, found: TargetResult, run: Run, report: Report) -> list[Part]:
    of = f" of {name}" if len(report.targets) > 1 else ""
    return [
        Part(f"{anchor}-adds", f"What each input adds{of}", target.adds(found)),
        Part(f"{anchor}-ladder", f"Ladder{of}", target.ladder(found, run.done)),
        *_answers(anchor, name, found, run.test, run.plan.inputs, len(report.targets) > 1),
    ]


def _answers(
    anchor: str, name: str, found: TargetResult, table: Table, inputs: Mapping[str, InputPlan], several: bool
) -> list[Part]:
    """The sections on the shipped answers to one target."""
    report, of = found.candidates[found.chosen], f" of {name}" if several else ""
    each = found.each
    parts = [
        Part(f"{anchor}-scores", f"Scores{of}", target.scores(report)),
        Part(f"{anchor}-answers", f"{_shape(report)}{of}", shapes.answers(report, name)),
    ]
    if report.sets is not None:
        parts.append(Part(f"{anchor}-labels", f"Labels{of}", shapes.label_table(report.sets)))
    if report.classes:
        parts.append(Part(f"{anchor}-labels", f"Labels{of}", shapes.classes(report)))
    return [
        *parts,
        Part(
            f"{anchor}-slices",
            f"When inputs lack{of}{f', {EACH_FOLD}' if each is not report else ''}",
            joined(target.slices(each, found.score), target.missingness(found, name)),
        ),
        Part(f"{anchor}-worst", f"Worst errors{of}", shapes.worst(report, table, inputs)),
    ]


def _corrupt(run: Run) -> Html:
    own = data.corrupt_cells(run.corrupt, run.table, run.plan.on_corrupt == "drop")
    if not run.corrupt_test:
        return own
    return joined(own, p("Of the test table:"), data.corrupt_cells(run.corrupt_test, run.test))


def _shape(report: TargetReport) -> str:
    return SHAPES.get(report.kind, "Answers")


def _after_ladder(parts: Sequence[Part]) -> int:
    return max((place + 1 for place, part in enumerate(parts) if part.name.endswith("-ladder")), default=0)


def _learning(run: Run) -> Html:
    told = []
    if run.split == "cross-validation":
        told.append(muted("Networks of the final training; those of the folds are in log.jsonl."))
    return joined(*told, learning(run.done.candidates.values(), run.plan))


def _plan(plan: Plan) -> Part:
    told = p("The plan as it was followed; training it again gives the same answers.")
    return Part("plan", "Plan", joined(told, folded("plan.yaml", tag("pre", {}, to_yaml(plan)))))


def _facts(plan: Plan, report: Report) -> dict[str, str]:
    asked = "; ".join(f"{name} ({one.task.name})" for name, one in plan.targets.items())
    given = ", ".join(f"{name} ({one.modality.name})" for name, one in plan.inputs.items())
    return {
        "asked": asked,
        "from": given,
        "scored on": f"{report.rows:,} rows ({report.split})",
        "shipped": ", ".join(dict.fromkeys(found.chosen for found in report.targets.values())),
        "seed": str(plan.seed),
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{n} {version(n)}" for n in PACKAGES)]
        ),
    }


def _write(path: Path, report: Report, told: Mapping[str, str], parts: Sequence[Part]) -> None:
    page = whole_page(f"Sensorium: {', '.join(report.targets)}", target.headline(report.targets), told, parts)
    path.write_text(page, encoding="utf-8")
