"""What to look at before training: every oddity of a table that inspecting it shows."""

from collections.abc import Sequence

from sensorium.inspect_columns import ColumnReport
from sensorium.tasks import tasks

NEARLY_ALL = 0.95
"""Missing shares above this are told."""
RARE = 10
"""Labels with fewer rows are told."""
LOPSIDED = 0.9
"""The share of the most common label above which accuracy says little."""


def warnings_of(columns: Sequence[ColumnReport], duplicates: int, divided: bool) -> list[str]:
    """One sentence each, with the column, the numbers and what to do."""
    found = [text for column in columns for text in _target(column)]
    found += [text for column in columns for text in _cells(column)]
    if duplicates and not divided:
        found.append(
            f"{duplicates:,} rows have the inputs of an earlier row: a random split may put twins "
            "on both sides; remove them, or split by group."
        )
    return found


def _target(column: ColumnReport) -> list[str]:
    task = column.guess.modality
    if column.guess.role != "target" or task is None:
        return []
    found = []
    if column.missing:
        found.append(f"target {column.guess.column!r}: {column.missing:,} rows have none and train nothing.")
    if tasks.get(task).trees != "classify" or not column.facts.get("top"):
        return found
    top: dict[str, int] = column.facts["top"]
    total = column.looked_at - column.missing
    label, count = next(iter(top.items()))
    if column.facts["different"] == 1:
        found.append(
            f"target {column.guess.column!r}: there is only one label, {label!r}; nothing can be learned."
        )
    elif count > LOPSIDED * total:
        found.append(
            f"target {column.guess.column!r}: {count / total:.1%} of the rows are {label!r}; accuracy says "
            "little, read balanced accuracy or F1, and consider class_weights: balanced."
        )
    rare = {name: rows for name, rows in column.facts.get("rarest", top).items() if rows < RARE}
    if rare and column.facts["different"] > 1:
        shown = ", ".join(f"{name!r} {rows}" for name, rows in rare.items())
        found.append(
            f"target {column.guess.column!r}: some labels have fewer than {RARE} rows (the rarest: {shown})."
        )
    return found


def _cells(column: ColumnReport) -> list[str]:
    guess, found = column.guess, []
    name = f"column {guess.column!r}"
    why = guess.dropped_because
    if why is not None:
        found.append(f"{name} is dropped: {why}.")
    elif column.missing > NEARLY_ALL * column.rows:
        found.append(f"{name}: {column.missing / column.rows:.1%} of its cells are missing.")
    if column.corrupt:
        reason = next(iter(column.reasons))
        among = "" if column.looked_at == column.rows else f" of the {column.looked_at:,} looked at"
        found.append(
            f"{name}: {column.corrupt:,} cells{among} are corrupt and count as missing; the first, "
            f"{column.first_rows[reason]}: {reason}."
        )
    if column.facts.get("infinite"):
        found.append(f"{name}: {column.facts['infinite']:,} cells are infinite.")
    if column.nan:
        found.append(f"{name}: {column.nan:,} cells are NaN and count as missing.")
    return found
