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
            f"{table.source}: the run learned from every labelled row, so its answers hide wrong labels. "
            "Leave the run out: learners in folds judge every row. Or train with test rows kept apart."
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
    """The rows of a table that the run has not learned from: all, unless it was trained on this table.

    Its plan divides the table once more; where that gives as many training rows as its facts come from, the
    table is the one that it was trained on, and only test rows are left: a run may learn once more from its
    validation rows. A run that was cross-validated has learned from every row.
    """
    plan, facts = predictor.plan, predictor.facts["targets"][target]
    counted = sum(facts["counts"]) + facts["missing"]
    if crosses(plan, table):
        return np.zeros(0, np.int64) if counted == table.num_rows else np.arange(table.num_rows)
    for test in (None, table):  # the test rows were of this table, or of another one
        try:
            split = divided(plan, table, test)
        except DataError:  # a table that the plan cannot divide is another one
            break
        fewest = counted if plan.on_corrupt != "drop" else 2 * counted
        if counted <= len(split.train) <= fewest:
            return split.test
    return np.arange(table.num_rows)
