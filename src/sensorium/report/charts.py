"""Charts: intervals, curves, heat map, reliability, answers by truth, residuals."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from sensorium.metrics._diagnose import Calibration
from sensorium.report import svg
from sensorium.report.markup import Html, joined, tag
from sensorium.report.svg import WIDTH, Scale

STRIP, STRIP_HEIGHT = 240.0, 24.0
MOST_FIGURES, LONGEST_LABEL = 20, 14
Three = tuple[float, float, float]
"""Value, low, high; nan where not defined."""


def strip_scale(rows: Sequence[Three], zero: bool = False) -> Scale:
    """One scale for the strips of a table; zero: whether it must hold 0."""
    values = [v for row in rows for v in row] + ([0.0] if zero else [])
    return Scale(*svg.spread(values), 6, STRIP - 6)


def strip(scale: Scale, three: Three, told: str, *, bar: bool = False, kind: str = "mark") -> Html:
    """One row of an interval chart: a dot, or a bar from 0, with its whisker."""
    value, low, high = three
    middle, marks = STRIP_HEIGHT / 2, []
    if bar:
        marks.append(svg.line(scale(0), 0, scale(0), STRIP_HEIGHT, "axis"))
        if math.isfinite(value):
            width = scale(value) - scale(0)
            marks.append(svg.box(scale(0), middle - 7, width, 14, f"{kind} soft", {}))
    if math.isfinite(low) and math.isfinite(high):
        marks.append(svg.line(scale(low), middle, scale(high), middle, f"{kind} whisker"))
        marks += [
            svg.line(scale(x), middle - 4, scale(x), middle + 4, f"{kind} whisker") for x in (low, high)
        ]
    if math.isfinite(value):
        marks.append(svg.dot(scale(value), middle, 4.5, kind))
    return svg.picture(STRIP, STRIP_HEIGHT, told, *marks, kind="strip")


def strip_axis(scale: Scale, percent: bool) -> Html:
    """The ticks below a column of strips."""
    factor = 100 if percent else 1
    places = svg.ticks(scale.low * factor, scale.high * factor, 4)
    marks = [svg.line(scale.start, 1, scale.end, 1, "axis")]
    for value, text in zip(places, svg.labels(places), strict=True):
        x = scale(value / factor)
        kind = "end" if x > scale.end - 12 else "middle" if x > scale.start + 12 else ""
        marks += [svg.line(x, 1, x, 5, "axis"), svg.words(x, 17, text, kind)]
    return svg.picture(STRIP, STRIP_HEIGHT, "scale", *marks, kind="strip")


def curves(series: Mapping[str, Sequence[tuple[float, float]]], y_title: str, told: str) -> Html:
    """Lines by epoch, the first ones solid, one dot an epoch; with a legend above when there are several."""
    known = {n: [(x, y) for x, y in points if math.isfinite(y)] for n, points in series.items()}
    last = max((x for points in known.values() for x, _ in points), default=1.0)
    x, y = svg.frame(
        (1.0, max(2.0, last)), svg.spread([v for points in known.values() for _, v in points]), 210
    )
    legend, top = _legend(list(known)) if len(known) > 1 else ([], 0.0)
    y = Scale(y.low, y.high, y.start, y.end + top)
    whole = sorted({max(1.0, float(round(v))) for v in svg.ticks(1, max(2.0, last))} | {1.0})
    marks = [svg.axes(x, y, "epoch", y_title, x_ticks=whole), *legend]
    for place, points in enumerate(known.values()):
        kind, placed = f"line{place % 4}", [(x(a), y(b)) for a, b in points]
        if placed:
            marks.append(svg.path(placed, f"curve {kind}"))
        if len(placed) <= 40:
            marks += [svg.dot(a, b, 2.5, f"spot {kind}") for a, b in placed]
    return svg.picture(WIDTH, 210, told, *marks)


def precision_recall(series: Mapping[str, Sequence[tuple[float, float]]]) -> Html:
    """Precision by recall, a line for each label, with a legend above when there are several."""
    x, y = svg.frame((0.0, 1.0), (0.0, 1.0), 300)
    legend, top = _legend(list(series)) if len(series) > 1 else ([], 0.0)
    y = Scale(y.low, y.high, y.start, y.end + top)
    marks = [svg.axes(x, y, "recall", "precision"), *legend]
    for place, points in enumerate(series.values()):
        marks.append(svg.path([(x(a), y(b)) for a, b in points], f"curve line{place % 4}"))
    return svg.picture(WIDTH, 300, f"precision by recall of {', '.join(series)}", *marks)


def _legend(names: Sequence[str]) -> tuple[list[Html], float]:
    """The names of curves in rows above them, and the height that they take."""
    marks, left, line = list[Html](), svg.LEFT, 0
    for place, name in enumerate(map(short, names)):
        width = 40.0 + 7 * len(name)
        if left + width > WIDTH and left > svg.LEFT:
            left, line = svg.LEFT, line + 1
        height = 14.0 + 16 * line
        marks.append(svg.line(left, height - 4, left + 18, height - 4, f"curve line{place % 4}"))
        marks.append(svg.words(left + 24, height, name))
        left += width
    return marks, 16.0 * (line + 1)


def short(text: str, most: int = LONGEST_LABEL) -> str:
    """A label that fits beside a chart."""
    return text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def heat(matrix: Sequence[Sequence[float]], names: Sequence[str]) -> Html:
    """The confusion matrix: a row for each true label, shaded by the share of the row."""
    count = len(names)
    side = max(13.0, min(44.0, 380.0 / count))
    left = 24 + 7 * max((len(short(n)) for n in names), default=1)
    top = 34.0 if all(len(short(n)) <= max(2, side // 8) for n in names) else 30 + 0.75 * left
    turned, marks = top > 34, list[Html]()
    marks.append(svg.words(left + count * side / 2, 12, "said", "middle title"))
    marks.append(svg.words(10, top + count * side / 2, "true", "middle title", -90))
    for place, name in enumerate(names):
        middle = (place + 0.5) * side + 4
        marks.append(svg.words(left - 6, top + middle, short(name), "end"))
        across = left + middle if turned else left + middle - 4
        marks.append(
            svg.words(across, top - 8, short(name), "" if turned else "middle", -55 if turned else 0)
        )
    for i, row in enumerate(matrix):
        total = sum(row)
        for j, weight in enumerate(row):
            share = weight / total if total > 0 else 0.0
            told = f"true {names[i]}, said {names[j]}: {weight:,.6g} ({100 * share:.1f} %)"
            kind = "cell right" if i == j else "cell wrong"
            at = left + j * side, top + i * side
            shade = {"style": f"fill-opacity:{0.04 + 0.96 * share:.3f}" if weight else "fill-opacity:0.03"}
            marks.append(svg.box(*at, side - 1, side - 1, kind, shade, tag("title", {}, told)))
            if weight and count <= MOST_FIGURES:
                dark = "middle in strong" if share > 0.55 else "middle in"
                marks.append(svg.words(at[0] + side / 2, at[1] + side / 2 + 4, f"{weight:.4g}", dark))
    size = left + count * side + (36 if turned else 8), top + count * side + 6
    return svg.picture(*size, "confusion matrix", *marks, kind="chart heat")


def reliability(found: Calibration) -> Html:
    """How often answers of each confidence are right: bars, against the diagonal of a perfect one."""
    x, y = svg.frame((0.0, 1.0), (0.0, 1.0), 300)
    most = max((b.weight for b in found.bins), default=1.0)
    marks = [svg.axes(x, y, "confidence", "share that is right")]
    for one in found.bins:
        told = (
            f"confidence {one.confidence:.3f}: right {one.accuracy:.3f}, {one.weight:,.6g} rows"
            f" ({one.low:.2f} to {one.high:.2f})"
        )
        width = x(one.high) - x(one.low)
        shade = {"style": f"fill-opacity:{0.25 + 0.6 * one.weight / most:.3f}"}
        inside = tag("title", {}, told)
        height = y(one.accuracy) - y(0)
        marks.append(svg.box(x(one.low) + 1, y(0), width - 2, height, "mark bar", shade, inside))
        marks.append(svg.dot(x(one.confidence), y(one.accuracy), 3.5, "mark2"))
    marks.append(svg.line(x(0), y(0), x(1), y(1), "ideal"))
    return svg.picture(WIDTH, 300, "reliability diagram", *marks)


def scatter(
    pairs: Sequence[tuple[float, float]], x_title: str, y_title: str,
    bands: Sequence[tuple[float, float] | None] = (),
) -> Html:  # fmt: skip
    """Answers by truth, against the diagonal of perfect ones. bands: of each answer its low and high, which
    hold the truth where their line meets the diagonal; they are cut at the frame."""
    known = [(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    limits = svg.spread([v for pair in known for v in pair])
    x, y = svg.frame(limits, limits, 300)
    spots = joined(*(svg.dot(x(a), y(b), 2.5, "point") for a, b in known))
    drawn = [(a, band) for (a, _), band in zip(pairs, bands, strict=False) if band and math.isfinite(a)]
    ends = [(a, *(min(max(end, limits[0]), limits[1]) for end in band)) for a, band in drawn]
    lines = joined(*(svg.line(x(a), y(low), x(a), y(high), "reach") for a, low, high in ends))
    ideal = svg.line(x(limits[0]), y(limits[0]), x(limits[1]), y(limits[1]), "ideal")
    marks = (svg.axes(x, y, x_title, y_title), lines, ideal, spots)
    return svg.picture(WIDTH, 300, f"{y_title} by {x_title}", *marks)


def histogram(values: Sequence[float], x_title: str) -> Html:
    """How often values lie in each of about 30 equal bins."""
    known = np.array([v for v in values if math.isfinite(v)])
    low, high = svg.spread(known.tolist(), 0.0)
    counts, edges = np.histogram(known, bins=min(30, max(5, len(known) // 5)), range=(low, high))
    x, y = svg.frame((low, high), (0.0, max(1.0, float(counts.max()) * 1.05)), 300)
    marks = [svg.axes(x, y, x_title, "rows")]
    for count, left, right in zip(counts.tolist(), edges.tolist(), edges.tolist()[1:], strict=False):
        width = x(right) - x(left)
        told = tag("title", {}, f"{left:.4g} to {right:.4g}: {count:,} rows")
        marks.append(svg.box(x(left) + 0.5, y(0), max(0.5, width - 1), y(count) - y(0), "mark bar", {}, told))
    if low < 0 < high:
        marks.append(svg.line(x(0), y(0), x(0), y(y.high), "ideal"))
    return svg.picture(WIDTH, 300, f"histogram of {x_title}", *marks)
