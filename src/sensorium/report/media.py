"""Cells as HTML: a small picture, a player, a chart, a text; what is missing or corrupt is said so.

A page holds media inside itself, so each gets a share of a budget of bytes: long sounds lose their end.
"""

import base64

import numpy as np

from sensorium.errors import CorruptCell
from sensorium.fit_facts import placed
from sensorium.media.cells import is_missing
from sensorium.media.several import held, sign_of
from sensorium.modalities._base import Modality, Shown
from sensorium.model import modality_of
from sensorium.plan import InputPlan
from sensorium.report.markup import Html, joined, tag
from sensorium.report.svg import sparkline
from sensorium.table.packed import Cell
from sensorium.table.table import Table

TINY = 64
SEVERAL = 4
"""Media of one cell that are shown."""


def cell_html(table: Table, asked: InputPlan, column: str, row: int, most_bytes: int) -> Html:
    """One cell of an input. row: of the table. most_bytes: what its medium may take in the page."""
    if column not in table.names:
        return _gone("missing: the table has no such column")
    (cell,) = next(table.chunks(column, np.array([row])))
    modality = modality_of(asked)
    several = held(cell, sign_of([cell])) if modality.holds_several() else None
    if several:
        shown = [
            _one(table, modality, one, most_bytes // min(len(several), SEVERAL)) for one in several[:SEVERAL]
        ]
        more = [tag("small", {"class": "muted"}, f"and {len(several) - SEVERAL} more")]
        return joined(*shown, *(more if len(several) > SEVERAL else []))
    return _one(table, modality, cell, most_bytes)


def _one(table: Table, modality: Modality, cell: Cell, most_bytes: int) -> Html:
    """One medium, text or value."""
    if modality.media:
        (cell,) = placed(modality, [cell], table)
    if is_missing(cell):
        return _gone("missing")
    try:
        if isinstance(cell, CorruptCell):
            raise cell
        return shown_html(modality.show(cell, most_bytes))
    except CorruptCell as why:
        return _gone(f"corrupt: {why}")


def _gone(why: str) -> Html:
    return tag("span", {"class": "gone"}, why)


def shown_html(told: Shown) -> Html:
    """What a modality shows of a cell."""
    if told.lines:
        return joined(sparkline(told.lines), tag("small", {"class": "muted"}, told.words))
    if told.mime.startswith("image/"):
        wide, high = told.side or (TINY, TINY)
        size = {"width": wide, "height": high} if max(wide, high) > TINY else {"class": "tiny"}
        return tag("img", {"src": _inside(told), "alt": told.words, "title": told.words, **size})
    if told.mime.startswith(("audio/", "video/")):
        kind = told.mime.partition("/")[0]
        player = tag(kind, {"controls": "", "preload": "metadata", "src": _inside(told)})
        return joined(player, tag("small", {"class": "muted"}, told.words))
    return joined(told.words) if told.words else _gone("nothing to show")


def _inside(told: Shown) -> str:
    return f"data:{told.mime};base64,{base64.b64encode(told.medium).decode('ascii')}"
