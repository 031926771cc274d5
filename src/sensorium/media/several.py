"""Several media (or texts) in one cell: lists of them, JSON lists, and paths with a sign between them.

Letters: N cells, E elements.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sensorium.errors import CorruptCell
from sensorium.media import codes
from sensorium.media.locate import is_path_like

MOST = 8
"""Media of one cell that are read unless the plan says more: each goes through the encoder."""
USUAL = 0.95
"""The share of cells all of whose media are read, as far as MOST allows."""
SIGNS = (";", "|", ",")
_FEW, _LONGEST = 0.05, 100_000
_MANY_WORDS = 5
"""Words from which on the texts of a list are texts and no tags."""


@dataclass(frozen=True, slots=True)
class Apart:
    """Cells taken apart. elements: of all cells, in order. stops: int64 (N,): cell r holds the elements from
    ``stops[r - 1]`` to before ``stops[r]``."""

    elements: list[object]
    stops: NDArray[np.int64]

    def counts(self) -> NDArray[np.int64]:
        """int64 (N,): how many elements each cell holds."""
        return np.diff(self.stops, prepend=0)

    def owners(self) -> NDArray[np.int64]:
        """int64 (E,): the cell of each element."""
        return np.repeat(np.arange(len(self.stops)), self.counts())

    def place(self, part: int) -> NDArray[np.int64]:
        """int64 (N,): where each cell's element number ``part`` is; E where it has none."""
        counts = self.counts()
        return np.where(counts > part, self.stops - counts + part, len(self.elements))


def held(cell: object, sign: str | None) -> list[object] | None:
    """What a cell that stands for several media holds; None for a cell that is one thing, or nothing.

    A list of paths, bytes, pictures, arrays of pixels or texts; the same as JSON in a text; a text whose
    pieces between ``sign`` are paths.
    """
    if isinstance(cell, np.ndarray) and cell.ndim == 1 and cell.dtype.kind in "OU":
        cell = cell.tolist()
    if isinstance(cell, str):
        listed = _json(cell)
        if listed is None:
            pieces = [p.strip() for p in cell.split(sign)] if sign and sign in cell else []
            return [p for p in pieces if p] if len(pieces) > 1 and all(map(_names_file, pieces)) else None
        cell = listed
    if not isinstance(cell, list | tuple) or not all(item is None or _is_medium(item) for item in cell):
        return None
    return list(cell)


def taken_apart(cells: Sequence[object], sign: str | None, most: int) -> Apart:
    """Every cell as at most ``most`` elements: a missing one has none, one that is no list has itself."""
    elements: list[object] = []
    stops = np.empty(len(cells), np.int64)
    for place, cell in enumerate(cells):
        found = held(cell, sign)
        if found is not None:
            elements += found[:most]
        elif cell is not None:
            elements.append(cell)
        stops[place] = len(elements)
    return Apart(elements, stops)


def sign_of(cells: Sequence[object]) -> str | None:
    """The sign between the paths of some texts; None when hardly any text is several paths."""
    texts = [c for c in cells if isinstance(c, str)]
    plain = [text for text in texts if _json(text) is None]
    found = {sign: sum(sign in text and held(text, sign) is not None for text in plain) for sign in SIGNS}
    best = max(SIGNS, key=lambda sign: found[sign])
    return best if found[best] >= max(1, _FEW * len(texts)) else None


def opened(cells: Sequence[object]) -> tuple[list[object], str]:
    """The elements of cells most of which hold several media or texts, and how many in words; else the cells.

    Lists of short texts that are no paths stay: they are tags.
    """
    sign = sign_of(cells)
    lists = [found for cell in cells if (found := held(cell, sign)) is not None]
    items = [item for one in lists for item in one if item is not None]
    texts = [item for item in items if isinstance(item, str)]
    if 2 * len(lists) <= len(cells) or not items:
        return list(cells), ""
    if 2 * len(texts) > len(items):
        named = sum(map(_names_file, texts)) / len(texts)
        long = float(np.mean([codes.words(t[:1000]) for t in texts]))
        if named < 0.5 and long <= _MANY_WORDS:
            return list(cells), ""
    counts = [len(one) for one in lists]
    return taken_apart(cells, sign, max(counts)).elements, f"{min(counts)} to {max(counts)} in a cell"


def usual_count(counts: NDArray[np.int64]) -> int:
    """So many media of a cell are read: all of 95 % of the cells, at most MOST, at least one."""
    some = counts[counts > 0]
    return int(np.clip(np.ceil(np.quantile(some, USUAL)), 1, MOST)) if len(some) else 1


def each_of(cells: Sequence[object], sign: str | None) -> Iterator[int]:
    """How many elements each cell holds that is not missing."""
    for cell in cells:
        if cell is not None and not isinstance(cell, CorruptCell):
            found = held(cell, sign)
            yield 1 if found is None else len(found)


def _json(text: str) -> list[object] | None:
    plain = text.strip() if text[:1] in "[ \n\t" and len(text) <= _LONGEST else ""
    if not (plain.startswith("[") and plain.endswith("]")):
        return None
    try:
        found = json.loads(plain)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _is_medium(item: object) -> bool:
    if isinstance(item, np.ndarray):
        return item.ndim >= 2
    if isinstance(item, dict):
        return set(item) == {"bytes", "path"} or "array" in item
    return isinstance(item, str | bytes | Path | Image.Image | CorruptCell)


def _names_file(item: object) -> bool:
    return isinstance(item, Path) or (
        isinstance(item, str) and (is_path_like(item) or item.startswith("data:"))
    )
