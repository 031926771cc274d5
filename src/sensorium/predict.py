"""Rows -> answers: the one path that evaluate, explain, bundle and serve use. Knows only members."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensorium.corrupt import in_words, places, stop, write_cells
from sensorium.errors import DataError, PlanError, nearest
from sensorium.fit_facts import task_of
from sensorium.members._base import Floats, Member, Numbers
from sensorium.members._pieces import AT_ONCE, said
from sensorium.plan import Plan
from sensorium.prepare import corrupt_cells, prepare
from sensorium.store import Store
from sensorium.table.packed import CORRUPT, PRESENT
from sensorium.table.prepared import Prepared
from sensorium.table.table import Table
from sensorium.types import Facts, Json

ON_CORRUPT = ("missing", "error")
STORED_ROWS = 1_000
"""Tables of fewer rows are answered without the store."""


class UnusedColumn(UserWarning):
    """The table has a column that the model does not know."""


class AbsentColumn(UserWarning):
    """The table lacks a column that the model reads: it counts as missing in every row."""


class CorruptCells(UserWarning):
    """Cells of a column cannot be read: they count as missing, and their rows are answered without them."""


@dataclass(frozen=True, slots=True)
class Predictor:
    """A plan, the facts and the chosen member: everything that an answer needs."""

    plan: Plan
    facts: Facts
    member: Member

    def prepare(self, table: Table, *, answering: bool = True, store: Store | None = None) -> Prepared:
        """The table's inputs; warns of columns that are too many or too few."""
        self.compare(table)
        if table.num_rows < STORED_ROWS:  # a small request is decoded sooner than the folder is scanned
            store = None
        return prepare(self.plan, self.facts, table, answering=answering, store=store, using=True)

    def compare(self, table: Table) -> None:
        """Warn of columns that are not known (ignored) or absent (missing in every row).

        Raises DataError for a table that has none of the columns that are read: it is another table.
        """
        known = {c for i in self.plan.inputs.values() for c in i.columns}
        given = set(table.names)
        if given and not known & given:
            raise DataError(
                f"{table.source}: none of the columns that the model reads is there. Expected: "
                f"{_listed(known)}; got: {_listed(given)}."
            )
        told = {*self.plan.targets, *self.facts.get("ignored", ()), self.plan.weight, self.plan.split.column}
        if extra := sorted(given - known - told):
            text = (
                f"{table.source}: ignored the columns {', '.join(map(repr, extra))}: "
                "the model does not know them."
            )
            warnings.warn(text, UnusedColumn, stacklevel=3)
        if absent := sorted(known - given):
            text = (
                f"{table.source}: the columns {', '.join(map(repr, absent))} are absent and count as missing."
                f"{_meant(absent, extra)}"
            )
            warnings.warn(text, AbsentColumn, stacklevel=3)

    def numbers(self, data: Prepared) -> Numbers:
        """Numbers of every row; a row that nobody answers gets the stored prior."""
        return with_prior(said(self.member, data), self.facts)

    def pieces(
        self, table: Table, on_corrupt: str, cells: str | Path | None = None, *, store: Store | None = None
    ) -> Iterator[Prepared]:
        """The table's inputs, AT_ONCE rows at a time, in order; what is corrupt is told at the end.

        on_corrupt, cells: as for ``tell_corrupt``. Raises PlanError for another ``on_corrupt``, and where
        that is ``error`` DataError once every cell was looked at.
        """
        check_on_corrupt(on_corrupt)
        self.compare(table)
        found: list[tuple[str, int, str]] = []
        kept = store if table.num_rows >= STORED_ROWS else None
        for start in range(0, table.num_rows, AT_ONCE):
            some = table
            if table.num_rows > AT_ONCE:
                some = table.take(np.arange(start, min(table.num_rows, start + AT_ONCE)))
            data = prepare(self.plan, self.facts, some, answering=True, store=kept, using=True)
            found += [(column, start + row, why) for column, row, why in corrupt_cells(data)]
            if on_corrupt != "error" or not found:
                yield data
        tell_corrupt(self, table, found, on_corrupt, cells)

    def cells(self, data: Prepared) -> list[dict[str, Json]]:
        """One answer a row, in order: ``<target>``, ``<target>.p.<class>`` or, where the plan asks for an
        interval, ``<target>.low`` and ``<target>.high``, then ``<target>.missing``."""
        numbers = self.numbers(data)
        missing = missing_inputs(self.plan, data)
        rows: list[dict[str, Json]] = [{} for _ in range(len(data))]
        for name, asked in self.plan.targets.items():
            cells = task_of(asked).cells(numbers.values[name], self.facts["targets"][name], name)
            bands = self._bands(name, numbers.values[name], data)
            for row, cell, band, gone in zip(rows, cells, bands, missing, strict=True):
                row.update(cell)
                row.update(band)
                row[f"{name}.missing"] = gone
        return rows

    def _bands(self, name: str, numbers: Floats, data: Prepared) -> list[dict[str, Json]]:
        """``{<target>.low: ..., <target>.high: ...}`` of every row; empty where the task settled none."""
        task, facts = task_of(self.plan.targets[name]), self.facts["targets"][name]
        found = task.band(numbers, gaps(self.plan, data, self.member.inputs), facts)
        if found is None:
            return [{}] * len(data)
        ends = [[float(f"{end:.9g}") for end in row] for row in found.tolist()]
        return [{f"{name}.low": low, f"{name}.high": high} for low, high in ends]


def _listed(names: Iterable[str]) -> str:
    """Names in order, at most 20 of them."""
    found = sorted(names)
    more = f" and {len(found) - 20} more" if len(found) > 20 else ""
    return ", ".join(map(repr, found[:20])) + more


def _meant(absent: Sequence[str], extra: Sequence[str]) -> str:
    """What to do where a column that is not known has nearly the name of one that is absent."""
    pairs = [(near[0], name) for name in absent if (near := get_close_matches(name, extra, n=1, cutoff=0.75))]
    told = " and ".join(f"{other!r} to {name!r}" for other, name in pairs)
    return f" Did you mean to rename {told}?" if pairs else ""


def check_on_corrupt(asked: str) -> None:
    """Raise PlanError for what answering cannot do with corrupt cells."""
    if asked == "drop":
        raise PlanError(
            "on_corrupt: expected 'missing' or 'error', got 'drop': every row gets an answer, so none is "
            "dropped. Only training drops rows; with 'missing' a row is answered from its other cells."
        )
    if asked not in ON_CORRUPT:
        raise PlanError(
            f"on_corrupt: expected 'missing' or 'error', got {asked!r}.{nearest(asked, ON_CORRUPT)}"
        )


def tell_corrupt(
    predictor: Predictor, table: Table, found: Sequence[tuple[str, int, str]], on_corrupt: str,
    cells: str | Path | None = None, *, warn: bool = True,
) -> None:  # fmt: skip
    """Tell of cells that cannot be read: listed in ``cells``, warned of, or an error.

    found: (column, row, reason). on_corrupt: ``missing``, or ``error``, which raises DataError naming the
    first.
    """
    if cells is not None:
        write_cells(Path(cells), places(found, table, predictor.plan))
    if on_corrupt == "error":
        stop(found, table, predictor.plan, "use on_corrupt missing, which answers from the other cells")
    for text in in_words(found, table) if warn else ():
        warnings.warn(f"{table.source}: {text}", CorruptCells, stacklevel=3)


def with_prior(numbers: Numbers, facts: Facts) -> Numbers:
    """The same numbers, with the prior where nobody answered. Raises nothing: every row has an answer."""
    values = {}
    for name, given in numbers.values.items():
        prior = np.array(facts["targets"][name]["prior"], np.float64)
        values[name] = np.where(numbers.answered[:, None], given, prior)
    return Numbers(values, np.ones(len(numbers.answered), bool))


def gaps(plan: Plan, data: Prepared, inputs: Sequence[str]) -> NDArray[np.int64]:
    """(N,): 0 where every cell of these inputs is real, 1 where some are missing, 2 where none is real."""
    columns = [c for name in inputs for c in plan.inputs[name].columns]
    if not columns:
        return np.zeros(len(data), np.int64)
    there = np.stack([data.columns[column].row_status() == PRESENT for column in columns])
    return np.where(there.all(0), 0, np.where(there.any(0), 1, 2)).astype(np.int64)


def missing_inputs(plan: Plan, data: Prepared) -> list[str]:
    """For each row the columns that were missing or corrupt: ``photo;voice (corrupt)``; empty: none."""
    told: list[list[str]] = [[] for _ in range(len(data))]
    columns = list(dict.fromkeys(c for asked in plan.inputs.values() for c in asked.columns))
    if not columns:
        return [""] * len(data)
    status_CN = np.stack([data.columns[column].row_status() for column in columns])
    for place, row in np.argwhere(status_CN != PRESENT).tolist():
        corrupt = status_CN[place, row] == CORRUPT
        told[row].append(f"{columns[place]} (corrupt)" if corrupt else columns[place])
    return [";".join(names) for names in told]
