"""Categories: a few values that come again and again; 0 stands for every value not seen in training."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray
from pydantic import Field as Limit

from sensorium.media import codes, numbers
from sensorium.media.cells import Sample, arrow, each
from sensorium.media.facts import value_facts
from sensorium.modalities._base import Guess, Modality
from sensorium.table.beside import beside
from sensorium.table.field import Field
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell, Packed
from sensorium.types import Arrays, Facts, Layout

SAMPLE = 100_000
FEW_ROWS = 200
FEW_CELLS = 16
"""So few cells are read sooner one by one than Arrow finds the different ones."""


class Category(Modality):
    """One of some values: strings, booleans, or whole numbers used as codes.

    Choices:
        most: values that get a code of their own, the most common first; the rest are unknown.
        least: how often a value must occur to get a code (in at least 200 rows; else once).
    """

    layouts = ("index",)
    default_encoder = "embed"
    together = True

    def __init__(
        self, *, most: Annotated[int, Limit(ge=1)] = 1000, least: Annotated[int, Limit(ge=1)] = 2
    ) -> None:
        self.most, self.least = most, least

    @classmethod
    def sniff(cls, cells: Sequence[Cell]) -> Guess:
        keys = [k for k in each(cells, codes.key)[0] if k is not None]
        if not keys:
            return Guess(0.0, "no cell is a category")
        if any(isinstance(c, Path) for c in cells):
            return Guess(0.0, "the cells are files")
        if not all(isinstance(c, str | bool | int | float | np.generic) for c in cells):
            return Guess(0.1 * len(keys) / len(cells), "cells of several kinds")
        reason = f"{len(set(keys)):,} distinct values in {len(keys):,} sampled cells"
        if not any(isinstance(c, str) for c in cells):
            if all(isinstance(c, bool | np.bool_) for c in cells):
                return Guess(0.95, "true and false only")
            return _of_numbers(cells, reason)
        texts = [c for c in cells if isinstance(c, str)]
        return _of_texts(texts, keys, cells, reason)

    @classmethod
    def fake(cls, rng: np.random.Generator, rows: int) -> list[Cell]:
        return [str(v) for v in rng.choice(["amber", "blue", "green", "red"], rows, p=[0.1, 0.2, 0.3, 0.4])]

    def fit(self, chunks: Iterable[Sequence[Cell]], rng: np.random.Generator) -> Facts:
        sample: Sample[Cell] = Sample(SAMPLE, rng)
        for chunk in chunks:
            sample.add(chunk)
        cells = sample.items()
        counts = Counter(k for k in each(cells, codes.key)[0] if k is not None)
        total = sum(counts.values())
        least = self.least if total >= FEW_ROWS else 1
        ranked = sorted(counts, key=lambda value: (-counts[value], value))
        kept = [value for value in ranked if counts[value] >= least][: self.most]
        rest = total - sum(counts[value] for value in kept)
        return {
            "values": list(kept),
            "counts": [counts[value] for value in kept],
            "distinct": len(counts),
            "unknown_share": rest / max(1, total),
        }

    def prepare(self, cells: Sequence[Cell], facts: Facts) -> Packed:
        table = {value: place + 1 for place, value in enumerate(facts["values"])}
        found, reasons = _codes(cells, table)
        status = np.where(found < 0, MISSING, PRESENT).astype(np.uint8)
        status[list(reasons)] = CORRUPT
        mask = status == PRESENT
        values = np.where(mask, found, 0).astype(np.int32)
        return Packed(values[:, None], status, mask=mask[:, None], reasons=reasons)

    def join(self, parts: Sequence[Packed]) -> tuple[Packed, ...]:
        return (beside(parts),)

    def describe(self, facts: Sequence[Facts], layout: Layout) -> Facts:
        return {"layout": layout, "features": len(facts), "sizes": [len(f["values"]) + 1 for f in facts]}

    def field(self, name: str, facts: Sequence[Facts]) -> Field | None:
        sizes = tuple(len(f["values"]) + 1 for f in facts)
        return Field(name, "codes", len(facts), sizes, tuple(_ranks(f) for f in facts))

    @classmethod
    def summary(cls, cells: Sequence[Cell]) -> Facts:
        return value_facts(cells)

    def arrays(self, part: Packed, records: NDArray[np.int64], layout: Layout) -> Arrays:
        assert part.mask is not None, "categories are prepared with a mask"
        values = np.asarray(part.values[records], np.int64)
        return Arrays(torch.from_numpy(values), torch.from_numpy(np.asarray(part.mask[records])))


def _codes(cells: Sequence[Cell], table: dict[str, int]) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Codes (N,), -1 where there is nothing to code. Arrow finds the different cells where it can."""
    array = arrow(cells) if len(cells) > FEW_CELLS else None
    kinds = (pa.types.is_string, pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    if array is None or not any(is_kind(array.type) for is_kind in kinds):
        keys, reasons = each(cells, codes.key)
        return np.array([-1 if k is None else table.get(k, 0) for k in keys], np.int64), reasons
    coded = pc.dictionary_encode(array)
    keys, why = each(coded.dictionary.to_pylist(), codes.key)
    known = np.array([-1 if k is None else table.get(k, 0) for k in keys] + [-1], np.int64)
    places = np.array(coded.indices.fill_null(len(keys)), np.int64)
    told = np.flatnonzero(np.isin(places, list(why)))
    return known[places], {int(row): why[int(places[row])] for row in told}


def _of_numbers(cells: Sequence[Cell], reason: str) -> Guess:
    values, _ = numbers.parse(cells, numbers.Style())
    why = codes.integers_are_codes(values[~np.isnan(values)])
    return Guess(0.9, why) if why else Guess(0.2, reason)


def _of_texts(texts: list[str], keys: list[str], cells: Sequence[Cell], reason: str) -> Guess:
    """Strings: the more they repeat and the shorter they are, the more they are categories."""
    different = len(set(keys))
    repeats = 1 - different / len(keys)
    length = float(np.mean([codes.words(t) for t in texts]))
    reason = f"{reason}, {length:.1f} words each"
    values, _ = numbers.parse(cells, numbers.style_of(cells))
    found = values[~np.isnan(values)]
    padded = sum(len(t) > 1 and t[0] == "0" and t.isdigit() for t in texts) > 0.1 * len(texts)
    if len(found) > 0.5 * len(keys) and not padded and codes.integers_are_codes(found) is None:
        return Guess(0.9 * repeats * (1 - len(found) / len(keys)), f"{reason}, but most are numbers")
    if length > 8 or (length >= 3 and codes.composed(keys)):
        return Guess(0.2 * repeats, f"{reason}: sentences")
    if repeats >= 0.5 or different <= 2:
        return Guess(0.9, reason)
    return Guess(0.35 if repeats >= 0.2 else 0.2, f"{reason}: too many to be categories")


def _ranks(facts: Facts) -> tuple[int, ...]:
    """The place of each code's value in sorted order, unknown (0) first: trees split what has an order."""
    values = facts["values"]
    order = sorted(range(len(values)), key=lambda i: (str(type(values[i])), values[i]))
    places = {code: place + 1 for place, code in enumerate(order)}
    return (0, *(places[code] for code in range(len(values))))
