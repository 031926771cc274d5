"""Numbers about signals: what a column's are like, for the modality and for people.

Letters: T steps, C channels.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from sensorium.media.cells import each
from sensorium.media.facts import spread
from sensorium.media.signal import Form, Signal, decode, says_rate, shape_of
from sensorium.media.signal_files import Limits
from sensorium.media.signal_times import Floats
from sensorium.types import Facts

Axis = Literal["steps", "channels"]

MOST_NAMES = 256
_HEAD, _LISTED = 4_000, 12
_STEPS = 1_000
"""Steps of a signal, evenly chosen, that its column's scale is learned from."""
_DEVIATION = 1.349
"""Interquartile range of a normal distribution with deviation 1."""
_LEAST_SHARE, _FAR = 0.1, 1e4
"""Share of the whole deviation that the scale is at least; middles further off, in scales, need float64."""


def first_axis(cells: Sequence[object], limits: Limits, channels: int | None = None) -> Axis:
    """Which axis of arrays comes first: the one that has as many places as there are channels.

    channels: how many there are. None: the axis that is as long in all cells, and the shorter one, is theirs.
    """
    shapes = [s for s in each(cells, lambda cell: shape_of(cell, limits))[0] if s is not None and len(s) == 2]
    first, second = {s[0] for s in shapes}, {s[1] for s in shapes}
    if channels is not None:
        return "channels" if first == {channels} and second != {channels} else "steps"
    if len(first) != 1 or (len(second) == 1 and min(second) <= min(first)):
        return "steps"
    return "channels" if max(first) < np.median([s[1] for s in shapes]) else "steps"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a signal. head: its first steps. steps, seconds: all of it; seconds and rate are None
    where the cell does not say them."""

    head: Floats
    steps: int
    seconds: float | None
    rate: float | None
    names: tuple[str, ...]

    @classmethod
    def of(cls, signal: Signal) -> Self:
        """Without what follows the head."""
        seconds = None if signal.times is None else float(signal.times[-1])
        head = signal.values[:_HEAD].copy()
        return cls(head, len(signal.values), seconds, says_rate(signal), signal.names)

    def steps_at(self, rate: float, recorded: float) -> float:
        """How many steps it has at a rate. recorded: the rate of a cell that says none."""
        if self.seconds is not None:
            return self.seconds * rate + 1
        return self.steps * rate / (self.rate or recorded)


def seen(cells: Sequence[object], form: Form, limits: Limits) -> tuple[Form, list[Seen]]:
    """The form with the channels that most of the cells have, and what was seen of those that have them."""
    found = _seen(cells, form, limits)
    named = [s.names for s in found if s.names]
    names = form.names
    if not names and 2 * len(named) > len(found):
        names = tuple(dict.fromkeys(name for one in named for name in one))[:MOST_NAMES]
    widths = Counter(s.head.shape[1] for s in found)
    channels = len(names) or min(widths, key=lambda width: (-widths[width], width), default=1)
    form = Form(channels, names, form.first, form.time)
    if any(s.names != names or s.head.shape[1] != channels for s in found):
        found = _seen(cells, form, limits)
    return form, found


def _seen(cells: Sequence[object], form: Form, limits: Limits) -> list[Seen]:
    def look(cell: object) -> Seen | None:
        signal = decode(cell, form, limits)
        return None if signal is None else Seen.of(signal)

    return [s for s in each(cells, look)[0] if s is not None]


def scales(values: Sequence[Floats], channels: int) -> Facts:
    """``center`` (medians) and ``spread`` (interquartile ranges as deviations) of each channel, the share of
    ``gaps``, and ``exact``: whether float32 would lose what varies."""
    thinned = [x[:: -(-len(x) // _STEPS) or 1] for x in values]
    every = np.concatenate([np.zeros((0, channels)), *thinned])
    center, width = [], []
    for column in every.T:
        real = column[np.isfinite(column)]
        low, middle, high = np.quantile(real, [0.25, 0.5, 0.75]) if len(real) else (0.0, 0.0, 0.0)
        whole = float(real.std()) if len(real) else 0.0
        usual = max(float(high - low) / _DEVIATION, _LEAST_SHARE * whole)
        center.append(float(middle))
        width.append(usual if usual > 1e-12 * max(1e-18, abs(float(middle))) else 1.0)
    far = np.abs(np.array(center)) > _FAR * np.array(width)
    gaps = float(np.isnan(every).mean()) if every.size else 0.0
    return {"center": center, "spread": width, "gaps": round(gaps, 4), "exact": bool(far.any())}


def signal_facts(cells: Sequence[object]) -> Facts:
    """Steps, channels, rates, seconds and the share of gaps, and the range of every channel."""
    limits = Limits()
    form, found = seen(cells, Form(first=first_axis(cells, limits)), limits)
    if not found:
        return {}
    told: Facts = {"steps": spread([s.steps for s in found]), "channels": form.channels}
    if rates := [s.rate for s in found if s.rate is not None]:
        told["rates"] = spread(rates)
    if seconds := [s.seconds for s in found if s.seconds is not None]:
        told["seconds"] = spread(seconds)
    heads = [s.head for s in found]
    gaps = float(np.mean([np.isnan(x).mean() for x in heads]))
    told |= {"gaps": round(gaps, 4)} if gaps else {}
    for place, name in enumerate(channel_names(form)[:_LISTED]):
        real = np.concatenate([x[:, place] for x in heads])
        real = real[np.isfinite(real)]
        told |= {f"channel {name}": spread(real)} if len(real) else {}
    return told


def channel_names(form: Form) -> tuple[str, ...]:
    """What the channels are called: 1, 2, ... where cells do not name them."""
    return form.names or tuple(str(n + 1) for n in range(form.channels))


def curves(signal: Signal, most: int = 120) -> dict[str, list[float]]:
    """At most six channels as lines of at most so many points, each by its own middle and spread."""
    x = signal.values[:: -(-len(signal.values) // most) or 1, :6]
    told = scales([x], x.shape[1])
    z = (x - np.array(told["center"])) / np.array(told["spread"])
    names = signal.names or tuple(f"channel {n + 1}" for n in range(x.shape[1]))
    return {name: [round(float(v), 4) for v in z[:, n]] for n, name in enumerate(names[: x.shape[1]])}


def words(signal: Signal) -> str:
    """A signal in a few words: ``50 steps of 6 channels over 1.0 s``."""
    steps, channels = signal.values.shape
    said = f"{steps:,} steps of {channels:,} channel{'s' if channels > 1 else ''}"
    if signal.times is not None:
        said += f" over {float(signal.times[-1]):.3g} s"
    elif signal.rate:
        said += f" at {signal.rate:g} a second"
    gaps = float(np.isnan(signal.values).mean())
    return f"{said}, {gaps:.1%} gaps" if gaps else said
