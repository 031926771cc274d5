"""Cells that hold any number of labels, read as sets, and how much some cells look like that.

Letters: N rows, K labels.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from sensorium.errors import CorruptCell, DataError
from sensorium.media.tags import json_list, likely_lists, likely_texts, separator_of, tags
from sensorium.table.packed import Cell
from sensorium.tasks._base import RowName, plain

SIGNS = (";", "|")
"""Signs that hardly ever stand inside one label."""
LIKELY, SEVERAL = 0.3, 0.95
SHARES = 2.0
"""In how many different texts a label must be on average: single labels are in one."""
FEWEST, OFTEN = 4, 0.1
"""Fewer texts say nothing; the share of them that must hold the sign."""

Labels = list[str]


def sets_of(
    cells: Sequence[Cell], separator: str | None, where: str, row: RowName
) -> list[frozenset[str] | None]:
    """The labels of every cell; None where it is missing. Raises DataError for a cell that is no list."""
    found: list[frozenset[str] | None] = []
    for place, cell in enumerate(map(plain, cells)):
        try:
            read = None if cell is None else tags(cell, separator)
        except CorruptCell as why:
            raise DataError(
                f"{where}, {row(place)}: expected a list of labels: {why}. Correct the cell, or empty it."
            ) from None
        found.append(None if read is None else frozenset(read))
    return found


def sign_between(cells: Sequence[Cell]) -> str | None:
    """The sign that stands between the labels of texts; None where they are lists, or single labels."""
    return separator_of([plain(c) for c in cells])


def looks(cells: Sequence[Cell]) -> float:
    """How much cells look like sets of labels, 0 to 1: lists, or texts of which a sign parts a few labels.

    Cells hold different numbers of labels: ``New York, NY`` is one label, and so is ``Toys/Cars``.
    """
    real = [v for c in cells if (v := plain(c)) is not None]
    if not real:
        return 0.0
    score, _ = likely_lists(real)
    if score >= LIKELY:
        return score if _lists(real) else 0.0
    texts = [c for c in real if isinstance(c, str)]
    if len(texts) < SEVERAL * len(real):
        return 0.0
    likely = likely_texts(texts)
    sure = max(likely.score, max((_combined(texts, sign) for sign in SIGNS), default=0.0))
    sign = likely.separator if likely.score else separator_of(texts)
    return sure if sign is not None and len({t.count(sign) for t in texts}) > 1 else 0.0


def _lists(cells: Sequence[Cell]) -> bool:
    """Whether any list holds something: of empty ones nothing is known."""
    return any(not isinstance(c, str) or json_list(c) is not None for c in cells)


def _combined(texts: Sequence[str], sign: str) -> float:
    """How sure it is that the sign parts a few labels which stand in several combinations.

    The tags modality asks that texts repeat less than their parts do; of three labels there are but seven
    combinations, which repeat too.
    """
    if len(texts) < FEWEST or sum(sign in t for t in texts) < OFTEN * len(texts):
        return 0.0
    parts = {t: [p.strip() for p in t.split(sign) if p.strip()] for t in set(texts)}
    counts = Counter(p for found in parts.values() for p in found)
    if not counts or any(len(set(found)) < len(found) for found in parts.values()):
        return 0.0
    short = all(len(p) <= 40 and len(p.split()) <= 4 for p in counts)
    again = sum(counts.values()) / len(counts)
    return 0.94 if short and again >= SHARES and len(texts) >= 2 * len(counts) else 0.0


def kept_labels(
    sets: Sequence[frozenset[str] | None], most: int, least: int
) -> tuple[Labels, list[int], Labels]:
    """(labels that are learned, sorted; in how many cells each is; those that are left out)."""
    counts = Counter(label for one in sets if one is not None for label in one)
    ranked = sorted((n for n in counts if counts[n] >= least), key=lambda n: (-counts[n], n))
    kept = sorted(ranked[:most], key=_in_order)
    return kept, [counts[n] for n in kept], sorted(set(counts) - set(kept))


def _in_order(label: str) -> tuple[int, int, str]:
    number = whole(label)
    return (1, 0, label) if number is None else (0, number, label)


def whole(label: str) -> int | None:
    """The whole number that a label spells in the plain way."""
    digits = label.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        return None
    return int(label) if str(int(label)) == label else None


def table_of(sets: Sequence[frozenset[str] | None], index: dict[str, int]) -> tuple[np.ndarray, Counter[str]]:
    """(uint8 (N, K): which known labels each row has; the labels that are not known, by rows)."""
    values = np.zeros((len(sets), len(index)), np.uint8)
    unknown: Counter[str] = Counter()
    pairs = [(r, index[n]) for r, one in enumerate(sets) if one for n in one if n in index]
    if pairs:
        rows, places = np.array(pairs, np.int64).T
        values[rows, places] = 1
    for one in sets:
        if one:
            unknown.update(n for n in one if n not in index)
    return values, unknown
