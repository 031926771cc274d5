"""What a page says of a table as a whole: missing cells, parts, what is nearly the same, suspected labels."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sensorium.infer_columns import ColumnGuess
from sensorium.inspect_labels import LabelErrors, Suspect
from sensorium.inspect_near import NearColumn, Pair
from sensorium.report import inspect_charts as charts
from sensorium.report.inspect_columns import cell, side_by_side
from sensorium.report.markup import Html, card, folded, grid, joined, muted, p, tag
from sensorium.report.svg import plain
from sensorium.table.table import Table
from sensorium.table.times import number

MOST_MAPPED, MOST_PATTERNS = 60, 8
MOST_LABELS, MOST_MOVED = 40, 8
MOST_PAIRS, MOST_SUSPECTS, MOST_LISTED, MOST_INPUTS = 6, 18, 300, 6

Rows = NDArray[np.int64]


def missing(table: Table, names: Sequence[str]) -> Html:
    """Which cells are missing: by column and stretch of rows, and which columns lack cells together."""
    gone = {name: table.codes(name) < 0 for name in names}
    lacking = [name for name in names if gone[name].any()]
    if not lacking:
        return p("No cell is missing.")
    lacking.sort(key=lambda name: -int(gone[name].sum()))
    shown = lacking[:MOST_MAPPED]
    stretches = min(charts.STRETCHES, table.num_rows)
    edges = np.arange(stretches + 1) * table.num_rows // stretches
    shares = np.array([np.add.reduceat(gone[n], edges[:-1]) / np.diff(edges) for n in shown])
    full = len(names) - len(lacking)
    told = p(
        f"Columns with missing cells, from the table's first row to its last; {full:,} columns lack none."
    )
    more = [muted(f"and {len(lacking) - len(shown):,} more columns")] if len(lacking) > len(shown) else []
    drawn = tag("div", {"class": "scroll", "tabindex": 0}, charts.missing_map(shown, shares, table.num_rows))
    return joined(told, drawn, *more, _patterns(table, gone, lacking))


def _patterns(table: Table, gone: Mapping[str, NDArray[np.bool_]], lacking: Sequence[str]) -> Html:
    some = list(lacking[:MOST_MAPPED])
    bits = np.packbits(np.stack([gone[name] for name in some]), axis=0).T
    different, first, counts = np.unique(bits, axis=0, return_index=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:MOST_PATTERNS]
    rows = []
    for place in order.tolist():
        names = [name for name in some if gone[name][first[place]]]
        what = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        share = 100 * counts[place] / table.num_rows
        rows.append([what or "nothing", f"{counts[place]:,}", f"{share:.1f} %"])
    title = f"{len(different):,} combinations of missing columns"
    return folded(
        title, grid(["missing together", "rows", "share"], rows), opened=len(different) <= MOST_PATTERNS
    )


def parts(table: Table, divided: Mapping[str, Rows], target: ColumnGuess | None, labels: bool) -> Html:
    """Rows of each part, and how the target lies in them. labels: whether it holds labels, else numbers."""
    every = dict(divided) or {"all rows": np.arange(table.num_rows)}
    counts = [
        [name, f"{len(rows):,}", f"{100 * len(rows) / table.num_rows:.1f} %"] for name, rows in every.items()
    ]
    left = table.num_rows - sum(map(len, every.values()))
    counts += [["in no part", f"{left:,}", f"{100 * left / table.num_rows:.1f} %"]] if left else []
    made = [grid(["part", "rows", "share"], counts)]
    if target is not None:
        cells = np.array([None if c is None else str(c) for c in table.column(target.column)], object)
        made.append(_balance(cells, every) if labels else _spread(table, target.column, every))
    return joined(*made)


def _balance(cells: NDArray[np.object_], every: Mapping[str, Rows]) -> Html:
    """Each label's rows and share in each part."""
    counts = {name: Counter[str](c for c in cells[rows] if c is not None) for name, rows in every.items()}
    total = sum(counts.values(), Counter[str]())
    labels = [label for label, _ in total.most_common()]
    rows = [
        [
            label,
            *(f"{one[label]:,} ({100 * one[label] / max(1, one.total()):.1f} %)" for one in counts.values()),
        ]
        for label in labels[:MOST_LABELS]
    ]
    gone = [len(rows) - counts[name].total() for name, rows in every.items()]
    rows += [[tag("i", {}, "missing"), *(f"{count:,}" for count in gone)]] if any(gone) else []
    more = f"and {len(labels) - MOST_LABELS:,} more labels"
    return joined(grid(["label", *counts], rows), *([muted(more)] if len(labels) > MOST_LABELS else []))


def _spread(table: Table, column: str, every: Mapping[str, Rows]) -> Html:
    values = np.array([number(c) for c in table.column(column)])
    rows = []
    for name, places in every.items():
        real = values[places][np.isfinite(values[places])]
        marks = np.quantile(real, [0, 0.25, 0.5, 0.75, 1]).tolist() if len(real) else [np.nan] * 5
        rows.append([name, *(plain(mark) for mark in marks), plain(float(real.mean())) if len(real) else "-"])
    return grid(["part", "least", "25 %", "median", "75 %", "most", "mean"], rows)


def near(table: Table, found: Sequence[NearColumn], kinds: Mapping[str, str | None], most_bytes: int) -> Html:
    """What is nearly the same in each column, what parts share first."""
    done = [one for one in found if one.skipped is None]
    if not done:
        return p("No column has cells that are compared: pictures, sounds and texts have fingerprints.")
    rows = []
    for one in done:
        cells = f"{one.compared:,}" + (f" of {one.asked:,}" if one.compared < one.asked else "")
        across = ", ".join(f"{x.count:,} of {x.second} in {x.first}" for x in one.leaks) or "none"
        rows.append([one.column, cells, f"{one.groups:,}", f"{one.rows:,}", f"{one.largest:,}", across])
    head = ["column", "cells compared", "groups alike", "rows in them", "largest", "across parts"]
    made = [grid(head, rows)]
    made += [
        muted(f"{one.column}: too many cells are alike to find every pair.")
        for one in done
        if not one.complete
    ]
    for one in done:
        made += [p(text) for text in one.warnings(table)]
        pairs = [pair for leak in one.leaks for pair in leak.examples] or list(one.examples)
        cards = [_pair(table, one, pair, kinds.get(one.column), most_bytes) for pair in pairs[:MOST_PAIRS]]
        if cards:
            made.append(tag("div", {"class": "cards"}, *cards))
    return joined(*made)


def _pair(table: Table, one: NearColumn, pair: Pair, kind: str | None, most_bytes: int) -> Html:
    rows = (pair.first, pair.second)
    cells = [(table.row_number(row), cell(table, one.column, kind, row, most_bytes)) for row in rows]
    differ = "equal fingerprints" if pair.bits == 0 else f"{pair.bits} of 256 bits differ"
    return card(one.column, side_by_side(cells), muted(differ))


def label_errors(table: Table, found: LabelErrors, inputs: Sequence[ColumnGuess], most_bytes: int) -> Html:
    """Labels that are probably wrong, the most suspect rows with their cells."""
    made: list[Html] = []
    if found.skipped is not None:
        made.append(p(f"Labels were not judged: {found.skipped}"))
    else:
        made.append(_judged(found))
        cards = [_suspect(table, one, inputs, most_bytes) for one in found.suspects[:MOST_SUSPECTS]]
        made += [tag("div", {"class": "cards"}, *cards)] if cards else []
        made += _listed(table, found)
    if found.clashing:
        rows = [
            [
                table.row_number(one.first),
                str(one.labels[0]),
                table.row_number(one.second),
                str(one.labels[1]),
            ]
            for one in found.clashes
        ]
        told = p(f"{found.clashing:,} rows have the inputs of another row and a different label:")
        made += [told, grid(["row", "label", "row", "label"], rows, left=4)]
    return joined(*made)


def _judged(found: LabelErrors) -> Html:
    share = 100 * found.number / max(1, found.judged)
    told = [
        p(f"{found.number:,} of {found.judged:,} labels are suspected ({share:.1f} %), by {found.how}. "
          "A suspect may be right: look at it before you change it."),
    ]  # fmt: skip
    agree = (f"{name} {100 * value:.1f} %" for name, value in (found.agree or {}).items())
    told.append(muted(f"Labels that a learner says too, on rows that it has not seen: {', '.join(agree)}."))
    if found.unsure:
        names = ", ".join(str(label) for label in found.unsure[:12])
        others = f" and {len(found.unsure) - 12:,} more" if len(found.unsure) > 12 else ""
        told.append(muted(f"Learners are too unsure of these labels to suggest them: {names}{others}."))
    rows = [[str(i), str(j), f"{count:,}"] for (i, j), count in (found.moved or {}).items()]
    head, few, more = ["given", "suggested", "rows"], rows[:MOST_MOVED], rows[MOST_MOVED:]
    told += [grid(head, few, left=2)] if few else []
    told += [folded(f"{len(more):,} more pairs of labels", grid(head, more, left=2))] if more else []
    return joined(*told)


def _suspect(table: Table, one: Suspect, inputs: Sequence[ColumnGuess], most_bytes: int) -> Html:
    said = tag(
        "p", {"class": "said"},
        "given ", tag("span", {"class": "false"}, str(one.given)),
        ", suggested ", tag("span", {"class": "true"}, str(one.suggested)),
        tag("small", {"class": "muted"}, f" shares {one.own:.2f} and {one.share:.2f}"),
    )  # fmt: skip
    cells = [
        joined(
            tag("dt", {}, guess.column),
            tag("dd", {}, cell(table, guess.column, guess.modality, one.row, most_bytes)),
        )
        for guess in inputs[:MOST_INPUTS]
    ]
    more = [muted(f"and {len(inputs) - MOST_INPUTS} more columns")] if len(inputs) > MOST_INPUTS else []
    return card(table.row_number(one.row), said, tag("dl", {"class": "cells"}, *cells), *more)


def _listed(table: Table, found: LabelErrors) -> list[Html]:
    if len(found.suspects) <= MOST_SUSPECTS:
        return []
    rows = [
        [table.row_number(one.row), str(one.given), str(one.suggested), f"{one.own:.3f}", f"{one.share:.3f}"]
        for one in found.suspects[:MOST_LISTED]
    ]
    title = (
        f"{'all' if found.number <= MOST_LISTED else f'the first {MOST_LISTED} of'} {found.number:,} suspects"
    )
    head = ["row", "given", "suggested", "share of the given", "share of the suggested"]
    return [folded(title, grid(head, rows, left=3))]
