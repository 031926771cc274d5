"""Ready-made vectors: embeddings, genes, fingerprints; one a cell, or a sequence of them.

Letters: B rows, T vectors, F numbers of a vector, K numbers that members read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field as Limit
from torch import Tensor, nn

from sensorium.errors import CorruptCell
from sensorium.media.cells import Sample, distinct, each, is_missing
from sensorium.media.facts import spread
from sensorium.media.json_media import from_data_address
from sensorium.media.vector_statistics import (
    Moments,
    packed_floats,
    packed_places,
    unpacked_floats,
    unpacked_places,
)
from sensorium.media.vectors import Floats, likely_vectors, of_text, vectors
from sensorium.modalities._base import Guess, Modality, Shown
from sensorium.table.field import Field
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell, Packed, ragged
from sensorium.types import Arrays, Facts, Json, Layout

SAMPLE, SNIFFED = 4_000, 64
MOST_WHOLE = 0.9
"""With this share of cells whole the others are broken ones, and no reason to doubt what the column is."""
SHORT, LEAST = 1024, 512
"""Vectors up to SHORT numbers are kept whole; of longer ones at least LEAST numbers are."""
CLIP = 8.0
"""Standard deviations beyond which a number grows only with its logarithm."""
_SHOWN = 400


class Embedding(Modality):
    """A vector as given, or a sequence of vectors: lists, arrays, texts like ``[0.1, 0.2]``, or npy files.

    A vector of another length than the column's is corrupt; NaN and null inside are missing numbers. A list
    is taken for an embedding when all of a column have one length and neighbours do not go together, or for
    a sequence when its vectors are long (over 32 numbers) and their neighbours do not; what differs in
    length, is smooth, or has few numbers a step, is a signal (modality ``sensor``).

    Choices:
        scale: each (every number to mean 0 and deviation 1), whole (one mean and deviation), none (as given).
        most: numbers of a vector that are kept, those that vary most; all; or auto: of vectors above 1,024
            numbers as many as there are training rows, at least 512.
        members: numbers that linear models and trees read at most, those that vary most.
        longest: vectors of a sequence that are kept, from its start; the share of longer ones is told.
        max_megabytes: npy files that declare more are corrupt.
    """

    layouts = ("frames",)
    default_encoder = "grouped"
    media = True
    prepared_from = ("kind", "width", "longest", "kept")

    def __init__(
        self,
        *,
        scale: Literal["each", "whole", "none"] = "each",
        most: Annotated[int, Limit(ge=1)] | Literal["auto", "all"] = "auto",
        members: Annotated[int, Limit(ge=1)] = 256,
        longest: Annotated[int, Limit(ge=1)] = 256,
        max_megabytes: Annotated[float, Limit(gt=0)] = 100.0,
    ) -> None:
        self.scale, self.most, self.members = scale, most, members
        self.longest, self.max_megabytes = longest, max_megabytes

    @classmethod
    def sniff(cls, cells: Sequence[Cell]) -> Guess:
        real = [c for c in cells if not is_missing(c)]
        some = real[:: -(-len(real) // SNIFFED) or 1]
        found = [a for a in each(some, vectors)[0] if a is not None]
        score, why = likely_vectors(found)
        share = len(found) / max(1, len(some))
        return Guess(score if share >= MOST_WHOLE else score * share, why)

    @classmethod
    def fake(cls, rng: np.random.Generator, rows: int) -> list[Cell]:
        made: list[Cell] = []
        for _ in range(rows):
            file = BytesIO()
            np.save(file, rng.normal(size=24).astype(np.float32))
            made.append(file.getvalue())
        return made

    def fit(self, chunks: Iterable[Sequence[Cell]], rng: np.random.Generator) -> Facts:
        sample: Sample[Cell] = Sample(SAMPLE, rng)
        for chunk in chunks:
            sample.add([c for c in chunk if not (is_missing(c) or isinstance(c, CorruptCell))])
        cells = sample.items()
        shapes = [a.shape for a in each(cells, self._vectors)[0] if a is not None]
        kind, width = _usual(shapes)
        lengths = np.array([s[0] for s in shapes if len(s) == 2 and s[1] == width] or [1])
        moments = Moments(width)
        for cell in cells:
            (found,), _ = each([cell], lambda c: self._fitting(c, kind, width))
            if found is not None:
                moments.add(found[: self.longest])
        most = self._most(width, sample.seen)
        kept = moments.ranked(most) if most < width else None
        mean, deviation = moments.scale(self.scale)
        if kept is not None:
            mean, deviation = mean[kept], deviation[kept]
        left = width if kept is None else len(kept)
        read = moments.ranked(self.members, kept) if left > self.members else None
        return {
            "kind": kind,
            "width": width,
            "longest": int(max(1, min(self.longest, lengths.max()))),
            "cut": float((lengths > self.longest).mean()),
            "kept": None if kept is None else packed_places(kept),
            "features": left,
            "mean": packed_floats(mean),
            "deviation": packed_floats(deviation),
            "members": None if read is None else packed_places(read),
            "missing": moments.missing(),
            "count": len(shapes),
        }

    def prepare(self, cells: Sequence[Cell], facts: Facts) -> Packed:
        kind, width, longest = facts["kind"], facts["width"], facts["longest"]
        kept = None if facts["kept"] is None else unpacked_places(facts["kept"])
        rows, index = distinct(cells)
        found, reasons = each(rows, lambda c: self._fitting(c, kind, width))
        records = [_real(a if kept is None or a is None else a[:, kept], longest) for a in found]
        features = width if kept is None else len(kept)
        if kind == "sequence":
            packed = ragged(records, np.zeros((0, features), np.float32), reasons=reasons)
            return replace(packed, index=index)
        values = np.zeros((len(rows), features), np.float32)
        status = np.full(len(rows), MISSING, np.uint8)
        for place, record in enumerate(records):
            if record is not None:
                values[place], status[place] = record[0], PRESENT
        status[list(reasons)] = CORRUPT
        return Packed(values, status, reasons=reasons, index=index)

    def describe(self, facts: Sequence[Facts], layout: Layout) -> Facts:
        return {"layout": layout, "features": facts[0]["features"]}

    def arrays(self, part: Packed, records: NDArray[np.int64], layout: Layout) -> Arrays:
        if part.offsets is None:
            values = np.asarray(part.values[records], np.float32)[:, None]
            real = (part.status[records] == PRESENT)[:, None, None] & ~np.isnan(values)
        else:
            padded, steps = part.padded(records)
            values = padded.astype(np.float32, copy=False)
            real = steps[:, :, None] & ~np.isnan(values)
        return Arrays(torch.from_numpy(values), torch.from_numpy(real))

    def front(self, facts: Sequence[Facts], layout: Layout) -> nn.Module:
        return _Scaled(unpacked_floats(facts[0]["mean"]), unpacked_floats(facts[0]["deviation"]))

    def field(self, name: str, facts: Sequence[Facts]) -> Field | None:
        return Field(name, "numbers", sum(min(self.members, f["features"]) for f in facts), scaled=False)

    def plain(self, parts: Sequence[Packed], facts: Sequence[Facts]) -> tuple[Packed, ...]:
        told = facts[0]["members"]
        read = np.arange(facts[0]["features"]) if told is None else unpacked_places(told)
        return tuple(_plain(part, read) for part in parts)

    def notes(self, facts: Facts) -> tuple[str, ...]:
        told, left = [], facts["features"]
        if facts["kept"] is not None:
            told.append(f"the {left:,} of its {facts['width']:,} numbers that vary most are kept (most)")
        if facts["members"] is not None:
            told.append(
                f"linear models and trees read the {self.members:,} of its {left:,} numbers that vary most "
                "(members); networks read all"
            )
        if facts["cut"] > 0:
            told.append(
                f"{facts['cut']:.1%} of its sequences have more than {self.longest:,} vectors; the rest of "
                "those is cut off (longest)"
            )
        return tuple(told)

    @classmethod
    def summary(cls, cells: Sequence[Cell]) -> Facts:
        found = [a for a in each(cells[:2_000], vectors)[0] if a is not None]
        if not found:
            return {}
        facts: Facts = {"numbers": spread([a.shape[-1] for a in found])}
        if any(a.ndim == 2 for a in found):
            facts["vectors"] = spread([len(a) if a.ndim == 2 else 1 for a in found])
        gaps = float(np.mean([np.isnan(a).mean() for a in found]))
        return facts | ({"not a number": f"{gaps:.1%} of the numbers"} if gaps else {})

    def show(self, cell: Cell, most_bytes: int) -> Shown:
        found = self._vectors(cell)
        first = found if found.ndim == 1 else found[0]
        several = f"{len(found):,} vectors of" if found.ndim == 2 else "a vector of"
        some = ", ".join(f"{x:.3g}" for x in first[:6].tolist())
        line = [float(x) for x in np.nan_to_num(first[:_SHOWN])]
        return Shown(f"{several} {len(first):,} numbers: {some} ...", lines={"numbers": line})

    @classmethod
    def from_json(cls, value: Json) -> Cell:
        if not isinstance(value, str) or value.startswith("data:"):
            return from_data_address(value)
        try:
            return of_text(value)
        except CorruptCell:
            return value

    @classmethod
    def to_json(cls, cell: Cell) -> Json:
        return None

    def _most(self, width: int, rows: int) -> int:
        if self.most == "auto":
            return width if width <= SHORT else max(LEAST, rows)
        return width if self.most == "all" else self.most

    def _vectors(self, cell: Cell) -> Floats:
        return vectors(cell, self.max_megabytes)

    def _fitting(self, cell: Cell, kind: str, width: int) -> Floats:
        """A cell as (T, F); T = 1 in a column of single vectors. Raises CorruptCell."""
        found = self._vectors(cell)
        if found.ndim == 2 and len(found) > 1 and kind == "vector":
            raise CorruptCell(
                f"expected one vector of {width:,} numbers, got {len(found):,} of {found.shape[1]:,}"
            )
        found = found if found.ndim == 2 else found[None]
        if found.shape[1] != width:
            raise CorruptCell(f"expected {width:,} numbers, got {found.shape[1]:,}")
        return found


class _Scaled(nn.Module):
    """Numbers (B, T, F) around zero; what is far out grows with its logarithm only; what misses is zero."""

    mean_F: Tensor
    deviation_F: Tensor

    def __init__(self, mean: Floats, deviation: Floats) -> None:
        super().__init__()
        self.register_buffer("mean_F", torch.from_numpy(mean.copy()), persistent=False)
        self.register_buffer("deviation_F", torch.from_numpy(deviation.copy()), persistent=False)

    def forward(self, x: Arrays) -> Arrays:
        z = (torch.where(x.mask, x.values, self.mean_F) - self.mean_F) / self.deviation_F
        far = (z.abs() - CLIP).clamp(min=0)
        z = z.sign() * (z.abs().clamp(max=CLIP) + far.log1p())
        return Arrays(torch.where(x.mask, z, torch.zeros_like(z)), x.mask)


def _usual(shapes: Sequence[tuple[int, ...]]) -> tuple[str, int]:
    """Whether most cells are vectors or sequences, and how many numbers most of their vectors have."""
    if not shapes:
        return "vector", 1
    flat = sum(len(s) == 1 for s in shapes)
    kind = "vector" if 2 * flat >= len(shapes) else "sequence"
    widths = [s[-1] for s in shapes]
    return kind, max(sorted(set(widths)), key=widths.count)


def _real(record: Floats | None, longest: int) -> Floats | None:
    """The record's first vectors, or None when not one number is real."""
    if record is None or np.isnan(record[:longest]).all():
        return None
    return record[:longest]


def _plain(part: Packed, read: NDArray[np.int64]) -> Packed:
    """Some numbers of each record (U, K), of sequences their mean over time."""
    if part.offsets is None:
        values = np.asarray(part.values[:, read], np.float32)
        real = (part.status == PRESENT)[:, None] & ~np.isnan(values)
    else:
        chosen = np.asarray(part.values[:, read], np.float64)
        there = ~np.isnan(chosen)
        total = np.zeros((2, len(part.status), len(read)))
        record = np.repeat(np.arange(len(part.status)), part.lengths())
        np.add.at(total[0], record, np.where(there, chosen, 0))
        np.add.at(total[1], record, there)
        values = (total[0] / np.maximum(total[1], 1)).astype(np.float32)
        real = total[1] > 0
    return Packed(np.where(real, values, 0), part.status, mask=real, reasons=part.reasons, index=part.index)
