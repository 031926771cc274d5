"""Signals of sensors: one or many channels over time, with gaps, at one rate or with their times."""

import io
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field as Limit
from torch import Tensor, nn

from sensorium.errors import CorruptCell, PlanError
from sensorium.media import signal, signal_facts
from sensorium.media.cells import Sample, distinct, each, is_missing
from sensorium.media.json_media import from_data_address
from sensorium.media.signal_cells import parsed
from sensorium.media.signal_files import Limits
from sensorium.media.signal_likeness import likeness
from sensorium.media.signal_statistics import names
from sensorium.modalities._base import Guess, Modality, Shown
from sensorium.modalities._signal_numbers import statistics
from sensorium.table.field import Field
from sensorium.table.packed import Cell, Packed, ragged
from sensorium.types import Arrays, Facts, Json, Layout

_LOOKED, _LONGEST_AUTO = 400, 4_096
_FAR = 8.0
"""Deviations beyond which numbers grow only with their logarithm."""
_LEAST_DEVIATION = 1e-3
"""Of a row's channel, in the column's deviations, where each row is scaled by its own."""

Rate = Annotated[float, Limit(gt=0, le=1e9)]


class Sensor(Modality):
    """A signal: list or array (T,), (T, C), (C, T); dict of channels; list with a dict a step; file, bytes.

    Files are npy, npz (``windows.npz#phone[3]`` is row 3 of the array ``phone``) and text tables with one row
    a step. A field or column named like a time (t, time, timestamp ...) holds times: numbers or moments. A
    number named ``rate`` (or ``sampling_rate``, ``fs``, ``hz``) beside the channels says steps a second. NaN,
    null and infinities are gaps.

    What looks like it, by content: named channels, times, text tables; arrays (T, C) of at most 32 channels;
    lists of different lengths; equally long lists of at least 8 numbers whose neighbours go together (a usual
    correlation of 0.4). Other equally long lists are vectors, and arrays of more channels sequences of them
    (modality ``embedding``), unless neighbouring channels go together.

    Members without an encoder read the numbers that ``media.signal_statistics.names`` lists.

    Choices:
        rate: steps a second that are kept, or these and at how many cells that say none were recorded; None:
            the median of what cells say. Cells that say nothing keep every step, unless a pair is given.
        longest: steps that are kept, from the start; None: all, up to twice the 99 % quantile of the lengths
            and to 4,096.
        irregular: resample to even steps (gaps of more than 5 stay), or keep the times for an encoder that
            reads them.
        channels: how many there are, or the names of those to read (1, 2, ... in arrays); None: all. The axis
            of an array that is that long is theirs; None: the shorter one when always as long.
        time: name of the field or column with times; None: found by its name.
        scale: by each channel's median and spread in training, by each row's own besides, or none.
        max_steps: signals that declare more are corrupt.
        max_megabytes: signals that are larger are corrupt, and rows of packed arrays 20 times as large.
    """

    layouts = ("frames",)
    default_encoder = "tcn"
    default_augment = ("signal",)
    media = True
    prepared_from = ("channels", "names", "first", "rate", "recorded", "longest", "exact")

    def __init__(
        self,
        *,
        rate: Rate | tuple[Rate, Rate] | None = None,
        longest: Annotated[int, Limit(ge=1)] | None = None,
        irregular: Literal["resample", "keep"] = "resample",
        channels: Annotated[int, Limit(ge=1)] | tuple[str, ...] | None = None,
        time: str | None = None,
        scale: Literal["channel", "row", "none"] = "channel",
        max_steps: Annotated[int, Limit(ge=1)] = 1_000_000,
        max_megabytes: Annotated[float, Limit(gt=0)] = 200.0,
    ) -> None:
        pair = rate if isinstance(rate, tuple | list) else (rate, None)
        self.rate, self.recorded, self.longest = pair[0], pair[1], longest
        self.keep, self.time, self.scale = irregular == "keep", time, scale
        self.channels, self.limits = channels, Limits(max_steps, max_megabytes)

    @classmethod
    def sniff(cls, cells: Sequence[Cell]) -> Guess:
        """By the rule of the class: named, timed, ragged, smooth or (T, C) is a signal, else a vector."""
        return Guess(*likeness(cells))

    @classmethod
    def fake(cls, rng: np.random.Generator, rows: int) -> list[Cell]:
        made: list[Cell] = []
        for _ in range(rows):
            steps, speed, phase = (
                np.arange(rng.integers(20, 60)),
                rng.uniform(0.1, 1, 3),
                rng.uniform(0, 6, 3),
            )
            waves = rng.uniform(1, 3) * np.sin(steps[:, None] * speed + phase)
            values = (waves + rng.normal(0, 0.1, waves.shape)).astype(np.float32)
            values[rng.random(values.shape) < 0.03] = np.nan
            file = io.BytesIO()
            np.save(file, values)
            made.append(file.getvalue())
        return made

    def fit(self, chunks: Iterable[Sequence[Cell]], rng: np.random.Generator) -> Facts:
        sample: Sample[Cell] = Sample(_LOOKED, rng)
        for chunk in chunks:
            sample.add([c for c in chunk if not (is_missing(c) or isinstance(c, CorruptCell))])
        cells, asked = sample.items(), self.channels
        number = asked if isinstance(asked, int) else None
        first = signal_facts.first_axis(cells, self.limits, number)
        chosen = tuple(asked) if isinstance(asked, tuple | list) else ()
        wanted = signal.Form(number or len(chosen), chosen, first, self.time)
        form, found = signal_facts.seen(cells, wanted, self.limits)
        rates = [s.rate for s in found if s.rate is not None]
        rate = self.rate or (float(f"{np.median(rates):.6g}") if rates else 1.0)
        recorded = self.recorded or rate
        lengths = np.array([s.steps if self.keep else s.steps_at(rate, recorded) for s in found] or [1.0])
        usual, top = np.floor(np.quantile(lengths, [0.99, 1]) + 1e-6)
        longest = self.longest or int(min(_LONGEST_AUTO, top if top <= 2 * usual else usual))
        return {
            "channels": form.channels,
            "names": list(form.names),
            "first": first,
            "rate": rate,
            "recorded": recorded,
            "longest": max(1, longest),
            **signal_facts.scales([s.head for s in found], form.channels),
            "rates": [float(f"{q:.6g}") for q in np.quantile(rates, [0, 0.5, 1])] if rates else [],
            "lengths": [round(float(q), 2) for q in np.quantile(lengths, [0, 0.5, 0.99, 1])],
            "cut": round(float((np.floor(lengths + 1e-6) > longest).mean()), 4),
        }

    def prepare(self, cells: Sequence[Cell], facts: Facts) -> Packed:
        records, index = distinct(cells)
        form = signal.Form(facts["channels"], tuple(facts["names"]), facts["first"], self.time)
        read, reasons = each(records, lambda cell: self._read(cell, form, facts))
        kind = np.float64 if facts["exact"] else np.float32
        empty = np.zeros((0, form.channels), kind)
        packed = ragged([None if r is None else r[0] for r in read], empty, reasons=reasons)
        real = np.isfinite(packed.values)
        values = np.where(real, packed.values, np.zeros((), kind))
        times = np.concatenate([np.zeros(0), *(r[1] for r in read if r is not None)]) if self.keep else None
        return Packed(values, packed.status, packed.offsets, real, times, reasons, index)

    def describe(self, facts: Sequence[Facts], layout: Layout) -> Facts:
        widths = [f["channels"] for f in facts]
        if len(set(widths)) > 1:
            raise PlanError(
                f"the signals of one input must have equally many channels; its columns gave {widths}. "
                "Set channels of this input, or give each column its own input."
            )
        longest = max(f["longest"] for f in facts)
        return {"layout": layout, "features": widths[0], "rate": facts[0]["rate"], "longest": longest}

    def arrays(self, part: Packed, records: NDArray[np.int64], layout: Layout) -> Arrays:
        values, mask, times = part.timed(records)
        told = None if times is None else torch.from_numpy(times)
        return Arrays(torch.from_numpy(values), torch.from_numpy(mask), told)

    def front(self, facts: Sequence[Facts], layout: Layout) -> nn.Module:
        if self.scale == "none":
            width = facts[0]["channels"]
            return _Scaled([0.0] * width, [1.0] * width, far=np.inf, by_row=False)
        return _Scaled(facts[0]["center"], facts[0]["spread"], far=_FAR, by_row=self.scale == "row")

    def field(self, name: str, facts: Sequence[Facts]) -> Field | None:
        return Field(name, "numbers", sum(len(names(f["channels"])) for f in facts), scaled=False)

    def plain(self, parts: Sequence[Packed], facts: Sequence[Facts]) -> tuple[Packed, ...]:
        return tuple(
            statistics(part, told["channels"], told["longest"])
            for part, told in zip(parts, facts, strict=True)
        )

    def notes(self, facts: Facts) -> tuple[str, ...]:
        told = []
        if facts["cut"] > 0:
            told.append(
                f"{facts['cut']:.1%} of its signals have more than {facts['longest']:,} steps; the rest of "
                "those is cut off (longest)"
            )
        if not self.keep and facts["rates"] and facts["rates"][0] < facts["rates"][-1]:
            low, _, high = facts["rates"]
            told.append(
                f"its signals have {low:g} to {high:g} steps a second; all are brought to {facts['rate']:g} "
                "(rate)"
            )
        if facts["first"] == "channels" and self.channels is None:
            told.append(f"its arrays are read as {facts['channels']} channels over time (channels says else)")
        return tuple(told)

    @classmethod
    def summary(cls, cells: Sequence[Cell]) -> Facts:
        return signal_facts.signal_facts(cells)

    def show(self, cell: Cell, most_bytes: int) -> Shown:
        form = signal.Form(first=signal_facts.first_axis([cell], self.limits), time=self.time)
        found = signal.decode(cell, form, self.limits)
        if found is None:
            return Shown("a signal without a real number")
        return Shown(signal_facts.words(found), lines=signal_facts.curves(found))

    @classmethod
    def from_json(cls, value: Json) -> Cell:
        if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
            try:
                return parsed(value)
            except CorruptCell as why:
                return why
        return value if isinstance(value, list) else from_data_address(value)

    @classmethod
    def to_json(cls, cell: Cell) -> Json:
        return None

    def _read(
        self, cell: Cell, form: signal.Form, facts: Facts
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Values (T, C) and times (T,); None where no number is real."""
        found = signal.decode(cell, form, self.limits)
        if found is None:
            return None
        rate, recorded, most = facts["rate"], facts["recorded"], facts["longest"]
        if self.keep:
            values, times = signal.timed(found, recorded, most)
        else:
            values = signal.at(found, rate, recorded, most=most, limits=self.limits)
            times = np.zeros(0)
        return (values, times) if np.isfinite(values).any() else None


class _Scaled(nn.Module):
    """Signals (B, T, C) about 0 with deviation 1 in each channel; the mask is (B, T, C) where gaps may be."""

    center_C: Tensor
    spread_C: Tensor

    def __init__(self, center: Sequence[float], spread: Sequence[float], *, far: float, by_row: bool) -> None:
        super().__init__()
        self.far, self.by_row = far, by_row
        self.register_buffer("center_C", torch.tensor(center, dtype=torch.float64), persistent=False)
        self.register_buffer("spread_C", torch.tensor(spread, dtype=torch.float64), persistent=False)

    def forward(self, x: Arrays) -> Arrays:
        mask_BTC = x.mask if x.mask.ndim == 3 else x.mask.unsqueeze(-1)
        center_C, spread_C = self.center_C.to(x.values.dtype), self.spread_C.to(x.values.dtype)
        z_BTC = ((x.values - center_C) / spread_C).float()
        z_BTC = torch.where(mask_BTC, z_BTC, torch.zeros_like(z_BTC))
        if self.by_row:
            count = mask_BTC.expand(z_BTC.shape).sum(1, keepdim=True).clamp(min=1)
            off = torch.where(mask_BTC, z_BTC - z_BTC.sum(1, keepdim=True) / count, torch.zeros_like(z_BTC))
            deviation = (off.square().sum(1, keepdim=True) / count).sqrt()
            z_BTC = off / deviation.clamp(min=_LEAST_DEVIATION)
        size = z_BTC.abs()
        held = z_BTC.sign() * (size.clamp(max=self.far) + (size - self.far).clamp(min=0).log1p())
        return Arrays(held, x.mask, x.times)
