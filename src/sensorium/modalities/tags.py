"""Sets and lists of categories: genres, symptoms, ingredients, what was bought.

Letters: U records, V tags, K tags that members read.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field as Limit
from torch import nn

from sensorium.media.cells import Sample, each, is_missing
from sensorium.media.facts import spread, top
from sensorium.media.tags import likely_lists, likely_texts, separator_of, tags
from sensorium.modalities._base import Guess, Modality, Shown
from sensorium.table.field import Field
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell, Packed
from sensorium.types import Arrays, Facts, Layout

SAMPLE, FEW_ROWS = 100_000, 200
UNKNOWN, EMPTY, FIRST = 1, 2, 3
"""Ids: a tag not seen in training; an empty set, which is an answer and not missing; the first tag."""
_MEMBERS = 256
"""Tags that linear models and trees read at most, the most common ones."""


class Tags(Modality):
    """A set (or list) of categories: a list, a JSON list, or a text such as ``a;b`` whose sign is found.

    Encoders get ids (a bag by default) or, as numbers, which tags are there. Linear models and trees get
    which of the 256 most common are there, how many there are, and how many of them are unknown.

    Choices:
        separator: the sign between the tags of a text; null: the one that the column's texts hold.
        keep: set (each tag once, in the vocabulary's order) or list (as given, several times where given so).
        most: tags that get an id of their own, the most common first; the rest are unknown.
        least: in how many cells a tag must be to get an id (in at least 200 rows; else one).
        longest: tags of one cell that are kept; the share of cells with more is told.
    """

    layouts = ("ids", "scalar")
    default_encoder = "bag"

    def __init__(
        self,
        *,
        separator: Annotated[str, Limit(min_length=1, max_length=3)] | None = None,
        keep: Literal["set", "list"] = "set",
        most: Annotated[int, Limit(ge=1)] = 1000,
        least: Annotated[int, Limit(ge=1)] = 2,
        longest: Annotated[int, Limit(ge=1)] = 100,
    ) -> None:
        self.separator, self.keep, self.most = separator, keep, most
        self.least, self.longest = least, longest

    @classmethod
    def sniff(cls, cells: Sequence[Cell]) -> Guess:
        real = [c for c in cells if not is_missing(c)]
        if not real:
            return Guess(0.0, "no cell is a set of tags")
        score, why = likely_lists(real)
        texts = [c for c in real if isinstance(c, str)]
        if score >= 0.3 or 2 * len(texts) < len(real):
            return Guess(score, why)
        found = likely_texts(texts)
        return Guess(found.score * len(texts) / len(real), found.reason)

    @classmethod
    def fake(cls, rng: np.random.Generator, rows: int) -> list[Cell]:
        words = ["crime", "drama", "comedy", "romance", "war", "history", "music", "family"]
        chosen = rng.random((rows, len(words))) < 0.3
        return [[word for word, here in zip(words, row, strict=True) if here] for row in chosen]

    def fit(self, chunks: Iterable[Sequence[Cell]], rng: np.random.Generator) -> Facts:
        sample: Sample[Cell] = Sample(SAMPLE, rng)
        for chunk in chunks:
            sample.add(chunk)
        cells = sample.items()
        separator = self.separator or separator_of(cells)
        found = [one for one in each(cells, lambda c: tags(c, separator))[0] if one is not None]
        counts = Counter(tag for one in found for tag in set(one))
        least = self.least if len(found) >= FEW_ROWS else 1
        ranked = sorted(counts, key=lambda tag: (-counts[tag], tag))
        values = [tag for tag in ranked if counts[tag] >= least][: self.most]
        known, total = sum(counts[tag] for tag in values), sum(counts.values())
        lengths = np.array([len(set(one)) if self.keep == "set" else len(one) for one in found] or [0])
        return {
            "separator": separator,
            "values": values,
            "counts": [counts[tag] for tag in values],
            "distinct": len(counts),
            "unknown_share": 1 - known / max(1, total),
            "vocabulary": FIRST + len(values),
            "longest": self.longest,
            "cut": float((lengths > self.longest).mean()),
            "usual": float(lengths.mean()),
        }

    def prepare(self, cells: Sequence[Cell], facts: Facts) -> Packed:
        table = {tag: FIRST + place for place, tag in enumerate(facts["values"])}
        found, reasons = each(cells, lambda c: tags(c, facts["separator"]))
        longest = facts["longest"]
        ids = [[] if one is None else self._ids(one, table)[:longest] for one in found]
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))
        kind = np.uint16 if facts["vocabulary"] <= 65535 else np.int32
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        flat = np.fromiter(chain.from_iterable(ids), kind, int(offsets[-1]))
        status = np.where(lengths > 0, PRESENT, MISSING).astype(np.uint8)
        status[list(reasons)] = CORRUPT
        return Packed(flat, status, offsets, reasons=reasons)

    def describe(self, facts: Sequence[Facts], layout: Layout) -> Facts:
        vocabulary = facts[0]["vocabulary"]
        if layout == "ids":
            return {"layout": layout, "vocabulary": vocabulary, "longest": facts[0]["longest"]}
        return {"layout": layout, "features": vocabulary, "bins": [[-0.5, 0.5, 1.5]] * vocabulary}

    def arrays(self, part: Packed, records: NDArray[np.int64], layout: Layout) -> Arrays:
        ids, mask = part.padded(records)
        return Arrays(torch.from_numpy(ids.astype(np.int64)), torch.from_numpy(mask))

    def front(self, facts: Sequence[Facts], layout: Layout) -> nn.Module:
        return _Hot(facts[0]["vocabulary"]) if layout == "scalar" else super().front(facts, layout)

    def field(self, name: str, facts: Sequence[Facts]) -> Field | None:
        return Field(name, "numbers", sum(_read(f) + 2 for f in facts), scaled=False)

    def plain(self, parts: Sequence[Packed], facts: Sequence[Facts]) -> tuple[Packed, ...]:
        return tuple(_counted(part, _read(facts[0])) for part in parts)

    def notes(self, facts: Facts) -> tuple[str, ...]:
        told = []
        if facts["unknown_share"] > 0:
            told.append(
                f"{facts['distinct'] - len(facts['values']):,} of its {facts['distinct']:,} tags are rare "
                f"and count as unknown ({facts['unknown_share']:.1%} of all that are given)"
            )
        if len(facts["values"]) > _MEMBERS:
            told.append(
                f"linear models and trees read the {_MEMBERS} most common of its {len(facts['values']):,} "
                "tags; networks read all"
            )
        if facts["cut"] > 0:
            told.append(
                f"{facts['cut']:.1%} of its cells hold more than {self.longest:,} tags; the rest of those is "
                "cut off (longest)"
            )
        return tuple(told)

    @classmethod
    def summary(cls, cells: Sequence[Cell]) -> Facts:
        separator = separator_of(cells)
        found = [one for one in each(cells, lambda c: tags(c, separator))[0] if one is not None]
        counts = Counter(tag for one in found for tag in set(one))
        facts: Facts = {"top": top(counts), "different": len(counts)}
        empty = sum(not one for one in found)
        facts |= {"empty sets": f"{empty:,}"} if empty else {}
        facts |= {"separator": repr(separator)} if separator else {}
        return facts | ({"tags in a cell": spread([len(one) for one in found])} if found else {})

    def show(self, cell: Cell, most_bytes: int) -> Shown:
        return Shown(", ".join(tags(cell, self.separator or separator_of([cell])) or ["no tag"]))

    def _ids(self, found: list[str], table: dict[str, int]) -> list[int]:
        ids = [table.get(tag, UNKNOWN) for tag in found]
        if self.keep == "set":  # unknown tags stay as many as they are: they are different ones
            ids = sorted(table.get(tag, UNKNOWN) for tag in set(found))
        return ids or [EMPTY]


class _Hot(nn.Module):
    """Ids (B, T) as how often each is there (B, V); a missing row has no feature."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.vocabulary = vocabulary

    def forward(self, x: Arrays) -> Arrays:
        counts_BV = torch.zeros(len(x.values), self.vocabulary, device=x.values.device)
        counts_BV.scatter_add_(1, torch.where(x.mask, x.values, 0), x.mask.float())
        return Arrays(counts_BV, x.mask.any(1, keepdim=True).expand(counts_BV.shape))


def _read(facts: Facts) -> int:
    return min(_MEMBERS, len(facts["values"]))


def _counted(part: Packed, read: int) -> Packed:
    """(U, K + 2): which of the most common tags a record holds, how many tags, and how many unknown ones."""
    ids = np.asarray(part.values, np.int64)
    record = np.repeat(np.arange(len(part.status)), part.lengths())
    values = np.zeros((len(part.status), read + 2), np.uint8)
    common = (ids >= FIRST) & (ids < FIRST + read)
    values[record[common], ids[common] - FIRST] = 1
    real = np.bincount(record[ids != EMPTY], minlength=len(part.status))
    unknown = np.bincount(record[ids == UNKNOWN], minlength=len(part.status))
    values[:, read] = np.minimum(real, 255)
    values[:, read + 1] = np.minimum(unknown, 255)
    mask = np.repeat((part.status == PRESENT)[:, None], read + 2, 1)
    return Packed(values, part.status, mask=mask, reasons=part.reasons, index=part.index)
