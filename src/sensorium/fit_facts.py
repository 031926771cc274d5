"""Plan + table -> facts: what is learned of every column from the training rows."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.encoders import encoders
from sensorium.media.locate import located
from sensorium.media.several import each_of, held, sign_of, taken_apart, usual_count
from sensorium.modalities._base import Modality
from sensorium.model import layout_of, modality_of
from sensorium.options import built
from sensorium.plan import InputPlan, Plan, TargetPlan
from sensorium.table.packed import Cell
from sensorium.table.prepared import Target
from sensorium.table.table import Table
from sensorium.tasks import tasks
from sensorium.tasks._base import RowName, Task
from sensorium.types import Facts

CHUNK, LOOKED_AT = 10_000, 5_000
BETA = 0.999
"""Of effective numbers of rows, unless the plan says another: some 1,000 rows of a class tell all of it."""
INSIDE = ("data:", "[", "{")
"""How a text starts that holds a medium itself."""


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
        modality, brought = modality_of(asked), _brought(asked)
        rng = seeds.generator(plan.seed, f"facts {name}")
        if modality.together:
            inputs[name] = {c: modality.fit(_chunks(table, c, train, modality), rng) for c in asked.columns}
        else:  # one encoder reads all columns of a group: one set of facts
            several = _several(asked, modality, table, train)
            chained = (chunk for c in asked.columns for chunk in _chunks(table, c, train, modality, several))
            found = modality.fit(chained, rng) | ({"several": several} if several else {})
            inputs[name] = dict.fromkeys(asked.columns, found | brought)
    targets: Facts = {}
    for name, wanted in plan.targets.items():
        task, where = task_of(wanted), f"target {name!r}"
        told = train if target_rows is None else target_rows
        facts = task.fit(_cells(table, name, told), where, _numbered(table, told))
        target = task.target(_cells(table, name, train), facts, where, _numbered(table, train))
        facts["prior"] = task.baseline(target, facts)
        targets[name] = facts | class_weights(wanted, facts, target)
    return {"inputs": inputs, "targets": targets}


def check_targets(plan: Plan, table: Table) -> None:
    """Raises DataError where a target's cells are not what its task learns, as ``fit_facts`` would."""
    every = np.arange(table.num_rows)
    for name, wanted in plan.targets.items():
        task_of(wanted).fit(_cells(table, name, every), f"target {name!r}", _numbered(table, every))


def _brought(asked: InputPlan) -> Facts:
    """What the input's encoder knows from elsewhere, as ``{"brought": facts}``; nothing for most."""
    found = encoders.get(asked.encoder.name).brings(asked.encoder.choices, layout_of(asked))
    return {"brought": found} if found else {}


def _numbered(table: Table, rows: NDArray[np.int64]) -> RowName:
    """How messages call the table's row at a place among these."""
    return lambda place: table.row_number(int(rows[place]))


def _cells(table: Table, column: str, rows: NDArray[np.int64]) -> list[Cell]:
    return [cell for chunk in table.chunks(column, rows) for cell in chunk]


def class_weights(asked: TargetPlan, facts: Facts, target: Target) -> Facts:
    """Loss weights per class, with mean 1 over the training rows, when the plan asks for them.

    One over what the rows of a class count together: as many as they are (balanced), the root of that (sqrt),
    or the effective number (1 - beta^n) / (1 - beta), after which one more row tells little new (Cui et al.
    2019, "Class-Balanced Loss Based on Effective Number of Samples", equations 2 and 5).
    """
    if asked.class_weights == "none" or "labels" not in facts:
        return {}
    counts = np.bincount(target.values[target.mask].astype(np.int64), minlength=len(facts["labels"]))
    some = np.maximum(counts, 1).astype(np.float64)
    if asked.class_weights in ("balanced", "sqrt"):
        together = some if asked.class_weights == "balanced" else np.sqrt(some)
    else:
        beta = BETA if asked.class_weights == "effective" else float(asked.class_weights)
        together = -np.expm1(some * np.log(beta)) / (1 - beta)
    weights = np.where(counts > 0, 1 / together, 0.0)
    mean = (weights * counts).sum() / counts.sum()
    return {"class_weights": [round(float(w), 6) for w in weights / mean]}


def _several(asked: InputPlan, modality: Modality, table: Table, train: NDArray[np.int64]) -> Facts | None:
    """How many media (or texts) of one cell are read, the sign between their paths, and the share of cells
    that have more; None where a cell holds one. Learned from some training rows."""
    if not modality.holds_several():
        return None
    words = not modality.media
    rows = train[:: -(-len(train) // LOOKED_AT) or 1]
    chunks = (chunk for c in asked.columns for chunk in table.chunks(c, rows))
    cells = [cell for chunk in chunks for cell in chunk if cell is not None]
    sign = None if words else sign_of(cells)
    lists = sum(held(cell, sign) is not None for cell in cells)
    if asked.several is None and lists <= (len(cells) / 2 if words else 0):
        return None
    counts = np.fromiter(each_of(cells, sign), np.int64)
    most = asked.several or usual_count(counts)
    return {"most": most, "sign": sign, "cut": float((counts > most).mean()) if len(counts) else 0.0}


def notes(plan: Plan, facts: Facts) -> list[str]:
    """What people should know of the columns: what was cut, chosen or left open in fitting their facts."""
    told = []
    for name, asked in plan.inputs.items():
        modality, each = modality_of(asked), facts["inputs"][name]
        for column in asked.columns:
            told += [f"column {column!r}: {note}" for note in modality.notes(each[column])]
            several = each[column].get("several", {"cut": 0})
            if several["cut"] > 0:
                told.append(
                    f"column {column!r}: {several['cut']:.1%} of its cells hold more than the "
                    f"{several['most']} that are read; several: {several['most'] + 1} reads more"
                )
    for name, wanted in plan.targets.items():
        told += [f"target {name!r}: {note}" for note in task_of(wanted).notes(facts["targets"][name])]
    return told


def _chunks(
    table: Table, column: str, rows: NDArray[np.int64], modality: Modality, several: Facts | None = None
) -> Iterator[list[Cell]]:
    for chunk in table.chunks(column, rows, size=CHUNK):
        if several is not None:
            chunk = taken_apart(chunk, several["sign"], several["most"]).elements
        yield placed(modality, chunk, table) if modality.media else chunk


def placed(modality: Modality, cells: Sequence[Cell], table: Table) -> list[Cell]:
    """Media: strings as the files that they name; ``data:``, ``[...]`` and ``{...}`` as what they hold."""
    read = [modality.from_json(c) if isinstance(c, str) and c.startswith(INSIDE) else c for c in cells]
    return located(read, table.folder, table.roots, every=True)
