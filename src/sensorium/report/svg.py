"""Pictures as text: scales, ticks, axes and marks. Pixels run right and down; colours come from the style."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sensorium.report.markup import Attributes, Html, joined, tag

WIDTH, HEIGHT = 420.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 12.0, 12.0, 42.0
"""Margins of a chart, for the axes."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Values low..high -> pixels start..end."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About ``count`` round numbers (1, 2 or 5 times a power of ten) within low..high, low < high."""
    rough = (high - low) / max(1, count)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [place * step for place in range(first, last + 1)]


def spread(values: Sequence[float], room: float = 0.06) -> tuple[float, float]:
    """(low, high) around the finite values with some room; never of width 0."""
    known = [v for v in values if math.isfinite(v)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-30):
        half = abs(low) / 10 or 0.5
        return low - half, high + half
    return low - room * (high - low), high + room * (high - low)


def labels(values: Sequence[float]) -> list[str]:
    """Tick labels, all with the same number of decimals; large and tiny ones short."""
    biggest = max((abs(v) for v in values), default=0.0)
    steps = [b - a for a, b in pairwise(values)]
    step = min(steps, default=biggest) or 1.0
    if biggest >= 1e12 or (0 < biggest < 1e-3):
        return [f"{v:.3g}" for v in values]
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if biggest >= max(unit, 1e4):
            return ["0" if v == 0 else f"{v / unit:.4g}{name}" for v in values]
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{round(v, places) + 0.0:,.{places}f}" for v in values]


def plain(value: float) -> str:
    """A figure in running text: four digits, thousands whole; a dash where it is not defined."""
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e12 else f"{value:.4g}"


def pixel(value: float) -> str:
    """A coordinate, short. It must be finite."""
    assert math.isfinite(value), "charts leave out what is not finite"
    return f"{value:.1f}".removesuffix(".0")


def picture(width: float, height: float, told: str, *marks: str, kind: str = "chart") -> Html:
    """A drawing of this size, which the style may stretch; told: what it shows, for who cannot see it."""
    size = {"viewBox": f"0 0 {pixel(width)} {pixel(height)}", "width": pixel(width)}
    return tag("svg", {**size, "class": kind, "role": "img", "aria-label": told}, *marks)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Html:
    """A straight line."""
    ends = {"x1": pixel(x1), "y1": pixel(y1), "x2": pixel(x2), "y2": pixel(y2)}
    return tag("line", {**ends, "class": kind})


def box(x: float, y: float, width: float, height: float, kind: str, more: Attributes, *inside: str) -> Html:
    """A rectangle; a negative width or height turns it round."""
    place = {"x": pixel(min(x, x + width)), "y": pixel(min(y, y + height))}
    size = {"width": pixel(abs(width)), "height": pixel(abs(height))}
    return tag("rect", {**place, **size, "class": kind, **more}, *inside)


def dot(x: float, y: float, radius: float, kind: str, *inside: str) -> Html:
    """A filled circle."""
    return tag("circle", {"cx": pixel(x), "cy": pixel(y), "r": pixel(radius), "class": kind}, *inside)


def words(x: float, y: float, text: str, kind: str = "", turn: float = 0.0) -> Html:
    """Text that starts at x, or is set by the class: ``middle``, ``end``. turn: degrees around its place."""
    told: dict[str, str | float] = {"x": pixel(x), "y": pixel(y)}
    if kind:
        told["class"] = kind
    if turn:
        told["transform"] = f"rotate({pixel(turn)} {pixel(x)} {pixel(y)})"
    return tag("text", told, text)


def path(points: Sequence[tuple[float, float]], kind: str) -> Html:
    """A line through some points."""
    steps = " ".join(f"{'L' if place else 'M'}{pixel(x)} {pixel(y)}" for place, (x, y) in enumerate(points))
    return tag("path", {"d": steps, "class": kind})


def axes(x: Scale, y: Scale, x_title: str, y_title: str, *, x_ticks: Sequence[float] | None = None) -> Html:
    """Grid lines, ticks with labels and titles of both axes."""
    across = ticks(x.low, x.high) if x_ticks is None else x_ticks
    upward = ticks(y.low, y.high)
    marks = []
    for value, text in zip(upward, labels(upward), strict=True):
        marks.append(line(x.start, y(value), x.end, y(value), "grid"))
        marks.append(words(x.start - 6, y(value) + 4, text, "end"))
    for value, text in zip(across, labels(across), strict=True):
        marks.append(line(x(value), y.start, x(value), y.start + 4, "axis"))
        marks.append(words(x(value), y.start + 17, text, "middle"))
    marks.append(line(x.start, y.start, x.end, y.start, "axis"))
    marks.append(words((x.start + x.end) / 2, y.start + 35, x_title, "middle title"))
    marks.append(words(12, (y.start + y.end) / 2, y_title, "middle title", -90))
    return joined(*marks)


def frame(
    x_range: tuple[float, float], y_range: tuple[float, float], height: float = HEIGHT
) -> tuple[Scale, Scale]:
    """The scales of a chart of the usual size, inside its margins."""
    x = Scale(*x_range, LEFT, WIDTH - RIGHT)
    return x, Scale(*y_range, height - BOTTOM, TOP)


def sparkline(lines: Mapping[str, Sequence[float]]) -> Html:
    """A small chart without axes, one curve a name, over one range; values that are not finite are gaps."""
    width, height, room = 240.0, 60.0, 3.0
    low, high = spread([v for values in lines.values() for v in values])
    up = Scale(low, high, height - room, room)
    marks = []
    for place, values in enumerate(lines.values()):
        across = Scale(0, max(1, len(values) - 1), room, width - room)
        points = [(across(i), up(v)) for i, v in enumerate(values) if math.isfinite(v)]
        if points:
            marks.append(path(points, f"curve thin line{place % 4}"))
    return picture(width, height, "the signal: " + ", ".join(lines), *marks, kind="spark")
