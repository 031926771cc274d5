"""How the networks learned: loss and validation score by epoch, from the candidates' histories."""

from collections.abc import Iterable, Mapping
from typing import Any

from sensorium.metrics import metrics as family
from sensorium.metrics._base import Metric
from sensorium.metrics._show import named
from sensorium.plan import Plan
from sensorium.report.charts import curves
from sensorium.report.markup import Html, card, folded, joined, muted, p, tag
from sensorium.train.climb import Candidate
from sensorium.types import Facts

MOST_OPEN = 6
"""Networks whose curves are shown at once; the others are folded away."""


def learning(candidates: Iterable[Candidate], plan: Plan) -> Html:
    """Two charts a network. Networks that only make features for trees come last, folded."""
    found: dict[str, list[Facts]] = {}
    for candidate in candidates:
        for record in candidate.history:
            found.setdefault(str(record["network"]), []).append(record)
    if not found:
        return muted("No network was trained.")
    metric, name = _score(plan)
    main = [n for n in found if not n.startswith("features ")][:MOST_OPEN]
    rest = [n for n in found if n not in main]
    parts = [tag("div", {"class": "cards wide"}, *(_network(n, found[n], metric, name) for n in main))]
    if rest:
        cards = (_network(n, found[n], metric, name) for n in rest)
        parts.append(folded(f"{len(rest)} more networks", tag("div", {"class": "cards wide"}, *cards)))
    return joined(*parts)


def _score(plan: Plan) -> tuple[Metric | None, str]:
    """The metric of the one target, or none: several targets are chosen by their mean score."""
    asked = next(iter(plan.targets.values()))
    if len(plan.targets) > 1:
        return None, "mean score"
    metric = family.get(asked.score)()
    return metric, named(asked.score, metric) + (", %" if metric.percent else "")


def _network(name: str, records: list[Facts], metric: Metric | None, shown: str) -> Html:
    sign = 1.0 if metric is None or metric.better == "high" else -1.0
    factor = sign * (100 if metric is not None and metric.percent else 1)
    losses = {"training": _points(records, "loss"), "validation": _points(records, "val_loss")}
    losses = {n: points for n, points in losses.items() if points}
    scores = [(x, y * factor) for x, y in _points(records, "score")]
    speed = [r["rows_per_second"] for r in records if isinstance(r.get("rows_per_second"), float | int)]
    seconds = sum(float(r.get("seconds", 0.0)) for r in records)
    told = f"{len(records)} epochs, {seconds:,.1f} s"
    told += f", {sum(speed) / len(speed):,.0f} rows/s" if speed else ""
    waiting = [float(r["waiting"]) for r in records if isinstance(r.get("waiting"), float | int)]
    told += f", waited for data {100 * sum(waiting) / len(waiting):.1f} % of the time" if waiting else ""
    return card(
        name,
        curves(losses, "loss", f"loss of {name} by epoch"),
        curves({"validation": scores}, shown, f"validation {shown} of {name} by epoch"),
        p(tag("small", {"class": "muted"}, told)),
    )


def _points(records: Iterable[Mapping[str, Any]], key: str) -> list[tuple[float, float]]:
    return [(float(r["epoch"]), float(r[key])) for r in records if isinstance(r.get(key), int | float)]
