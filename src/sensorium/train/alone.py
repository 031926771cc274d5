"""Weights of an ensemble for rows with one input only: the best with all need not be the best with one."""

from collections.abc import Mapping

import numpy as np

from sensorium import seeds
from sensorium.members._base import Goal, Member, Numbers
from sensorium.members._greedy import greedy
from sensorium.members._mix import Weights, read_by
from sensorium.subsets import Asked
from sensorium.train.climb import Climb

MOST_ROWS, FEWEST_ROWS = 2_000, 20
"""Validation rows that choose; with fewer that have the input, the weights of all rows serve."""
SETTLED = "weights of one input"


def weights_alone(ask: Climb, members: Mapping[str, Member], goals: Mapping[str, Goal]) -> dict[str, Weights]:
    """{input: {target: {member: weight}}}, chosen on validation rows in which all other inputs are hidden.

    Empty with one input, and when no time is left, which a written plan repeats.
    """
    inputs = read_by(members)
    if len(inputs) < 2:
        return {}
    known = ask.plan.train.settled.get(SETTLED)
    late = known["done"] == 0 if known else ask.budget.spent()
    if ask.timed():
        ask.settled[SETTLED] = {"done": int(not late)}
    if late:
        return {}
    rng, rows = seeds.generator(ask.plan.seed, SETTLED), ask.val
    rows = rows if len(rows) <= MOST_ROWS else np.sort(rng.choice(rows, MOST_ROWS, replace=False))
    data = ask.data.rows(rows)
    hidden = {n: frozenset(inputs) - {n} for n in inputs}
    asked, found = Asked(data, hidden.values()), dict[str, Weights]()
    for name in inputs:
        said = {n: asked.of(m, hidden[name]) for n, m in members.items() if name in m.inputs}
        weights: Weights = {}
        for target, goal in goals.items():
            kept = np.flatnonzero(data.targets[target].mask & data.present(name))
            if len(kept) >= FEWEST_ROWS:
                parts = {
                    n: Numbers({target: s.values[target][kept]}, s.answered[kept]) for n, s in said.items()
                }
                weights[target] = greedy(parts, target, goal, rows[kept], seed=ask.plan.seed)
        if len(weights) == len(goals):
            found[name] = weights
    return found
