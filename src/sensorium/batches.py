"""Plan + table -> facts, prepared columns, batches."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.errors import DataError
from sensorium.media.cells import shown
from sensorium.media.locate import located
from sensorium.modalities._base import Modality
from sensorium.model import layout_of, modality_of, part_name
from sensorium.options import built
from sensorium.plan import InputPlan, Plan, TargetPlan
from sensorium.progress import Progress
from sensorium.store import Store
from sensorium.table import order
from sensorium.table.packed import CORRUPT, Cell, Packed, concatenated, flat
from sensorium.table.prepared import Prepared, Target
from sensorium.table.table import Table
from sensorium.tasks import tasks
from sensorium.tasks._base import RowName, Task, also
from sensorium.types import Arrays, Batch, Facts

CHUNK = 10_000
MEDIA_CHUNK = 64
REPEATS = 2
"""Rows are visited by medium when a medium has so many rows on average."""


def task_of(asked: TargetPlan) -> Task:
    """The target's task, built from the plan."""
    where = f"targets.{asked.name}"
    return built(tasks.get(asked.task.name, where), asked.task.choices, where)


def fit_facts(
    plan: Plan, table: Table, train: NDArray[np.int64], *, target_rows: NDArray[np.int64] | None = None
) -> Facts:
    """The facts of every input's columns and every target, from the training rows only.

    target_rows: in cross-validation the labels and the scale of the targets come from all rows, so that
    the folds' numbers can be compared; the prior is the training rows' in any case.
    """
    inputs: Facts = {}
    for name, asked in plan.inputs.items():
        modality = modality_of(asked)
        rng = seeds.generator(plan.seed, f"facts {name}")
        if modality.together:
            inputs[name] = {c: modality.fit(_chunks(table, c, train, modality), rng) for c in asked.columns}
        else:  # one encoder reads all columns of a group: one set of facts
            chained = (chunk for c in asked.columns for chunk in _chunks(table, c, train, modality))
            inputs[name] = dict.fromkeys(asked.columns, modality.fit(chained, rng))
    targets: Facts = {}
    for name, wanted in plan.targets.items():
        task, where = task_of(wanted), f"target {name!r}"
        told = train if target_rows is None else target_rows
        facts = task.fit(_cells(table, name, told), where, _numbered(table, told))
        target = task.target(_cells(table, name, train), facts, where, _numbered(table, train))
        facts["prior"] = task.baseline(target, facts)
        targets[name] = facts | class_weights(wanted, facts, target)
    return {"inputs": inputs, "targets": targets}


def _numbered(table: Table, rows: NDArray[np.int64]) -> RowName:
    """How messages call the table's row at a place among these."""
    return lambda place: table.row_number(int(rows[place]))


def _cells(table: Table, column: str, rows: NDArray[np.int64]) -> list[Cell]:
    return [cell for chunk in table.chunks(column, rows) for cell in chunk]


def class_weights(asked: TargetPlan, facts: Facts, target: Target) -> Facts:
    """Loss weights per class, with mean 1 over the training rows, when the plan asks for them."""
    if asked.class_weights == "none" or "labels" not in facts:
        return {}
    counts = np.bincount(target.values[target.mask].astype(np.int64), minlength=len(facts["labels"]))
    power = 1.0 if asked.class_weights == "balanced" else 0.5
    weights = np.where(counts > 0, np.maximum(counts, 1) ** -power, 0.0)
    mean = (weights * counts).sum() / counts.sum()
    return {"class_weights": [round(float(w), 6) for w in weights / mean]}


def _chunks(table: Table, column: str, rows: NDArray[np.int64], modality: Modality) -> Iterator[list[Cell]]:
    for chunk in table.chunks(column, rows, size=CHUNK):
        yield _placed(modality, chunk, table) if modality.media else chunk


def _placed(modality: Modality, cells: Sequence[Cell], table: Table) -> list[Cell]:
    """Media: strings as the files that they name, ``data:`` addresses as what they hold."""
    read = [modality.from_json(c) if isinstance(c, str) and c.startswith("data:") else c for c in cells]
    return located(read, table.folder, table.roots, every=True)


def prepare(
    plan: Plan, facts: Facts, table: Table, *, answering: bool = False, store: Store | None = None
) -> Prepared:
    """Every input of every row of the table, decoded once; with targets unless ``answering``.

    Columns that the table lacks are missing in every row: the caller warns.
    """
    inputs: dict[str, tuple[Packed, ...]] = {}
    texts: dict[str, Sequence[str | None]] = {}
    columns: dict[str, Packed] = {}
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
    made = {} if answering else {n: _target(t, facts, table) for n, t in plan.targets.items()}
    weight = None if answering or plan.weight is None else _weight(plan.weight, table)
    return Prepared(np.arange(table.num_rows), inputs, texts, made, weight, columns)


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
    records, index = _distinct(_placed(modality, cells, table))
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


class Batches:
    """Cuts batches out of prepared rows for one plan: a few index reads each, no step per row.

    plan: the inputs and targets that the batch holds. data: the rows. Ragged inputs are padded to the
    batch's own longest; records that rows share are in a batch once.
    """

    def __init__(self, plan: Plan, data: Prepared) -> None:
        self.data = data
        self._inputs = {
            part_name(name, place): (modality_of(asked), layout_of(asked), part)
            for name, asked in plan.inputs.items()
            for place, part in enumerate(data.inputs[name])
        }
        parts = {name: part.index for name, (_, _, part) in self._inputs.items() if part.index is not None}
        self._repeat = {name for name, index in parts.items() if len(np.unique(index)) < len(index)}
        self._targets = {n: data.targets[n] for n in plan.targets if n in data.targets}

    def __len__(self) -> int:
        return len(self.data)

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """These rows as one batch, on the CPU, in stored dtypes."""
        inputs: dict[str, Arrays] = {}
        index: dict[str, torch.Tensor] = {}
        for name, (modality, layout, part) in self._inputs.items():
            records = part.records()[rows]
            if name in self._repeat:
                records, inverse = np.unique(records, return_inverse=True)
                index[name] = torch.from_numpy(inverse)
            inputs[name] = modality.arrays(part, records, layout)
        targets = {
            n: Arrays(torch.from_numpy(t.values[rows]), torch.from_numpy(t.mask[rows]))
            for n, t in self._targets.items()
        }
        weight = None if self.data.weight is None else torch.from_numpy(self.data.weight[rows]).float()
        return Batch(inputs, index, torch.from_numpy(self.data.numbers[rows]), targets, {}, weight)

    def lengths(self) -> NDArray[np.int64] | None:
        """Each row's length, summed over ragged inputs; None when nothing is ragged."""
        found = [p.lengths()[p.records()] for _, _, p in self._inputs.values() if p.offsets is not None]
        return np.sum(found, axis=0) if found else None

    def media(self) -> NDArray[np.int64] | None:
        """int64 (N,): each row's medium, of the input whose media are shared most; None: hardly any are."""
        shared = [p.index for m, _, p in self._inputs.values() if m.media and p.index is not None]
        repeats = {len(self) / max(1, len(np.unique(i))): i for i in shared}
        return repeats[max(repeats)] if repeats and max(repeats) >= REPEATS else None

    def distinct(self) -> int:
        """How many different things there are to see: media where rows share them, else rows."""
        media = self.media()
        return len(self) if media is None else len(np.unique(media))

    def near(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows, sorted so that batches cut in a row are cheap."""
        return order.near(rows, self.lengths(), self.media())

    def order(self, batch_rows: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
        """One epoch's batches, shuffled, rows of one medium or of like length together."""
        return order.shuffled(len(self.data), batch_rows, rng, self.lengths(), self.media())
