"""Where answers go wrong: confusion, calibration, classes, residuals, the worst rows with their cells."""

from collections.abc import Mapping

from sensorium.metrics import metrics
from sensorium.metrics._diagnose_sets import SetsFound
from sensorium.metrics._show import fixed, within
from sensorium.model import modality_of
from sensorium.plan import InputPlan
from sensorium.report import charts
from sensorium.report.markup import Html, card, folded, grid, joined, muted, p, tag
from sensorium.report.media import cell_html
from sensorium.report.svg import plain
from sensorium.results import Miss, TargetReport
from sensorium.table.table import Table

MOST_CARDS, MOST_CLASSES, MOST_COLUMNS = 12, 30, 12
MEDIA_BYTES = 3_000_000
"""What all media of a page may take, before base64 makes it a third more."""


def answers(report: TargetReport, name: str) -> Html:
    """Confusion and calibration of labels, or truth and residuals of numbers."""
    made = []
    if report.confusion:
        labels = [str(c.label) for c in report.classes]
        note = p("Each row is a true label; the shade is the share of that row.")
        made.append(card("Confusion", charts.heat(report.confusion, labels), note))
    if report.calibration is not None:
        told = f"Expected calibration error: {100 * report.calibration.error:.1f} points."
        more = " A bar below the line is too sure, one above it too shy; stronger bars hold more rows."
        made.append(card("Calibration", charts.reliability(report.calibration), p(told, more)))
    if report.sets is not None and report.sets.curves:
        told = f"Rows from the surest on, by the {len(report.sets.curves)} most frequent labels."
        made.append(card("Precision and recall", charts.precision_recall(report.sets.curves), p(told)))
    if report.kind == "numbers" and report.points:
        made += _numbers(report, name)
    if not made:
        return muted("There is nothing to draw.")
    drawn = report.kind == "numbers" and len(report.points) < report.rows
    few = [muted(f"{len(report.points):,} of {report.rows:,} rows, drawn by chance.")] if drawn else []
    return joined(tag("div", {"class": "cards wide"}, *made), *few)


def _numbers(report: TargetReport, name: str) -> list[Html]:
    pairs = [(_number(m.truth), _number(m.answer)) for m in report.points]
    residuals = [answer - truth for truth, answer in pairs]
    quantiles = [[f"{100 * float(q):g} %", plain(value)] for q, value in report.residuals.items()]
    table = grid(["share of rows below", "answer - truth"], quantiles) if quantiles else ""
    bands, held = [m.band for m in report.points], list[Html]()
    if "coverage" in report.metrics:
        share = within(metrics.get("coverage")(), report.metrics["coverage"])
        held.append(p(f"The lines are the answers' intervals; the truth lies within {share} of them."))
    return [
        card("Answers by truth", charts.scatter(pairs, f"true {name}", "answer", bands), *held),
        card("Residuals", charts.histogram(residuals, "answer - truth"), table),
    ]


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def classes(report: TargetReport) -> Html:
    """Precision, recall, F1 and support of every label."""
    rows = [
        [str(c.label), *(fixed(100 * x, 1) for x in (c.precision, c.recall, c.f1)), f"{c.support:,.6g}"]
        for c in report.classes
    ]
    table = grid(["label", "precision, %", "recall, %", "F1, %", "rows"], rows)
    return folded(f"all {len(rows):,} labels", table) if len(rows) > MOST_CLASSES else table


def label_table(found: SetsFound) -> Html:
    """Support, threshold, precision, recall, F1 and average precision of every label, the frequent first."""
    rows = []
    for one in found.labels:
        shares = (fixed(100 * x, 1) for x in (one.precision, one.recall, one.f1, one.average_precision))
        rows.append([str(one.label), f"{one.support:,.6g}", f"{one.threshold:.3f}", *shares])
    head = ["label", "rows", "threshold", "precision, %", "recall, %", "F1, %", "average precision, %"]
    note = muted("A label is said from its threshold on: 0.5, or what validation rows settled.")
    table = joined(grid(head, rows), note)
    return folded(f"all {len(rows):,} labels", table) if len(rows) > MOST_CLASSES else table


def worst(report: TargetReport, table: Table, inputs: Mapping[str, InputPlan]) -> Html:
    """The most wrong rows, each with its inputs' cells."""
    wrong = report.worst if report.kind == "numbers" else [m for m in report.worst if m.truth != m.answer]
    if not wrong:
        return muted("No answer is wrong." if report.rows else "No row has a true cell.")
    chosen = list(wrong[:MOST_CARDS])
    media = sum(len(i.columns) for i in inputs.values() if modality_of(i).media)
    share = MEDIA_BYTES // max(1, len(chosen) * media)
    cards = [_worst_card(report, miss, table, inputs, share) for miss in chosen]
    return tag("div", {"class": "cards"}, *cards)


def _worst_card(
    report: TargetReport, miss: Miss, table: Table, inputs: Mapping[str, InputPlan], share: int
) -> Html:
    said = tag(
        "p", {"class": "said"},
        "true ", tag("span", {"class": "true"}, _value(miss.truth)),
        ", said ", tag("span", {"class": "false"}, _value(miss.answer)),
        tag("small", {"class": "muted"}, _loss(report.kind, miss.loss)),
    )  # fmt: skip
    pairs = [(asked, column) for asked in inputs.values() for column in asked.columns]
    cells = [
        joined(tag("dt", {}, column), tag("dd", {}, cell_html(table, asked, column, miss.row, share)))
        for asked, column in pairs[:MOST_COLUMNS]
    ]
    more = [muted(f"and {len(pairs) - MOST_COLUMNS} more columns")] if len(pairs) > MOST_COLUMNS else []
    return card(table.row_number(miss.row), said, tag("dl", {"class": "cells"}, *cells), *more)


def _value(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    if isinstance(value, list):
        text = ", ".join(map(str, value)) or "no label"
    return text if len(text) <= 80 else text[:79] + "\N{HORIZONTAL ELLIPSIS}"


def _loss(kind: str, loss: float) -> str:
    return f" off by {plain(loss)}" if kind == "numbers" else f" loss {loss:.2f}"
