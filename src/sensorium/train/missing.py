"""What missing inputs do: a member's numbers for subsets of inputs, and what being missing tells."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.evaluate import Judge, evaluate_subsets, judge, tested
from sensorium.fit_facts import task_of
from sensorium.members._base import Member
from sensorium.metrics import metrics
from sensorium.plan import Plan
from sensorium.predict import with_prior
from sensorium.results import TargetReport
from sensorium.subsets import Asked, Hidden, drawn_rows, hidden_sets
from sensorium.table.missingness import Missingness
from sensorium.table.packed import PRESENT
from sensorium.table.prepared import Prepared
from sensorium.types import Facts

Values = dict[str, NDArray[np.float64]]
"""{target: numbers (N, W)}."""


def with_subsets(
    member: Member, facts: Facts, data: Prepared, seed: int
) -> tuple[NDArray[np.int64], dict[Hidden, Values]]:
    """(places of the rows that are scored, {hidden inputs: their numbers}) of the subsets that are asked."""
    drawn = drawn_rows(len(data), seeds.generator(seed, "subset rows"))
    sets = hidden_sets(list(data.inputs), seeds.generator(seed, "subsets"))
    asked = Asked(data.rows(drawn), sets)
    return drawn, {hidden: with_prior(asked.of(member, hidden), facts).values for hidden in sets}


def scored_subsets(
    report: TargetReport,
    known: Judge,
    drawn: NDArray[np.int64],
    subsets: Mapping[Hidden, Values],
    inputs: Sequence[str],
    target: str,
    seed: int,
) -> TargetReport:
    """The report with the score of every subset, by the report's first metric."""
    given = {hidden: values[target] for hidden, values in subsets.items()}
    rng, score = seeds.generator(seed, f"worst subset {target}"), next(iter(report.metrics))
    return replace(report, subsets=evaluate_subsets(known, drawn, given, inputs, score, rng))


def lacking(data: Prepared) -> dict[str, NDArray[np.bool_]]:
    """{column: bool (N,), True where its cell is missing or corrupt}, of the columns where some are."""
    found = {name: packed.row_status() != PRESENT for name, packed in data.columns.items()}
    return {name: gone for name, gone in found.items() if gone.any()}


def missingness_of(
    plan: Plan, facts: Facts, data: Prepared, groups: NDArray[np.int64] | None
) -> dict[str, Missingness | None]:
    """{target: whether the cells that rows lack predict it}, over all rows that have the target."""
    lacks, found = lacking(data), dict[str, Missingness | None]()
    for name, asked in plan.targets.items():
        known = judge(
            task_of(asked), facts["targets"][name], data.targets[name], data.weight,
            None if groups is None else groups[data.numbers], data.numbers,
        )  # fmt: skip
        rng = seeds.generator(plan.seed, f"missingness {name}")
        found[name] = tested(known, metrics.get(asked.score).kind, lacks, rng)
    return found
