"""What members of members share: the weighted answer of those that do not abstain.

Letters: N rows, W numbers a row.
"""

from collections.abc import Mapping

import numpy as np

from sensorium.errors import BundleError
from sensorium.members._base import Goal, Member, Numbers
from sensorium.table.prepared import Prepared

Weights = dict[str, dict[str, float]]
"""{target: {member: weight > 0}}."""


def mixed(said: Mapping[str, Numbers], weights: Weights, goals: Mapping[str, Goal]) -> Numbers:
    """The task's ``combine`` of what the members said; a row that none answers holds the prior."""
    rows = len(next(iter(said.values())).answered)
    answered, values = np.zeros(rows, bool), {}
    for target, shares in weights.items():
        goal, voices = goals[target], [said[name] for name in shares]
        each = [w * v.answered.astype(np.float64) for w, v in zip(shares.values(), voices, strict=True)]
        found = np.sum(each, axis=0) > 0
        joined = goal.build().combine([v.values[target] for v in voices], each)
        values[target] = np.where(found[:, None], joined, goal.prior())
        answered |= found
    return Numbers(values, answered)


def asked(members: Mapping[str, Member], weights: Weights, data: Prepared) -> dict[str, Numbers]:
    """What every member that has a weight says of the data."""
    names = dict.fromkeys(n for shares in weights.values() for n in shares)
    return {name: members[name].numbers(data) for name in names}


def needed(parts: Mapping[str, Member] | None, names: list[str], what: str) -> dict[str, Member]:
    """The members by these names. Raises BundleError for those that are not given."""
    given = parts or {}
    lost = [n for n in names if n not in given]
    if lost:
        raise BundleError(
            f"{what}: expected its members {', '.join(map(repr, names))}, did not get "
            f"{', '.join(map(repr, lost))}. Restore them first and hand them over."
        )
    return {n: given[n] for n in names}


def read_by(members: Mapping[str, Member]) -> tuple[str, ...]:
    """The inputs that any of the members reads, in order, once."""
    return tuple(dict.fromkeys(name for member in members.values() for name in member.inputs))
