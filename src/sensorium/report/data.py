"""What is said of the data: every column, leaks between parts, corrupt cells, notes."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sensorium.infer_columns import ColumnGuess
from sensorium.plan import Plan
from sensorium.report.markup import Html, folded, grid, joined, muted, p, tag
from sensorium.table.leaks import Leak
from sensorium.table.table import Table

MOST_CELLS, MOST_COLUMNS = 50, 500

Corrupt = Sequence[tuple[str, int, str]]
"""(column, row, reason)."""


def columns(table: Table, guesses: Sequence[ColumnGuess], corrupt: Corrupt) -> Html:
    """Every column: its role, what it was taken for and why, missing and corrupt counts, who reads it."""
    broken = Counter(column for column, _, _ in corrupt)
    rows = [
        [
            guess.column, _role(guess), guess.modality or "", guess.dropped_because or guess.reason,
            *_missing(table, guess.column), f"{broken[guess.column]:,}" if broken[guess.column] else "0",
        ]
        for guess in guesses[:MOST_COLUMNS]
    ]  # fmt: skip
    head = ["column", "role", "kind", "why", "missing", "", "corrupt"]
    more = [muted(f"and {len(guesses) - MOST_COLUMNS:,} more columns")] if len(guesses) > MOST_COLUMNS else []
    dropped = sum(g.role == "dropped" for g in guesses)
    told = p(f"{dropped} of {len(guesses):,} columns are not read; the reasons stand beside them.")
    return joined(*([told] if dropped else []), grid(head, rows, left=4, kind="text"), *more)


def _role(guess: ColumnGuess) -> Html:
    if guess.role == "input":
        own = guess.input in (None, guess.column)
        return joined("input" if own else f"input of {guess.input}")
    kind = "gone" if guess.role == "dropped" else "chosen"
    return tag("span", {"class": kind}, guess.role)


def _missing(table: Table, column: str) -> list[str]:
    if column not in table.names:
        return [f"{table.num_rows:,}", "100 %"]
    count = int((table.codes(column) < 0).sum())
    share = 100 * count / max(1, table.num_rows)
    return [f"{count:,}", f"{share:.1f} %" if count else ""]


def planned_guesses(plan: Plan, table: Table) -> list[ColumnGuess]:
    """What a plan alone tells of a table's columns, in the table's order, absent ones last."""
    known = {
        c: ColumnGuess(c, "target", t.task.name, 1.0, "the plan says so") for c, t in plan.targets.items()
    }
    for name, asked in plan.inputs.items():
        for column in asked.columns:
            absent = column not in table.names
            why = "the table lacks it: missing in every row" if absent else "the model reads it"
            known[column] = ColumnGuess(column, "input", asked.modality.name, 1.0, why, None, name)
    why = "the model does not read it"
    given = [known.get(c, ColumnGuess(c, "dropped", dropped_because=why)) for c in table.names]
    return [*given, *(guess for column, guess in known.items() if column not in table.names)]


def leaks(found: Sequence[Leak], table: Table) -> Html:
    """What training and test rows share."""
    if not found:
        return p("No row and no medium is in more than one part of the split.")
    items = (tag("li", {}, leak.text(table)) for leak in found)
    told = p(
        "Scores on rows that were learned from flatter. The same content is in several parts of the split:"
    )
    return joined(told, tag("ul", {}, *items))


def corrupt_cells(found: Corrupt, table: Table, dropped: bool = False) -> Html:
    """The cells that could not be read. dropped: whether their rows trained nothing."""
    if not found:
        return p("Every cell that is not missing could be read.")
    reasons = Counter((column, why) for column, _, why in found)
    common = [[column, why, f"{count:,}"] for (column, why), count in reasons.most_common(10)]
    rows = [[column, table.row_number(row), why] for column, row, why in found[:MOST_CELLS]]
    more = f"the first {MOST_CELLS} of {len(found):,}" if len(found) > MOST_CELLS else f"all {len(found):,}"
    fate = "their rows are left out of training" if dropped else "nothing else of their rows suffers"
    told = p(f"These cells cannot be read and {'' if dropped else 'count as missing: '}{fate}.")
    table_of_reasons = grid(["column", "why", "cells"], common, left=2, kind="text")
    cells = grid(["column", "row", "why"], rows, left=3, kind="text")
    return joined(told, table_of_reasons, folded(f"{more} corrupt cells", cells))


def notes(told: Sequence[str]) -> Html:
    """What training wants the user to know."""
    counted: Mapping[str, int] = Counter(told)
    items = (
        tag("li", {}, note if count == 1 else f"{note} ({count} times)") for note, count in counted.items()
    )
    return tag("ul", {}, *items)
