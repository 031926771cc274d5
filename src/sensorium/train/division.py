"""How a run divides rows: parts, folds, groups; what they share; how it is told."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.fit_facts import task_of
from sensorium.load_table import stacked
from sensorium.plan import Plan
from sensorium.table.leaks import Leak, find_leaks
from sensorium.table.split import Split, divide, folds
from sensorium.table.table import Table

SMALL_TABLE = 2000
CROSS_FOLDS = 5
LEAST_SECONDS = 60.0
"""What one climb of the ladder needs at least for folds to be worth their time under a time limit."""
HASTE = (
    "a time limit of {:g} s is too short for cross-validation: one test part of the rows measures; {:g} s or "
    "more, or split.folds, cross-validates"
)
Rows = NDArray[np.int64]
Round = tuple[Rows, Rows, Rows]
"""Training, validation and test rows of one fold."""


def groups_of(plan: Plan, table: Table) -> NDArray[np.int64] | None:
    """(N,): each row's group, where the plan keeps groups whole; rows without one stand alone."""
    if plan.split.how != "group" or plan.split.column not in table.names:
        return None
    groups = table.codes(plan.split.column)
    alone = np.flatnonzero(groups < 0)
    groups[alone] = groups.max(initial=-1) + 1 + np.arange(len(alone))
    return groups


def divided(plan: Plan, table: Table, test: Table | None) -> Split:
    """The rows' division, as the table or the plan says."""
    name, target = next(iter(plan.targets.items()))
    rng, kind = seeds.generator(plan.seed, "split"), task_of(target).trees
    asked, even = plan.split, None if kind == "labels" else kind
    return divide(
        table, asked.how, asked.column, asked.shares, rng,
        target=name, kind=even, test=test is None,
    )  # fmt: skip


def crosses(plan: Plan, table: Table) -> bool:
    """Whether the run cross-validates: small tables without test rows of their own, if time allows."""
    return plan.split.folds is not None or (_small(plan, table) and not _hasty(plan))


def _small(plan: Plan, table: Table) -> bool:
    return (
        plan.split.how != "given"
        and plan.split.how != "time"
        and table.num_rows < SMALL_TABLE
        and plan.train.effort != "fast"
    )


def _hasty(plan: Plan) -> bool:
    """Whether the time limit leaves too little for a climb in every fold and one more."""
    limit = plan.train.time_limit_seconds
    return limit is not None and limit < (CROSS_FOLDS + 1) * LEAST_SECONDS


def haste(plan: Plan, table: Table) -> list[str]:
    """What people should know where only the time limit keeps a run from cross-validating."""
    if plan.split.folds is not None or not _small(plan, table) or not _hasty(plan):
        return []
    return [HASTE.format(plan.train.time_limit_seconds, (CROSS_FOLDS + 1) * LEAST_SECONDS)]


def folds_of(plan: Plan, split: Split) -> int:
    """How many folds cross-validation has: the plan's, else 5, fewer where each would hold under 5 rows.

    Groups that stay whole count as rows do.
    """
    if plan.split.folds is not None:
        return plan.split.folds
    every = np.concatenate([split.train, split.val, split.test])
    units = len(every) if split.groups is None else len(np.unique(split.groups[every]))
    return min(CROSS_FOLDS, max(2, units // 5))


def rounds_of(plan: Plan, table: Table, split: Split, rounds: int) -> list[Round]:
    """(train, val, test) rows of every fold: each row is in one test part; val is cut from the rest."""
    if not rounds:
        return []
    every = np.sort(np.concatenate([split.train, split.val, split.test]))
    labels = table.codes(next(iter(plan.targets)))[every]
    groups = None if split.groups is None else split.groups[every]
    made = []
    for place, (rest, held) in enumerate(
        folds(len(every), rounds, seeds.generator(plan.seed, "folds"), labels=labels, groups=groups)
    ):
        units = len(rest) if groups is None else len(np.unique(groups[rest]))
        inner = folds(
            len(rest), min(5, units), seeds.generator(plan.seed, f"fold {place}"), labels=labels[rest],
            groups=None if groups is None else groups[rest],
        )  # fmt: skip
        learn, val = inner[0]
        made.append((every[rest[learn]], every[rest[val]], every[held]))
    return made


def leaks_of(
    plan: Plan, table: Table, test: Table | None, split: Split, rounds: Sequence[Round]
) -> tuple[list[Leak], Table]:
    """What is learned from and tested on alike, and the table whose rows it names.

    A test table is searched below the table; in cross-validation every fold against all other rows.
    """
    columns = [c for i in plan.inputs.values() for c in i.columns]
    if rounds:
        found = [
            find_leaks(table, {"training": np.concatenate([train, val]), "held-out": held}, columns)
            for train, val, held in rounds
        ]
        rows = sum(len(held) for *_, held in rounds)
        return _joined([leak for one in found for leak in one], rows), table
    parts = {"train": split.train, "val": split.val, "test": split.test}
    if test is None:
        return find_leaks(table, parts, columns), table
    shared = [n for n in dict.fromkeys(columns) if n in test.names]
    if not shared:
        return [], table
    both = stacked([one.drop([n for n in one.names if n not in shared]) for one in (table, test)])
    parts["test"] = np.arange(table.num_rows, both.num_rows)
    return find_leaks(both, parts, shared), both


def _joined(found: Sequence[Leak], rows: int) -> list[Leak]:
    """The leaks of all folds as one of each kind and column: each row is held out once."""
    joined: dict[tuple[str, str | None], Leak] = {}
    for leak in found:
        known = joined.get((leak.kind, leak.column))
        count = leak.count + (known.count if known else 0)
        joined[leak.kind, leak.column] = replace(
            known or leak, count=count, share=count / max(1, rows),
            complete=leak.complete and (known is None or known.complete),
        )  # fmt: skip
    return sorted(joined.values(), key=lambda leak: -leak.count)


def told(split: Split, rounds: Sequence[Round]) -> str:
    """How the rows were divided, in words."""
    if not rounds:
        return split.how
    how, sizes = split.how.rpartition(": ")[0] or split.how, [len(held) for *_, held in rounds]
    tested = f"{min(sizes):,}" if min(sizes) == max(sizes) else f"{min(sizes):,} to {max(sizes):,}"
    return (
        f"{len(rounds)}-fold cross-validation ({how}; {tested} test rows each); the verdict is of what each "
        "fold chose; what "
        f"ships learns from {len(split.train) + len(split.test):,} rows and is chosen on "
        f"{len(split.val):,} others"
    )
