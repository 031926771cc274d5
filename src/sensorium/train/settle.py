"""What answers still need once members are chosen: a task settles it by rows that nobody learned from."""

from dataclasses import replace

import numpy as np

from sensorium.fit_facts import task_of
from sensorium.members._base import Floats, Rows
from sensorium.plan import Plan, TargetPlan
from sensorium.predict import gaps, with_prior
from sensorium.results import EACH_FOLD
from sensorium.table.prepared import Prepared, Target
from sensorium.train.climb import Candidate, Climbed
from sensorium.train.measure import Measured
from sensorium.train.missing import Values
from sensorium.types import Facts


def settled(plan: Plan, facts: Facts, values: Values, data: Prepared, inputs: tuple[str, ...]) -> Facts:
    """{target: facts to add}, of the targets whose tasks settle anything (``Task.settle``).

    values: numbers of these rows, which those who say them did not learn from. inputs: what they read.
    """
    found: Facts = {}
    for name, asked in plan.targets.items():
        told = data.targets[name]
        weight = np.ones(len(data)) if data.weight is None else data.weight.astype(np.float64)
        kept = np.flatnonzero(told.mask & (weight > 0))
        target = Target(told.values[kept], told.mask[kept])
        lacks = gaps(plan, data, inputs)[kept]
        own = task_of(asked).settle(values[name][kept], target, lacks, weight[kept], facts["targets"][name])
        if own:
            found[name] = own
    return found


def adding(facts: Facts, own: Facts) -> Facts:
    """The facts with what was settled of each target."""
    return {**facts, "targets": {n: told | own.get(n, {}) for n, told in facts["targets"].items()}}


def val_facts(plan: Plan, facts: Facts, done: Climbed, data: Prepared) -> Facts:
    """The facts of what ships, settled by the validation rows."""
    return adding(facts, _by_val(plan, facts, done.candidates[done.chosen], data.rows(done.val)))


def crossed_facts(plan: Plan, facts: Facts, done: Climbed, found: Measured, data: Prepared) -> Facts:
    """The same in cross-validation: settled by the folds' held-out rows, which chose nothing."""
    rows, inputs = data.rows(found.rows), done.candidates[done.chosen].member.inputs
    return adding(facts, settled(plan, facts, found.candidates[found.chosen_name], rows, inputs))


def banded(
    plan: Plan, facts: Facts, done: Climbed, found: Measured, data: Prepared, rows: Prepared
) -> Measured:
    """What was measured, with every candidate's own bands, by the validation rows, where its task says any.

    data: the rows of the climb. rows: those that were measured.
    """
    val, bands = data.rows(done.val), dict[str, dict[str, Floats]]()
    for name, one in done.candidates.items():
        if own := _by_val(plan, facts, one, val):
            lacks, told = gaps(plan, rows, one.member.inputs), adding(facts, own)["targets"]
            each = {n: _band(asked, found.candidates[name][n], lacks, told[n])
                    for n, asked in plan.targets.items()}  # fmt: skip
            bands[name] = {n: band for n, band in each.items() if band is not None}
    return replace(found, bands=bands | {EACH_FOLD: bands[found.chosen_name]}) if bands else found


def _by_val(plan: Plan, facts: Facts, one: Candidate, val: Prepared) -> Facts:
    return settled(plan, facts, with_prior(one.val, facts).values, val, one.member.inputs)


def _band(asked: TargetPlan, numbers: Floats, lacks: Rows, facts: Facts) -> Floats | None:
    return task_of(asked).band(numbers, lacks, facts)
