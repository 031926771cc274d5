"""A column as the parts of its input: one, or several where cells hold several media, or texts are long.

Letters: N rows, E elements of all cells, P parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sensorium.media.several import Apart, taken_apart
from sensorium.prepare_columns import Source, prepared_column, prepared_texts
from sensorium.progress import Progress
from sensorium.table.memory import listed
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell, Packed
from sensorium.table.table import Table


@dataclass(frozen=True, slots=True)
class Parts:
    """parts: what the encoder reads of the column. whole: the status of its cells. texts: its cleaned
    strings, for members that read words; None for other columns."""

    parts: tuple[Packed, ...]
    whole: Packed
    texts: Sequence[str | None] | None = None


def prepared_parts(source: Source, progress: Progress) -> Parts:
    """One column. Cells that hold several media are taken apart, all elements are prepared as one column, and
    part p holds the p-th element of every row. Where the facts say ``windows``, each part becomes so many, of
    at most ``longest`` steps."""
    found = _parts(source, progress)
    count = source.facts.get("windows", 1)
    if count == 1:
        return found
    parts = [one for part in found.parts for one in windows(part, source.facts["longest"], count)]
    return Parts(tuple(parts), found.whole, found.texts)


def windows(part: Packed, steps: int, count: int) -> list[Packed]:
    """Ragged records in stretches of ``steps``, the first ``count``; a record may end before some."""
    assert part.offsets is not None, "only ragged records have windows"
    place = np.arange(len(part.values)) - np.repeat(part.offsets[:-1], part.lengths())
    made = []
    for number in range(count):
        here = place // steps == number
        lengths = np.clip(part.lengths() - number * steps, 0, steps)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        status = np.where((part.status == PRESENT) & (lengths == 0), MISSING, part.status).astype(np.uint8)
        made.append(Packed(part.values[here], status, offsets, reasons=part.reasons, index=part.index))
    return made


def _parts(source: Source, progress: Progress) -> Parts:
    several = source.facts.get("several")
    if several is None:
        part = prepared_column(source, progress)
        return Parts((part,), part, prepared_texts(source))
    if not source.there:
        part = prepared_column(source, progress)
        return Parts((part,) * several["most"], part, prepared_texts(source))
    apart = _apart(source, several["sign"], several["most"])
    table = source.table
    column = [(source.column, listed([*apart.elements, None]))]
    elements = replace(source, table=Table.of(column, table.source, folder=table.folder, roots=table.roots))
    packed = prepared_column(elements, progress)
    parts = tuple(packed.rows(apart.place(part)) for part in range(several["most"]))
    return Parts(parts, whole(packed, apart), _joined(prepared_texts(elements), apart))


def _apart(source: Source, sign: str | None, most: int) -> Apart:
    elements: list[Cell] = []
    stops = [np.zeros(0, np.int64)]
    for cells in source.table.chunks(source.column):
        found = taken_apart(cells, sign, most)
        stops.append(found.stops + len(elements))
        elements += found.elements
    return Apart(elements, np.concatenate(stops))


def whole(packed: Packed, apart: Apart) -> Packed:
    """Each cell's status: corrupt when an element is (the others are used all the same); else present when
    one is."""
    status, counts, owners = packed.row_status()[: len(apart.elements)], apart.counts(), apart.owners()
    found = np.full(len(counts), MISSING, np.uint8)
    found[owners[status == PRESENT]] = PRESENT
    found[owners[status == CORRUPT]] = CORRUPT
    reasons: dict[int, str] = {}
    starts = apart.stops - counts
    for place, why in packed.row_reasons().items():
        row = int(owners[place])
        if row not in reasons:
            reasons[row] = f"number {place - int(starts[row]) + 1} of {int(counts[row])}: {why}"
    return Packed(found, found, reasons=reasons)


def _joined(texts: Sequence[str | None] | None, apart: Apart) -> list[str | None] | None:
    """The strings of each cell's elements behind each other."""
    if texts is None:
        return None
    starts = apart.stops - apart.counts()
    cells = (
        " ".join(filter(None, (texts[place] for place in range(start, stop))))
        for start, stop in zip(starts.tolist(), apart.stops.tolist(), strict=True)
    )
    return [cell or None for cell in cells]
