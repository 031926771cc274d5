"""What a trained run says of labelled rows that it has not learned from."""

import numpy as np
from numpy.typing import NDArray

from sensorium.errors import DataError, unknown
from sensorium.fit_facts import task_of
from sensorium.inspect_held_out import HeldOut
from sensorium.predict import Predictor
from sensorium.store import Store
from sensorium.table.table import Table
from sensorium.train.division import crosses, divided

Rows = NDArray[np.int64]

AT_ONCE = 20_000
"""Rows that are in memory at a time."""
NEAR = 0.1
"""A table whose rows differ by no more than this share from those that a run learned from may be the same."""


def judged(predictor: Predictor, table: Table, target: str, store: Store | None = None) -> HeldOut:
    """The run's answers for labelled rows of a table, those that it learned from left out.

    Raises PlanError when the run has no such target, DataError when that holds no labels or no row is left.
    """
    plan, facts = predictor.plan, predictor.facts["targets"]
    if target not in plan.targets:
        raise unknown("target of the run", target, plan.targets, "target")
    task = task_of(plan.targets[target])
    if task.trees != "classify":
        raise DataError(f"target {target!r}: the run answers no labels, so none of them is suspected.")
    every = unseen(predictor, table, target)
    rows = every[table.codes(target)[every] >= 0]
    if not len(rows):
        raise DataError(
            f"{table.source}: the run learned from about as many rows, perhaps from these, so its answers "
            "would hide wrong labels. Leave the run out: learners in folds judge every row. Or train with "
            "test rows kept apart."
        )
    kept, given, answers = [], [], []
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        data = predictor.prepare(table.take(some), answering=False, store=store)
        known = np.flatnonzero(data.targets[target].mask)
        numbers = predictor.numbers(data).values[target][known]
        kept.append(some[known])
        given.append(data.targets[target].values[known].astype(np.int64))
        answers.append(task.answers(numbers, facts[target]))
    labels, judges = tuple(facts[target]["labels"]), {"run": np.concatenate(answers)}
    left = table.num_rows - len(every)
    how = "the run's answers" + (f" on rows that it has not learned from; {left:,} left out" if left else "")
    return HeldOut(np.concatenate(kept), np.concatenate(given), labels, judges, how)


def unseen(predictor: Predictor, table: Table, target: str) -> Rows:
    """The rows of a table that the run has not learned from: all, unless it may have been trained on it.

    A bundle holds no training row, so the table is known by its size: where it, or what the plan's division
    makes its training rows, has about as many rows as the run learned from (a tenth more or less: rows come
    and go between two looks), it counts as the run's own. Then only test rows are left, for a run may learn
    once more from its validation rows; of a run that was cross-validated, or tested on another table, none.
    """
    plan, facts = predictor.plan, predictor.facts["targets"][target]
    counted = sum(facts["counts"]) + facts["missing"]
    if _near(table.num_rows, counted):
        return np.zeros(0, np.int64)
    for test in (None, table):  # the test rows were of this table, or of another one
        try:
            split = divided(plan, table, test)
        except DataError:  # a table that the plan cannot divide is another one
            break
        dropped = plan.on_corrupt == "drop" and counted <= len(split.train) <= 2 * counted
        if _near(len(split.train), counted) or dropped:
            own = test is None and not crosses(plan, table)
            return split.test if own else np.zeros(0, np.int64)
    return np.arange(table.num_rows)


def _near(rows: int, counted: int) -> bool:
    return abs(rows - counted) <= NEAR * max(rows, counted)
