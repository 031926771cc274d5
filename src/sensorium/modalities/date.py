"""Dates and times: how long ago, and where in the day, the week, the month and the year."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field as Limit
from torch import Tensor, nn

from sensorium.errors import PlanError
from sensorium.media import scaling
from sensorium.media.cells import Sample, is_missing
from sensorium.media.time import Moments, Style, common_zone, moments
from sensorium.media.time_calendar import CYCLES, Part, angle, calendar, step_of
from sensorium.media.time_facts import moment_facts
from sensorium.media.time_numbers import Unit, likely_numbers, number_of, unit_of
from sensorium.media.time_words import orders, usual_order
from sensorium.modalities._base import Guess, Modality, Shown
from sensorium.table.beside import beside
from sensorium.table.field import Field
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell, Packed
from sensorium.types import Arrays, Facts, Json, Layout

SAMPLE, BINS, DAY = 100_000, 32, 86400.0
EARLIEST, LATEST = -14_831_769_600.0, 7_258_118_400.0
"""1500 to 2200: what reads as a date outside of it is more likely something else."""


class Date(Modality):
    """A moment: ISO 8601, as people write it, epoch numbers, times of day, or a date of any table's own type.

    Networks get the time since the earliest training moment, standardised, and sine and cosine of where the
    moment stands in its day, week, month and year; members without an encoder get the plain numbers as well.

    Choices:
        parts: hour, weekday, day (of the month), month, year_day; null: those that vary in training.
        elapsed: always, never, or auto: unless moments at one step only count the training rows.
        order: day or month first in 03/04/2020; auto: as the column's cells settle it, else as is usual.
        zone: own (as written), utc, or auto: the zone that all cells name, UTC where they name several.
        unit: of plain numbers: s, ms, us, ns or days since 1970, excel (its days), ymd (20200131), years, or
            by their size (auto).
        clip: standard deviations beyond which elapsed time grows only with its logarithm.
    """

    layouts = ("scalar",)
    default_encoder = "linear"
    together = True
    named = frozenset(
        "date time datetime timestamp ts epoch unix utc created updated modified changed at when day moment "
        "born start end begin finish opened closed last first seen".split()
    )

    def __init__(
        self,
        *,
        parts: tuple[Part, ...] | None = None,
        elapsed: Literal["auto", "always", "never"] = "auto",
        order: Literal["auto", "day", "month"] = "auto",
        zone: Literal["auto", "utc", "own"] = "auto",
        unit: Unit = "auto",
        clip: Annotated[float, Limit(ge=1)] = 6.0,
    ) -> None:
        if parts == () and elapsed == "never":
            raise PlanError(
                "parts is empty and elapsed is never: nothing of the dates is left. Name a part, or leave "
                "the column out."
            )
        self.parts, self.elapsed, self.order, self.zone = parts, elapsed, order, zone
        self.unit, self.clip = unit, clip

    @classmethod
    def sniff(cls, cells: Sequence[Cell]) -> Guess:
        real = [c for c in cells if not is_missing(c)]
        if not real:
            return Guess(0.0, "no cell is a date")
        numbers = [value for value in map(number_of, real) if value is not None]
        if 2 * len(numbers) > len(real):
            score, why = likely_numbers(np.array(numbers, np.float64))
            return Guess(score * len(numbers) / len(real), why)
        own = sum(isinstance(c, date | time | np.datetime64) for c in real)
        texts = [c for c in real if isinstance(c, str) and number_of(c) is None]
        wall = moments(texts, _style(texts, "auto", "auto")).wall
        read = int(((wall >= EARLIEST) & (wall < LATEST)).sum())
        share = (own + read) / len(real)
        kind = "of the table's own type" if own > read else "as texts"
        return Guess(
            (0.97 if share > 0.5 else 0.3) * share, f"{share:.0%} of the sampled cells are dates {kind}"
        )

    @classmethod
    def fake(cls, rng: np.random.Generator, rows: int) -> list[Cell]:
        seconds = rng.integers(0, 3 * 365 * 86400, rows)
        return [str(np.datetime64("2021-01-01T00:00:00") + np.timedelta64(int(s), "s")) for s in seconds]

    def fit(self, chunks: Iterable[Sequence[Cell]], rng: np.random.Generator) -> Facts:
        sample: Sample[Cell] = Sample(SAMPLE, rng)
        for chunk in chunks:
            sample.add(chunk)
        cells = sample.items()
        style, settled = _style(cells, self.order, self.unit), orders(c for c in cells if isinstance(c, str))
        found = moments(cells, style)
        zone = {"auto": common_zone(found), "utc": "UTC", "own": "own"}[self.zone]
        utc, real = found.utc(zone), ~np.isnan(found.wall)
        counts = step_of(utc, len(cells) / max(1, sample.seen)) is not None
        parts = list(_varying(found.local(zone)[real]) if self.parts is None else self.parts)
        tells = bool(found.dated[real].any()) and not counts
        elapsed = {"always": True, "never": False, "auto": tells or not parts}[self.elapsed]
        start = float(utc[real].min()) if real.any() else 0.0
        facts: Facts = {
            "order": style.order,
            "settled": self.order != "auto" or settled[0] is not None or not settled[1],
            "unit": style.unit,
            "zone": zone,
            "parts": parts if parts or elapsed else ["weekday"],
            "elapsed": elapsed,
            "counts_rows": counts,
            "count": int(real.sum()),
            "start": start,
            "scale": scaling.fit((utc[real] - start) / DAY, "none", self.clip),
        }
        return facts | {"bins": _bins(_numbers(found, facts)[real], facts)}

    def prepare(self, cells: Sequence[Cell], facts: Facts) -> Packed:
        found = moments(cells, Style(facts["order"], facts["unit"]))
        values = _numbers(found, facts)
        real = ~np.isnan(found.wall)
        status = np.where(real, PRESENT, MISSING).astype(np.uint8)
        status[list(found.reasons)] = CORRUPT
        kept = np.where(real[:, None], values, 0).astype(np.float32)
        return Packed(kept, status, mask=np.repeat(real[:, None], kept.shape[1], 1), reasons=found.reasons)

    def join(self, parts: Sequence[Packed]) -> tuple[Packed, ...]:
        return (beside(parts),)

    def describe(self, facts: Sequence[Facts], layout: Layout) -> Facts:
        bins = [edges for f in facts for edges in f["bins"]]
        return {"layout": layout, "features": len(bins), "bins": bins}

    def front(self, facts: Sequence[Facts], layout: Layout) -> nn.Module:
        return _Cycles(_turns(facts))

    def field(self, name: str, facts: Sequence[Facts]) -> Field | None:
        turns = _turns(facts)
        return Field(name, "numbers", len(turns) + 2 * sum(t is not None for t in turns), scaled=False)

    def plain(self, parts: Sequence[Packed], facts: Sequence[Facts]) -> tuple[Packed, ...]:
        (part,), turns = parts, _turns(facts)
        assert part.mask is not None, "dates are prepared with a mask"
        values, mask = [part.values], [part.mask]
        for place, turn in enumerate(turns):
            if turn is not None:
                round_U = angle(part.values[:, place].astype(np.float64), turn)
                real_U1 = part.mask[:, place, None]
                values.append(np.where(real_U1, np.stack([np.sin(round_U), np.cos(round_U)], 1), 0))
                mask.append(np.repeat(real_U1, 2, 1))
        told = np.concatenate(values, 1).astype(np.float32)
        reasons = part.reasons
        return (Packed(told, part.status, mask=np.concatenate(mask, 1), reasons=reasons, index=part.index),)

    def notes(self, facts: Facts) -> tuple[str, ...]:
        told = []
        if not facts["settled"]:
            told.append(
                f"whether the day or the month comes first is not settled by its cells; the {facts['order']} "
                "was taken to be first, order says it"
            )
        if facts["counts_rows"] and not facts["elapsed"]:
            told.append(
                "its moments count the training rows at one step, so elapsed time would only tell a row's "
                "place and is left out; elapsed: always keeps it"
            )
        return tuple(told)

    @classmethod
    def summary(cls, cells: Sequence[Cell]) -> Facts:
        return moment_facts(cells)

    def show(self, cell: Cell, most_bytes: int) -> Shown:
        return Shown(str(self.to_json(cell)))

    @classmethod
    def to_json(cls, cell: Cell) -> Json:
        return cell.isoformat() if isinstance(cell, datetime | date | time) else super().to_json(cell)

    def arrays(self, part: Packed, records: NDArray[np.int64], layout: Layout) -> Arrays:
        assert part.mask is not None, "dates are prepared with a mask"
        values = np.asarray(part.values[records], np.float32)
        return Arrays(torch.from_numpy(values), torch.from_numpy(np.asarray(part.mask[records])))


class _Cycles(nn.Module):
    """Numbers (B, F) as an encoder gets them: what turns becomes its sine and its cosine.

    turns: for each of the F numbers the part of the calendar that it is, or None.
    """

    source_F: Tensor
    speed_F: Tensor
    first_F: Tensor
    kind_F: Tensor

    def __init__(self, turns: Sequence[Part | None]) -> None:
        super().__init__()
        rows = []
        for place, turn in enumerate(turns):
            length, first = (1.0, 0.0) if turn is None else CYCLES[turn]
            rows += [(place, 2 * np.pi / length, first, kind) for kind in ((0,) if turn is None else (1, 2))]
        source, speed, first_, kind = zip(*rows, strict=True)
        self.register_buffer("source_F", torch.tensor(source), persistent=False)
        self.register_buffer("speed_F", torch.tensor(speed, dtype=torch.float32), persistent=False)
        self.register_buffer("first_F", torch.tensor(first_, dtype=torch.float32), persistent=False)
        self.register_buffer("kind_F", torch.tensor(kind), persistent=False)

    def forward(self, x: Arrays) -> Arrays:
        values, mask = x.values[:, self.source_F], x.mask[:, self.source_F]
        turned = (values - self.first_F) * self.speed_F
        values = torch.where(
            self.kind_F == 1, turned.sin(), torch.where(self.kind_F == 2, turned.cos(), values)
        )
        return Arrays(torch.where(mask, values, torch.zeros_like(values)), mask)


def _style(cells: Sequence[Cell], order: Literal["auto", "day", "month"], unit: Unit) -> Style:
    texts = [c for c in cells if isinstance(c, str)]
    first = (orders(texts)[0] or usual_order(texts)) if order == "auto" else order
    return Style(first, unit_of(cells) if unit == "auto" else unit)


def _varying(local: NDArray[np.float64]) -> list[Part]:
    return [part for part in CYCLES if len(np.unique(calendar(local, part))) > 1]


def _turns(facts: Sequence[Facts]) -> list[Part | None]:
    """For each number of the columns the part of the calendar that it is; None: elapsed time."""
    return [turn for f in facts for turn in (*((None,) if f["elapsed"] else ()), *f["parts"])]


def _numbers(found: Moments, facts: Facts) -> NDArray[np.float64]:
    """(N, F): elapsed time, standardised, and the parts of the calendar as they are counted; NaN: missing."""
    days = (found.utc(facts["zone"]) - facts["start"]) / DAY
    columns = [scaling.scaled(days, facts["scale"])] if facts["elapsed"] else []
    local = found.local(facts["zone"])
    return np.stack([*columns, *(calendar(local, part) for part in facts["parts"])], 1)


def _bins(values: NDArray[np.float64], facts: Facts) -> list[list[float]]:
    """Edges of quantile bins of each number that an encoder gets."""
    found = []
    for turn, column in zip(_turns([facts]), values.T, strict=True):
        if turn is None:
            found.append(scaling.edges(column, BINS))
        else:
            round_ = angle(column, turn)
            found += [scaling.edges(np.sin(round_), BINS), scaling.edges(np.cos(round_), BINS)]
    return found
