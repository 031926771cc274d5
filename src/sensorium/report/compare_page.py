"""Fusions side by side: a table of text, and a page with intervals."""

from collections.abc import Sequence
from pathlib import Path

from sensorium.metrics import metrics
from sensorium.metrics._base import Metric
from sensorium.metrics._bootstrap import Interval
from sensorium.metrics._show import aligned, named, within
from sensorium.report import charts
from sensorium.report.charts import Three
from sensorium.report.markup import Html, grid, joined, muted, p, tag
from sensorium.report.shell import Part, whole_page
from sensorium.train.compare import Comparison, Fused


def as_text(found: Comparison) -> str:
    """The table as text: name, score, gain over the best single input, mean rank, weights, seconds."""
    metric = metrics.get(found.score)()
    head = ["fusion", named(found.score, metric), f"gain over {found.single}", "rank", "weights", "s"]
    rows = [[*_cells(metric, one)] for one in found.fusions]
    rows.append([f"{found.single} alone", within(metric, found.alone), "", "", "", ""])
    return f"{_said(found)}\n\n{aligned([head, *rows])}"


def write_comparison(path: Path, found: Sequence[Comparison]) -> None:
    """Write one page of all targets: a single file that needs no network."""
    parts = [Part(f"t{place}", one.target, _section(one)) for place, one in enumerate(found)]
    first = found[0]
    ahead, count = first.ahead(), len(first.fusions)
    told = f"{ahead[0]} is ahead of {count - 1} other fusions"
    if len(ahead) > 1:
        told = f"{first.rows:,} test rows cannot tell {len(ahead)} of {count} fusions apart"
    headline = tag("h1", {}, told)
    facts = {
        "seeds": str(first.seeds), "test rows": f"{first.rows:,}", "split": first.how,
        "took": f"{first.seconds:,.0f} s",
    }  # fmt: skip
    path.write_text(whole_page("Sensorium: fusions compared", headline, facts, parts), encoding="utf-8")


def _said(found: Comparison) -> str:
    """What was compared, and what the order says."""
    over = [one.name for one in found.fusions if one.gain.low > 0]
    under = [one.name for one in found.fusions if one.gain.high < 0]
    count, ahead = len(found.fusions), found.ahead()
    told = f"{found.target}: {count} fusions, {found.seeds} seeds each, {found.rows:,} test rows. "
    told += f"Beyond chance {len(over)} of {count} are better than `{found.single}` alone"
    told += f", worse: {', '.join(under)}" if under else ""
    if len(ahead) == 1:
        return f"{told}; {ahead[0]} is better than every other."
    return f"{told}; these cannot be told from the best: {', '.join(ahead)}."


def _cells(metric: Metric, one: Fused) -> list[str]:
    return [
        one.name, within(metric, one.score), _points(metric, one.gain), f"{one.rank:.1f}", f"{one.weights:,}",
        f"{one.seconds:.0f}",
    ]  # fmt: skip


def _points(metric: Metric, gain: Interval) -> str:
    """``+2.1 [0.9, 3.3]``: points of percent metrics."""
    told = within(metric, gain).replace(" %", "")
    return told if told.startswith("-") else f"+{told}"


def _section(found: Comparison) -> Html:
    metric = metrics.get(found.score)()
    rows: list[list[str]] = []
    gains = charts.strip_scale([_three(one.gain) for one in found.fusions], zero=True)
    for one in found.fusions:
        name, score, gain, rank, weights, seconds = _cells(metric, one)
        shown = charts.strip(gains, _three(one.gain), f"{name}: {gain}", bar=True)
        rows.append([name, score, shown, gain, rank, weights, seconds])
    rows.append([f"{found.single} alone", within(metric, found.alone), "", "", "", "", ""])
    rows.append(["", "", charts.strip_axis(gains, metric.percent), "", "", "", ""])
    head = [
        "fusion", named(found.score, metric), f"gain over {found.single} alone", "95 % interval", "rank",
        "weights", "s",
    ]  # fmt: skip
    note = (
        "Every fusion has the same rows, the same steps and, under one seed, the same trained single inputs "
        "to start from. Scores are means over the seeds; intervals resample the test rows, not the seeds. "
        "The rank is the mean place over the seeds. Nothing was chosen on test rows."
    )
    return joined(p(_said(found)), grid(head, rows, left=1, kind="strips"), muted(note))


def _three(one: Interval) -> Three:
    return one.value, one.low, one.high
