"""Table + facts -> prepared columns: every cell decoded once."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sensorium.errors import DataError
from sensorium.fit_facts import placed, task_of
from sensorium.media.cells import shown
from sensorium.modalities._base import Modality
from sensorium.model import modality_of
from sensorium.plan import InputPlan, Plan, TargetPlan
from sensorium.progress import Progress
from sensorium.store import Store
from sensorium.table.packed import CORRUPT, Cell, Packed, concatenated, flat
from sensorium.table.prepared import Prepared, Target
from sensorium.table.statistics import Statistics
from sensorium.table.table import Table
from sensorium.tasks._base import also
from sensorium.types import Facts

MEDIA_CHUNK = 64


def prepare(
    plan: Plan, facts: Facts, table: Table, *, answering: bool = False, store: Store | None = None
) -> Prepared:
    """Every input of every row of the table, decoded once; with targets unless ``answering``.

    Columns that the table lacks are missing in every row: the caller warns.
    """
    inputs: dict[str, tuple[Packed, ...]] = {}
    texts: dict[str, Sequence[str | None]] = {}
    columns: dict[str, Packed] = {}
    statistics: dict[str, Statistics] = {}
    with Progress() as progress:
        for name, asked in plan.inputs.items():
            modality, parts = modality_of(asked), []
            for column in asked.columns:
                cells = table.column(column) if column in table.columns else [None] * table.num_rows
                told = facts["inputs"][name][column]
                parts.append(prepared_column(modality, asked, cells, told, table, store, progress))
                columns[column] = _worse(columns.get(column), parts[-1])
            words = modality.clean(cells) if len(asked.columns) == 1 else None
            if words is not None:
                texts[name] = words
            inputs[name] = modality.join(parts)
            told_all = [facts["inputs"][name][c] for c in asked.columns]
            field = modality.field(name, told_all)
            if field is not None and field.kind != "words":
                statistics[name] = Statistics(partial(modality.plain, inputs[name], told_all))
    made = {} if answering else {n: _target(t, facts, table) for n, t in plan.targets.items()}
    weight = None if answering or plan.weight is None else _weight(plan.weight, table)
    return Prepared(np.arange(table.num_rows), inputs, texts, made, weight, columns, statistics)


def prepared_column(
    modality: Modality,
    asked: InputPlan,
    cells: Sequence[Cell],
    facts: Facts,
    table: Table,
    store: Store | None,
    progress: Progress,
) -> Packed:
    """One column: equal media and strings are decoded once, media in threads, and kept in the store."""
    if not modality.media:
        return _prepared_plain(modality, cells, facts)
    records, index = _distinct(placed(modality, cells, table))
    key = store.key(asked, facts, records) if store is not None else None
    if store is not None and key is not None and (found := store.get(key)) is not None:
        return replace(found, index=index)
    starts = range(0, len(records), MEDIA_CHUNK)
    if len(starts) < 2:  # a pool of threads costs more than one chunk gains
        packed = flat(modality.prepare(records, facts))
    else:
        with ThreadPoolExecutor(max_workers=torch.get_num_threads()) as pool:
            made = pool.map(lambda s: modality.prepare(records[s : s + MEDIA_CHUNK], facts), starts)
            parts = list(progress.over(made, f"preparing {asked.name}", len(starts)))
        packed = concatenated([flat(p) for p in parts])
    if store is not None and key is not None:
        packed = store.put(key, packed)
    return replace(packed, index=index)


def _worse(known: Packed | None, part: Packed) -> Packed:
    """A column's status when several inputs read it: corrupt for one of them is corrupt, then missing."""
    if known is None:
        return part
    status = np.maximum(known.row_status(), part.row_status())
    return Packed(np.zeros(len(status)), status, reasons=part.row_reasons() | known.row_reasons())


def _prepared_plain(modality: Modality, cells: Sequence[Cell], facts: Facts) -> Packed:
    if modality.together or not all(isinstance(c, str | None) for c in cells):
        return modality.prepare(cells, facts)
    records, index = _distinct(cells)
    return replace(flat(modality.prepare(records, facts)), index=index)


def _distinct(cells: Sequence[Cell]) -> tuple[list[Cell], NDArray[np.int64]]:
    """Distinct cells (by path or text; other cells stay as they are) and each row's place among them."""
    places: dict[object, int] = {}
    records: list[Cell] = []
    index = np.empty(len(cells), np.int64)
    for row, cell in enumerate(cells):
        known = cell if isinstance(cell, str | Path | bytes | None) else (row,)
        place = places.setdefault(known, len(records))
        if place == len(records):
            records.append(cell)
        index[row] = place
    return records, index


def _target(asked: TargetPlan, facts: Facts, table: Table) -> Target:
    if asked.name not in table.names:
        raise DataError(
            f"{table.source}: the target column {asked.name!r} is not there. "
            f"Columns: {', '.join(table.names)}."
        )
    return task_of(asked).target(
        table.column(asked.name), facts["targets"][asked.name], f"target {asked.name!r}", table.row_number
    )


def _weight(column: str, table: Table) -> NDArray[np.float64]:
    cells = table.column(column)
    weight = np.array([_number(cell) for cell in cells])
    bad = np.flatnonzero(~np.isfinite(weight) | (weight < 0))
    if len(bad):
        row, others = int(bad[0]), also(len(bad) - 1)
        got = "an empty cell" if cells[row] is None else shown(cells[row])
        raise DataError(
            f"weight column {column!r}, {table.row_number(row)}: expected a number >= 0, got {got}.{others} "
            "Fill the column, or leave out weight."
        )
    if not weight.any():
        raise DataError(f"weight column {column!r}: every weight is 0; at least one row must count.")
    return weight


def _number(cell: Cell) -> float:
    """A cell as a number; NaN when it is none."""
    try:
        return float(str(cell))
    except ValueError:
        return np.nan


def corrupt_cells(prepared: Prepared) -> Iterator[tuple[str, int, str]]:
    """(column, row, reason) of every corrupt cell."""
    for column, packed in prepared.columns.items():
        for row, why in packed.row_reasons().items():
            yield column, int(prepared.numbers[row]), why


def corrupt_count(packed: Packed) -> int:
    """How many rows of a column are corrupt."""
    return int((packed.row_status() == CORRUPT).sum())
