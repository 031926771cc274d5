"""Charts of a table's columns: histograms, common values, which cells are missing where.

Letters: C columns, S stretches of rows.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sensorium.report import svg
from sensorium.report.charts import short
from sensorium.report.markup import Html, tag
from sensorium.report.svg import plain

WIDTH, HEIGHT = 320.0, 96.0
BAR, LABEL, COUNT = 18.0, 118.0, 74.0
"""Height of a bar of common values, room for its label and for its count, in pixels."""
CELL, NAMES, STRETCHES = 16.0, 128.0, 60
"""Height of a row of the missing map, room for the columns' names, and how many stretches of rows it has."""
LONGEST = 16


def histogram(edges: Sequence[float], counts: Sequence[int], told: str) -> Html:
    """Bars of one width; the first and the last may reach further than they are wide."""
    most, count = max(1, *counts), len(counts)
    step = WIDTH / count
    marks = []
    for place, number in enumerate(counts):
        high = (HEIGHT - 22) * number / most
        title = tag("title", {}, f"{plain(edges[place])} to {plain(edges[place + 1])}: {number:,}")
        bar = svg.box(
            place * step, HEIGHT - 20, step, -max(high, 1.0 if number else 0.0), "mark bar", {}, title
        )
        marks.append(bar)
    marks.append(svg.line(0, HEIGHT - 20, WIDTH, HEIGHT - 20, "axis"))
    marks += [svg.words(x, HEIGHT - 5, text, kind) for x, text, kind in _labels(edges, step)]
    return svg.picture(WIDTH, HEIGHT, f"histogram of {told}", *marks, kind="column")


def _labels(edges: Sequence[float], step: float) -> list[tuple[float, str, str]]:
    """(x, text, class) of three labels: at edges, or below bars of whole numbers each."""
    count = len(edges) - 1
    whole = all(edge % 1 == 0.5 for edge in edges)
    if whole:
        places = sorted({0, (count - 1) // 2, count - 1}) if count > 4 else list(range(count))
        return [((at + 0.5) * step, plain(edges[at] + 0.5), "middle") for at in places]
    ends = {0: "", count // 2: "middle", count: "end"}
    return [(at * step, plain(edges[at]), ends[at]) for at in sorted(ends)]


def common(counts: Mapping[str, int], rows: int, told: str) -> Html:
    """The most common values as bars, with their counts and shares of these rows."""
    most, room = max([1, *counts.values()]), WIDTH - LABEL - COUNT
    marks = []
    for place, (name, number) in enumerate(counts.items()):
        y = place * BAR
        title = tag("title", {}, f"{name}: {number:,} ({100 * number / max(1, rows):.1f} %)")
        marks.append(svg.words(LABEL - 6, y + 13, short(name, LONGEST), "end"))
        marks.append(svg.box(LABEL, y + 3, max(1.0, room * number / most), BAR - 6, "mark bar", {}, title))
        share = f"{number:,} ({100 * number / max(1, rows):.0f} %)"
        marks.append(svg.words(LABEL + room * number / most + 5, y + 13, share))
    return svg.picture(WIDTH, max(BAR, BAR * len(counts)), f"common values of {told}", *marks, kind="column")


def missing_map(names: Sequence[str], shares_CS: NDArray[np.float64], rows: int) -> Html:
    """A line a column, from the table's first row to its last; the darker, the more cells are missing."""
    columns, stretches = shares_CS.shape
    width = 10.0
    marks = []
    for place, name in enumerate(names):
        y = place * CELL
        marks.append(svg.words(NAMES - 6, y + 12, short(name, LONGEST), "end"))
        for at, share in enumerate(shares_CS[place].tolist()):
            first, last = at * rows // stretches + 1, (at + 1) * rows // stretches
            title = tag("title", {}, f"{name}, rows {first:,} to {last:,}: {100 * share:.1f} % missing")
            shade = {"style": f"fill-opacity:{0.07 if share == 0 else 0.15 + 0.85 * share:.2f}"}
            kind = "cell wrong" if share else "cell right"
            marks.append(svg.box(NAMES + at * width, y + 1, width - 0.5, CELL - 2, kind, shade, title))
    end = NAMES + stretches * width
    bottom = columns * CELL + 15
    marks += [svg.words(NAMES, bottom, "row 1"), svg.words(end, bottom, f"row {rows:,}", "end")]
    return svg.picture(end, columns * CELL + 20, "missing cells by column and row", *marks, kind="missing")
