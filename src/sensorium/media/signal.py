"""Signals: any cell -> numbers of some channels over time, at one rate or with their times.

Letters: T steps, C channels.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sensorium.errors import CorruptCell
from sensorium.media.cells import shown
from sensorium.media.signal_cells import Fields, fields, is_time
from sensorium.media.signal_files import LIMITS, Limits
from sensorium.media.signal_times import Floats, at_rate, in_order, rate_of, seconds

RATES = ("rate", "sampling_rate", "sample_rate", "fs", "hz")
"""Names of a number beside the channels that says how many steps a second there are."""
LARGEST = 1e30
"""Numbers beyond are held at it, so that squares stay finite in float32's range of exponents."""


@dataclass(frozen=True, slots=True)
class Form:
    """How the cells of a column are read. channels: how many; 0: as many as there are.

    names: what the channels are called where cells name them. first: which axis of a two-dimensional array
    is the first. time: the field or column with times; None: by its name.
    """

    channels: int = 0
    names: tuple[str, ...] = ()
    first: Literal["steps", "channels"] = "steps"
    time: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """values: float64 (T, C), NaN where nothing is. times: float64 (T,), increasing from 0, where the cell
    has times. rate: steps a second, where the cell says it. names: of the channels, where it names them."""

    values: Floats
    times: Floats | None = None
    rate: float | None = None
    names: tuple[str, ...] = ()


def decode(cell: object, form: Form = Form(), limits: Limits = LIMITS) -> Signal | None:
    """A signal as it is recorded; None for one in which no number is real. Raises CorruptCell.

    cell: list or array (T,), (T, C) or (C, T); a dict of channels, or a list with a dict for each step; npy,
    npz or a text table as file or bytes; the text of a list. Infinities count as nothing.
    """
    held = fields(cell, limits, form.time)
    rate = _rate(held)
    columns = _columns(held, form)
    when = next((name for name in columns if is_time(name, form.time)), None)
    times = None if when is None or len(columns) == 1 else seconds(columns.pop(when))
    values, names = _chosen(columns, form)
    if times is not None:
        if len(times) != len(values):
            raise CorruptCell(f"the signal has {len(values):,} steps, but {len(times):,} times")
        values, times = in_order(values, times) if len(times) else (values, times)
    if np.isinf(values).any():
        values = np.where(np.isinf(values), np.nan, values)
    if not np.isfinite(values).any():
        return None
    return Signal(np.clip(values, -LARGEST, LARGEST), times, rate, names)


def at(signal: Signal, rate: float, recorded: float, *, most: int, limits: Limits) -> Floats:
    """A signal at ``rate`` steps a second (T, C), at most so many. recorded: the rate of one that says none.

    Raises CorruptCell for one that would have more than max_steps.
    """
    values, times = signal.values, signal.times
    own = signal.rate or recorded
    if times is None:
        if abs(own / rate - 1) < 1e-6:
            return values[:most]
        times = np.arange(len(values)) / own
    count = times[-1] * rate + 1
    if count > limits.max_steps:
        raise CorruptCell(
            f"the signal lasts {times[-1]:,.0f} s, which is {count:,.0f} steps at {rate:g} a second, "
            f"more than max_steps = {limits.max_steps:,}; set a lower rate or raise max_steps"
        )
    return at_rate(values, times, rate, most=most)


def timed(signal: Signal, recorded: float, most: int) -> tuple[Floats, Floats]:
    """The first steps of a signal as they are (T, C) with their times (T,)."""
    times = signal.times
    if times is None:
        times = np.arange(len(signal.values)) / (signal.rate or recorded)
    return signal.values[:most], times[:most]


def says_rate(signal: Signal) -> float | None:
    """Steps a second, as the cell says them or as its times show them."""
    return signal.rate or (None if signal.times is None else rate_of(signal.times))


def _rate(held: Fields) -> float | None:
    """The rate that a cell says in a number beside its channels, which is taken out."""
    name = next((n for n in held if n.lower() in RATES and np.ndim(held[n]) == 0), None)  # type: ignore[arg-type]
    if name is None:
        return None
    told = held.pop(name)
    value = float(told) if isinstance(told, int | float | np.number | np.ndarray) else np.nan
    if not (np.isfinite(value) and value > 0):
        raise CorruptCell(f"the signal's {name} must be a number above 0, got {shown(told)}")
    return value


def _columns(held: Fields, form: Form) -> dict[str, object]:
    """One-dimensional columns by name; those of arrays without names are called 1, 2, ..."""
    found: dict[str, object] = {}
    for name, value in held.items():
        if isinstance(value, list):
            found[name] = value
            continue
        if not isinstance(value, np.ndarray) or value.ndim == 0:
            if name == "":
                raise CorruptCell(f"expected a signal (T,) or (T, C), got {shown(value)}")
            continue  # a word or a number beside the channels
        if value.ndim > 2 or value.dtype.kind not in "biufMm":
            raise CorruptCell(f"expected a signal (T,) or (T, C) of numbers, got {shown(value)}")
        if value.ndim == 1:
            found[name or "1"] = value
            continue
        table = value.T if form.first == "channels" else value
        numbers = range(table.shape[1])
        found |= {f"{name} {n + 1}" if name else str(n + 1): table[:, n] for n in numbers}
    return found


def _chosen(columns: dict[str, object], form: Form) -> tuple[Floats, tuple[str, ...]]:
    """The channels (T, C) that the form names, or all that hold numbers, and what they are called."""
    real = {n: c for n, c in columns.items() if isinstance(c, np.ndarray) and c.dtype.kind in "biuf"}
    if not real:
        raise CorruptCell("expected a signal, got no channel of numbers")
    lengths = {len(column) for column in real.values()}
    if len(lengths) > 1:
        told = ", ".join(f"{name!r} has {len(column):,}" for name, column in list(real.items())[:4])
        raise CorruptCell(f"the channels must have equally many steps; {told}")
    named = list(real) != [str(n + 1) for n in range(len(real))]
    if form.names and any(name in real for name in form.names):
        gap = np.full(lengths.pop(), np.nan)
        kept = [real.get(name, gap) for name in form.names]
        return np.stack(kept, 1).astype(np.float64), form.names
    if form.names and named:
        listed = ", ".join(map(repr, form.names[:5]))
        raise CorruptCell(f"none of the channels {listed} is there, but {', '.join(map(repr, [*real][:5]))}")
    if form.channels and len(real) != form.channels:
        raise CorruptCell(f"expected {form.channels} channels, got {len(real)}")
    return np.stack(list(real.values()), 1).astype(np.float64), tuple(real) if named else ()


def shape_of(cell: object, limits: Limits = LIMITS) -> tuple[int, ...] | None:
    """The shape of the one array that a cell holds without naming channels; None for every other cell."""
    try:
        held = fields(cell, limits)
    except CorruptCell:
        return None
    only = held.get("")
    return only.shape if isinstance(only, np.ndarray) and len(held) == 1 else None
