"""What a page says of each column of a table: counts, a chart of its values, a few of its cells."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sensorium.inspect_columns import ColumnReport
from sensorium.inspect_show import facts_in_words
from sensorium.media.cells import shown
from sensorium.modalities import modalities
from sensorium.plan import Choice, InputPlan
from sensorium.report import inspect_charts as charts
from sensorium.report.markup import Html, card, grid, joined, muted, p, tag
from sensorium.report.media import cell_html
from sensorium.table.table import Table

MOST_CARDS = 80
SAMPLES = 4
MOST_CHARTS = 3


def columns(table: Table, found: Sequence[ColumnReport], most_bytes: int) -> Html:
    """A table of all columns, and a card for each of the first ones. most_bytes: for each medium."""
    rows = [
        [
            _name(one), _role(one), one.guess.modality or "", one.guess.dropped_because or one.guess.reason,
            _share(one.missing, one.rows), _share(one.corrupt, one.looked_at), f"{one.different:,}",
        ]
        for one in found
    ]  # fmt: skip
    head = ["column", "role", "kind", "why", "missing", "corrupt", "different"]
    cards = [_card(table, one, most_bytes) for one in found[:MOST_CARDS] if one.guess.role != "split"]
    more = [muted(f"and {len(found) - MOST_CARDS:,} more columns")] if len(found) > MOST_CARDS else []
    return joined(
        grid(head, rows, left=4, kind="text"), tag("div", {"class": "cards columns"}, *cards), *more
    )


def asked_for(column: str, modality: str) -> InputPlan:
    """The column as an input by itself, with its modality's own choices."""
    kind = modalities.get(modality)
    return InputPlan(column, (column,), Choice(modality), Choice(kind.default_encoder))


def cell(table: Table, column: str, modality: str | None, row: int, most_bytes: int) -> Html:
    """A cell as its modality shows it; of a column without one as words."""
    if modality is not None:
        return cell_html(table, asked_for(column, modality), column, row, most_bytes)
    (value,) = next(table.chunks(column, np.array([row])))
    return tag("span", {"class": "gone"}, "missing") if value is None else tag("span", {}, _words(value))


def _words(value: object) -> str:
    return value[:400] if isinstance(value, str) else shown(value)


def _name(one: ColumnReport) -> Html:
    return tag("b" if one.guess.role == "target" else "span", {}, one.guess.column)


def _role(one: ColumnReport) -> Html:
    kind = {"dropped": "gone", "target": "chosen", "split": "chosen"}.get(one.guess.role)
    return tag("span", {"class": kind} if kind else {}, one.guess.role)


def _share(count: int, rows: int) -> str:
    return f"{count:,} ({100 * count / max(1, rows):.1f} %)" if count else "0"


def _card(table: Table, one: ColumnReport, most_bytes: int) -> Html:
    guess = one.guess
    kind = f"{guess.role}, {guess.modality}" if guess.modality else guess.role
    told = [f"{one.present:,} present"]
    told += [f"{one.missing:,} missing"] if one.missing else []
    told += [f"{one.corrupt:,} corrupt"] if one.corrupt else []
    told += [f"{one.different:,} different"]
    lines = [muted(f"{kind}: {', '.join(told)}"), *_charts(one.facts, one), *_cells(table, one, most_bytes)]
    lines += [p(tag("small", {"class": "false"}, f"{row}: {why}")) for why, row in one.first_rows.items()]
    if guess.dropped_because:
        lines.append(muted(f"dropped: {guess.dropped_because}"))
    return card(guess.column, *lines)


def _charts(facts: Mapping[str, Any], one: ColumnReport) -> list[Html]:
    """Histograms of what is measured, bars of what is counted, the rest in words."""
    made: list[Html] = []
    present = max(1, one.looked_at - one.missing)
    if _spread(facts):
        made.append(_histogram(facts["histogram"], one.guess.column))
    if facts.get("top"):
        made.append(charts.common(facts["top"], present, one.guess.column))
    for name, value in facts.items():
        if isinstance(value, Mapping) and _spread(value):
            drawn = _histogram(value["histogram"], f"{name} of {one.guess.column}")
            made.append(joined(tag("small", {"class": "muted"}, name), drawn))
    plain = {
        n: v
        for n, v in facts.items()
        if n not in ("top", "rarest") and not (isinstance(v, Mapping) and _spread(v))
    }
    said = facts_in_words(plain)
    return [*made[:MOST_CHARTS], *([p("; ".join(said))] if said else [])]


def _spread(facts: Mapping[str, Any]) -> bool:
    """Whether there is a histogram of several different values."""
    return "histogram" in facts and facts["min"] < facts["max"]


def _histogram(told: Sequence[Sequence[float]], name: str) -> Html:
    edges, counts = told
    return charts.histogram(edges, [int(count) for count in counts], name)


def _cells(table: Table, one: ColumnReport, most_bytes: int) -> list[Html]:
    """Some cells, spread over the table; none of columns that the chart shows whole."""
    kind = one.guess.modality if one.guess.role != "target" else None
    if kind is not None and modalities.get(kind).together:
        return []
    if kind is None and one.guess.role in ("target", "split"):
        return []
    codes = table.codes(one.guess.column)
    rows = np.sort(np.unique(codes, return_index=True)[1])
    rows = rows[codes[rows] >= 0]
    if not len(rows):
        return []
    picked = rows[np.unique(np.linspace(0, len(rows) - 1, SAMPLES).astype(int))].tolist()
    shown_cells = [cell(table, one.guess.column, kind, row, most_bytes) for row in picked]
    told = list(zip((table.row_number(row) for row in picked), shown_cells, strict=True))
    if kind is not None and modalities.get(kind).media:
        return [side_by_side(told)]
    return [tag("dl", {"class": "cells"}, *(joined(tag("dt", {}, r), tag("dd", {}, c)) for r, c in told))]


def side_by_side(cells: Sequence[tuple[str, Html]]) -> Html:
    """Cells two in a line, each with what stands below it."""
    made = [tag("figure", {}, shown_cell, tag("figcaption", {}, below)) for below, shown_cell in cells]
    return tag("div", {"class": "pair"}, *made)
