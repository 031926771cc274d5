"""Whether the cells that rows lack predict a target, before anything is trained."""

from collections.abc import Sequence

from sensorium import seeds
from sensorium.errors import DataError
from sensorium.infer_columns import ColumnGuess
from sensorium.metrics import metrics
from sensorium.table.missingness import missingness
from sensorium.table.table import Table
from sensorium.tasks import tasks


def told_missingness(table: Table, guesses: Sequence[ColumnGuess], seed: int) -> list[str]:
    """A sentence for each target that the empty cells of the inputs predict; cells are not decoded."""
    inputs = [one.column for one in guesses if one.role == "input"]
    codes = {name: table.codes(name) < 0 for name in inputs}
    lacking = {name: gone for name, gone in codes.items() if gone.any() and not gone.all()}
    said = []
    for one in guesses:
        if one.role != "target" or one.modality is None or not lacking:
            continue
        task, where = tasks.get(one.modality)(), f"target {one.column!r}"
        kind, cells = metrics.get(task.metrics[0]).kind, list(table.column(one.column))
        try:
            facts = task.fit(cells, where, table.row_number)
            target = task.target(cells, facts, where, table.row_number)
        except DataError:  # told by the column's own report
            continue
        truth = task.truth(target, facts)
        if kind not in ("labels", "numbers") or truth.ndim != 1:
            continue
        labels = list(facts["labels"]) if kind == "labels" else None
        gone = {name: rows[target.mask] for name, rows in lacking.items()}
        rng = seeds.generator(seed, f"missingness {one.column}")
        found = missingness(gone, truth[target.mask], rng, labels=labels)
        if found is not None and found.tells:
            said.append(found.text(one.column))
    return said
