"""An inspection that takes its time: also what is nearly the same, and labels that are probably wrong."""

from dataclasses import dataclass

from sensorium.inspect_held_out import HeldOut
from sensorium.inspect_labels import LabelErrors, label_errors
from sensorium.inspect_near import NearColumn, near_column
from sensorium.inspect_show import WIDTH
from sensorium.inspect_table import Inspection, inspect, parts_of
from sensorium.store import Store
from sensorium.table.table import Table
from sensorium.tasks import tasks
from sensorium.types import Json

SHOWN = 10
"""Suspected labels in the text."""


@dataclass(frozen=True, slots=True)
class Deep:
    """What was found. Prints as text; ``to_dict`` is JSON.

    near: one report for each input. labels: of the target, where it holds labels.
    """

    table: Table
    plain: Inspection
    near: tuple[NearColumn, ...] = ()
    labels: LabelErrors | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to look at before training."""
        near = [text for one in self.near for text in one.warnings(self.table)]
        wrong = [] if self.labels is None else self.labels.warnings(self.table)
        return (*self.plain.warnings, *near, *wrong)

    def to_dict(self) -> dict[str, Json]:
        """Everything as JSON."""
        near: list[Json] = [one.to_dict(self.table) for one in self.near]
        wrong = None if self.labels is None else self.labels.to_dict(self.table)
        told: list[Json] = list(self.warnings)
        return self.plain.to_dict() | {"near": near, "label_errors": wrong, "warnings": told}

    def __str__(self) -> str:
        return str(self.plain) + "\n".join(["", *self._near_lines(), *self._label_lines()]) + "\n"

    def _near_lines(self) -> list[str]:
        lines = ["nearly the same (cells, groups of different ones, rows in them):"]
        for one in self.near:
            if one.skipped is None:
                more = " of a sample" if one.sampled else ""
                more += "" if one.complete else ", at least"
                lines.append(
                    f"  {one.column}: {one.compared:,} cells{more}, {one.groups:,} groups, {one.rows:,} rows"
                )
        lines += [f"  {text}" for one in self.near for text in one.warnings(self.table)]
        return lines if len(lines) > 1 else ["nearly the same: no column has cells that are compared"]

    def _label_lines(self) -> list[str]:
        if self.labels is None:
            return []
        if self.labels.skipped is not None:
            return [f"label errors: not searched: {self.labels.skipped}"]
        found = self.labels
        lines = [f"label errors: {found.number:,} of {found.judged:,} labels suspected ({found.how})"]
        for one in found.suspects[:SHOWN]:
            row = self.table.row_number(one.row)
            text = (
                f"  {row}: given {one.given!r} ({one.own:.2f}), suggested {one.suggested!r} ({one.share:.2f})"
            )
            lines.append(text[:WIDTH])
        more = found.number - SHOWN
        return [*lines, *([f"  and {more:,} more"] if more > 0 else [])]


def inspect_deeply(
    table: Table, target: str | None = None, *, seed: int = 0, store: Store | None = None,
    judged: HeldOut | None = None,
) -> Deep:  # fmt: skip
    """Look at every column, compare cells by their fingerprints, and search the target for label errors.

    judged: what a trained run says of rows that it has not learned from; None: learners in folds.
    """
    plain = inspect(table, target, seed=seed)
    guesses = [column.guess for column in plain.columns]
    parts = parts_of(table, guesses)
    near = tuple(near_column(table, one, parts, seed) for one in guesses if one.role == "input")
    labelled = {one.column for one in guesses if one.modality is not None and one.role == "target"
                and tasks.get(one.modality).trees == "classify"}  # fmt: skip
    wrong = None
    if target in labelled:
        inputs = [one.column for one in guesses if one.role == "input"]
        wrong = label_errors(table, target, inputs, seed=seed, store=store, judged=judged)
    return Deep(table, plain, near, wrong)
