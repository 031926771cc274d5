"""A climbed ladder on test rows: every candidate's numbers, the chosen one's without each input."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sensorium.predict import with_prior
from sensorium.results import EACH_FOLD
from sensorium.subsets import Asked, Hidden
from sensorium.table.prepared import Prepared, Target
from sensorium.train.climb import Climbed
from sensorium.train.missing import Values, with_subsets
from sensorium.types import Facts


@dataclass(frozen=True, slots=True)
class Measured:
    """What a ladder says of test rows, row by row; several ladders' rows one below the other.

    rows: the table's row numbers. candidates: {name: numbers}. chosen and single: the numbers of the
    chosen member and of the best single input, of each fold its own. without: {input: the chosen one's
    numbers with that input hidden}. chosen_name: the candidate that ships. single_name: the best single
    input. present: {input: where it is real}. reads: the inputs of the chosen member, of several folds
    the most. subsets: {hidden inputs: the chosen one's numbers} of the rows at the places ``drawn``.
    folds: how many ladders. notes: what to tell. recipe: numbers of what the chosen one is made of, and
    retrained: {input: of the same, trained again without it}; None: inputs were hidden instead. bands:
    {candidate: {target: (N, 2) its answers' intervals}}, what each fold chose under EACH_FOLD.
    """

    rows: NDArray[np.int64]
    targets: dict[str, Target]
    weight: NDArray[np.float64] | None
    candidates: dict[str, Values]
    chosen: Values
    single: Values | None
    without: dict[str, Values]
    chosen_name: str
    single_name: str | None
    present: dict[str, NDArray[np.bool_]]
    reads: tuple[str, ...] = ()
    subsets: dict[Hidden, Values] = field(default_factory=dict)
    drawn: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    folds: int = 1
    notes: tuple[str, ...] = ()
    recipe: Values | None = None
    retrained: dict[str, Values] = field(default_factory=dict)
    bands: dict[str, dict[str, NDArray[np.float64]]] = field(default_factory=dict)


def measure(done: Climbed, facts: Facts, data: Prepared, seed: int) -> Measured:
    """Numbers of every candidate on these rows; rows that a candidate cannot answer get the prior."""
    single, chosen = done.best_single(), done.candidates[done.chosen]
    reads = chosen.member.inputs if len(chosen.member.inputs) > 1 else ()
    asked = Asked(data, [frozenset([n]) for n in reads])
    numbers = {n: with_prior(asked.of(c.member), facts).values for n, c in done.candidates.items()}
    without = {n: with_prior(asked.of(chosen.member, frozenset([n])), facts).values for n in reads}
    drawn, subsets = with_subsets(chosen.member, facts, data, seed)
    recipe = None if done.recipe is None else with_prior(asked.of(done.recipe), facts).values
    retrained = {n: with_prior(asked.of(m), facts).values for n, m in done.without.items()}
    return Measured(
        data.numbers, data.targets, data.weight, numbers, numbers[done.chosen],
        None if single is None else numbers[single.name], without, done.chosen,
        None if single is None else single.single, {n: data.present(n) for n in data.inputs},
        chosen.member.inputs, subsets, drawn, recipe=recipe, retrained=retrained,
    )  # fmt: skip


def pooled(parts: Sequence[Measured], shipped: str) -> Measured:
    """The held-out rows of several folds as one; shipped: the candidate that the bundle answers with.

    Candidates that some fold skipped are left out; the shipped one takes, where a fold skipped it, what
    that fold chose.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    shared = [n for n in first.candidates if n != shipped and all(n in p.candidates for p in parts)]
    inputs = sorted({n for p in parts for n in p.without})
    targets = {
        n: Target(
            np.concatenate([p.targets[n].values for p in parts]),
            np.concatenate([p.targets[n].mask for p in parts]),
        )
        for n in first.targets
    }
    weights = [p.weight for p in parts if p.weight is not None]
    singles = [p.single for p in parts if p.single is not None]
    starts = np.cumsum([0, *(len(p.rows) for p in parts)])
    candidates = {n: _stacked([p.candidates[n] for p in parts]) for n in shared}
    candidates[shipped] = _stacked([p.candidates.get(shipped, p.chosen) for p in parts])
    return Measured(
        np.concatenate([p.rows for p in parts]),
        targets,
        np.concatenate(weights) if weights else None,
        candidates,
        _stacked([p.chosen for p in parts]),
        _stacked(singles) if len(singles) == len(parts) else None,
        {n: _stacked([p.without.get(n, p.chosen) for p in parts]) for n in inputs},
        shipped,
        _most([p.single_name for p in parts]),
        {n: np.concatenate([p.present[n] for p in parts]) for n in first.present},
        max((p.reads for p in parts), key=len),
        {hidden: _stacked([p.subsets[hidden] for p in parts]) for hidden in first.subsets},
        np.concatenate([p.drawn + start for p, start in zip(parts, starts, strict=False)]),
        len(parts),
        _lacking(parts, shipped),
        *_recipes(parts, inputs),
        _bands(parts, [*shared, shipped]),
    )


def _bands(parts: Sequence[Measured], names: Sequence[str]) -> dict[str, dict[str, NDArray[np.float64]]]:
    """The intervals of candidates of which every fold has some; where one skipped it, those of its choice."""
    if not all(EACH_FOLD in p.bands for p in parts):
        return {}
    targets = [n for n in parts[0].bands[EACH_FOLD] if all(n in p.bands[EACH_FOLD] for p in parts)]
    found = {}
    for name in [*names, EACH_FOLD]:
        each = [p.bands.get(name, p.bands[EACH_FOLD]) for p in parts]
        found[name] = {n: np.concatenate([bands[n] for bands in each]) for n in targets}
    return found


def _recipes(parts: Sequence[Measured], inputs: Sequence[str]) -> tuple[Values | None, dict[str, Values]]:
    """What was trained again without inputs, where every fold that chose several inputs has it.

    A fold that chose one input, or never read an input, loses nothing without it.
    """
    if not inputs or any(p.recipe is None and p.without for p in parts):
        return None, {}
    whole = [p.chosen if p.recipe is None else p.recipe for p in parts]
    less = {n: [p.retrained.get(n, w) for p, w in zip(parts, whole, strict=True)] for n in inputs}
    return _stacked(whole), {n: _stacked(some) for n, some in less.items()}


def _lacking(parts: Sequence[Measured], shipped: str) -> tuple[str, ...]:
    lacking = sum(shipped not in p.candidates for p in parts)
    if not lacking:
        return ()
    return (
        f"{shipped} ships but was skipped in {lacking} of {len(parts)} folds; on their rows its numbers are "
        "those of what the fold chose",
    )


def _stacked(parts: Sequence[Values]) -> Values:
    return {n: np.concatenate([p[n] for p in parts]) for n in parts[0]}


def _most(names: Sequence[str | None]) -> str | None:
    return Counter(names).most_common(1)[0][0]
