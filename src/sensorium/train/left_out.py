"""Rows that teach and measure nothing, and inputs that nothing reads: told."""

from collections.abc import Iterable, Mapping

from sensorium.errors import DataError
from sensorium.plan import Plan
from sensorium.results import TargetResult
from sensorium.table.prepared import Target
from sensorium.table.split import Split
from sensorium.table.table import Table

FEW = 20
"""Scores of fewer rows are told to say little."""


def unlabelled(targets: Mapping[str, Target], where: str = "") -> list[str]:
    """One sentence for each target that rows lack, and what a target's cells are told of; where: of which
    table, when that is not plain."""
    found = []
    for name, target in targets.items():
        rows = int((~target.mask).sum())
        if rows:
            lack = "1 row without a label is" if rows == 1 else f"{rows:,} rows without a label are"
            found.append(f"{where}target {name!r}: {lack} left out")
        found += [f"{where}target {name!r}: {note}" for note in target.notes]
    return found


def check_labelled(targets: Mapping[str, Target], source: str) -> None:
    """Raise DataError where a table has no true cell of any target: then nothing can be measured."""
    if targets and not any(target.mask.any() for target in targets.values()):
        names = ", ".join(map(repr, targets))
        raise DataError(
            f"{source}: every cell of the target {names} is empty, so there is nothing to measure by. Fill "
            "in true values, or ask for answers: predict."
        )


def few_rows(results: Mapping[str, TargetResult]) -> list[str]:
    """One sentence for each target that few rows measure."""
    found = []
    for name, one in results.items():
        rows = one.each.rows
        if rows < FEW:
            many = "only 1 row measures" if rows == 1 else f"only {rows} rows measure"
            found.append(
                f"target {name!r}: {many} what is told here, which says little; label or hold out more rows"
            )
    return found


def no_part(plan: Plan, table: Table, split: Split) -> list[str]:
    """What to tell of rows that a given split leaves in no part."""
    rows = table.num_rows - len(split.train) - len(split.val) - len(split.test)
    if plan.split.how != "given" or rows <= 0:
        return []
    lack = "1 row has" if rows == 1 else f"{rows:,} rows have"
    left = "is" if rows == 1 else "are"
    return [f"column {plan.split.column!r}: {lack} no part (train, val or test) and {left} left out"]


def not_read(plan: Plan, chosen: str, inputs: Iterable[str]) -> list[str]:
    """What to tell where what ships reads some inputs only."""
    gone = [name for name in plan.inputs if name not in set(inputs)]
    if not gone or len(gone) == len(plan.inputs):
        return []
    return [f"what ships (`{chosen}`) does not read {', '.join(gone)}"]
