"""What learners say of rows that they have not learned from: in folds over the whole table.

Letters: n judged rows, K classes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.errors import DataError
from sensorium.fit_facts import fit_facts, task_of
from sensorium.infer import infer
from sensorium.members._base import Floats, Goal, Job, Member, Rows
from sensorium.members.forest import Forest
from sensorium.members.linear import Linear
from sensorium.members.trees import Trees
from sensorium.model import modality_of
from sensorium.plan import Plan
from sensorium.prepare import prepare
from sensorium.progress import Progress
from sensorium.store import Store
from sensorium.table import hashes
from sensorium.table.field import Field
from sensorium.table.prepared import Prepared
from sensorium.table.split import folds
from sensorium.table.table import Table
from sensorium.types import Facts, Json

MOST_ROWS = 20_000
FEW_ROWS = 5_000
"""Up to so many rows are divided into five folds, more into three."""
BOOSTED = 500_000
"""Rows times features times classes up to which trees are boosted; of more an averaged forest is grown, which
takes a tenth of the time and finds a tenth fewer planted errors."""
WORDS = 60
"""Features that trees make of a text."""
FEWEST = 10
"""Rows of different inputs below which no label is judged."""
SMALLEST = 1e-12
Fit = Callable[[Job], Member]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """rows: int64 (n,), of the table, ascending. given: int64 (n,), numbers of their labels, which are K.

    said: {learner: probabilities (n, K)}, of each row by learners that have not seen it. how: in words.
    """

    rows: Rows
    given: NDArray[np.int64]
    labels: tuple[Json, ...]
    said: dict[str, Floats]
    how: str


def held_out(table: Table, target: str, seed: int, store: Store | None = None) -> HeldOut:
    """What linear models and trees say of each labelled row, learned from the folds that it is not in.

    At most MOST_ROWS rows, by chance; rows with equal inputs share a fold. Raises DataError when the target
    holds no labels, or no input can be read without an encoder.
    """
    rows = np.flatnonzero(table.codes(target) >= 0)
    every = len(rows)
    if every > MOST_ROWS:
        rows = np.sort(seeds.generator(seed, "label sample").choice(rows, MOST_ROWS, replace=False))
    some = table.take(rows)
    plan = infer(some, target, seed=seed).plan
    if task_of(plan.targets[target]).trees != "classify":
        raise DataError(f"target {target!r}: its cells are no labels, so none of them is suspected.")
    facts = fit_facts(plan, some, np.arange(len(rows)))
    plan, fields = _readable(plan, facts)
    data = prepare(plan, facts, some, store=store)
    known = np.flatnonzero(data.targets[target].mask)
    rows, data = rows[known], data.rows(known)
    number = 5 if len(rows) <= FEW_ROWS else 3
    learners = _learners(len(rows), fields, facts["targets"][target]["width"])
    twins = _twins(plan, some, known)
    if (different := len(np.unique(twins))) < FEWEST:
        raise DataError(
            f"target {target!r}: only {different} rows have different inputs, too few to learn from some and "
            f"to judge others; at least {FEWEST} are needed."
        )
    said = _folded(plan, facts, data, (fields, learners), twins, number)
    names = ", ".join(dict.fromkeys(f.name for f in fields))
    how = f"{' and '.join(learners)} in {number} folds over {names}"
    how += f", {MOST_ROWS:,} of {every:,} rows" if every > MOST_ROWS else ""
    given = data.targets[target].values.astype(np.int64)
    return HeldOut(rows, given, tuple(facts["targets"][target]["labels"]), said, how)


def _readable(plan: Plan, facts: Facts) -> tuple[Plan, tuple[Field, ...]]:
    """The plan with the inputs that linear models and trees can read, and how they read them."""
    found: dict[str, Field] = {}
    for name, asked in plan.inputs.items():
        field = modality_of(asked).field(name, [facts["inputs"][name][c] for c in asked.columns])
        if field is not None:
            found[name] = field
    if not found:
        raise DataError(
            f"no input can be read by linear models or trees ({', '.join(plan.inputs)}). "
            "Give a trained run, whose answers are used instead."
        )
    return replace(plan, inputs={n: plan.inputs[n] for n in found}), tuple(found.values())


def _learners(rows: int, fields: Sequence[Field], classes: int) -> dict[str, Fit]:
    """Linear models, and trees that do not take too long; with fewer steps than those that ship."""
    width = sum(WORDS if f.kind == "words" else f.features for f in fields)
    if rows * width * classes <= BOOSTED:
        return {"linear": Linear.fit, "trees": lambda job: Trees.fit(job, rate=0.15, steps=60, hide=0.0)}
    return {"linear": Linear.fit, "forest": lambda job: Forest.fit(job, trees=100, hide=0.0)}


def _twins(plan: Plan, table: Table, rows: Rows) -> NDArray[np.int64]:
    """int64 (n,): one number for rows whose inputs are equal."""
    columns = dict.fromkeys(c for asked in plan.inputs.values() for c in asked.columns)
    mixed = hashes.combined([table.codes(column) for column in columns])[rows]
    return np.unique(mixed, return_inverse=True)[1].astype(np.int64)


def _folded(
    plan: Plan, facts: Facts, data: Prepared, by: tuple[tuple[Field, ...], dict[str, Fit]], twins: Rows,
    number: int,
) -> dict[str, Floats]:  # fmt: skip
    """{learner: probabilities (n, K)}: each fold by what the others taught; the prior where it abstains.

    by: what is read, and who learns.
    """
    fields, learners = by
    (name,) = plan.targets
    task, own = task_of(plan.targets[name]), facts["targets"][name]
    goal = _goal(plan, name, own, data)
    labels, groups = data.targets[name].values, len(np.unique(twins))
    prior = task.answers(np.array(own["prior"])[None], own)
    said = {learner: np.tile(prior, (len(data), 1)) for learner in learners}
    parts = folds(
        len(data), min(number, groups), seeds.generator(plan.seed, "label folds"), labels=labels, groups=twins
    )
    with Progress() as progress:
        for learn, held in progress.over(parts, "looking for label errors", len(parts)):
            inner = folds(
                len(learn), min(5, len(np.unique(twins[learn]))), seeds.generator(plan.seed, "label check"),
                labels=labels[learn], groups=twins[learn],
            )[0]  # fmt: skip
            job = Job(fields, data, learn[inner[0]], learn[inner[1]], {name: goal}, plan.seed)
            for learner, fit in learners.items():
                numbers = fit(job).numbers(data.rows(held))
                there = held[numbers.answered]
                said[learner][there] = task.answers(numbers.values[name][numbers.answered], own)
    return said


def _goal(plan: Plan, name: str, facts: Facts, data: Prepared) -> Goal:
    """The target, scored by the likelihood of the labels."""
    asked = plan.targets[name]
    task, labels = task_of(asked), data.targets[name].values

    def likely(numbers: Floats, rows: Rows) -> float:
        share = task.answers(numbers, facts)[np.arange(len(rows)), labels[rows]]
        return float(np.log(np.maximum(share, SMALLEST)).mean())

    return Goal(asked.task.name, dict(asked.task.choices), facts, likely)
