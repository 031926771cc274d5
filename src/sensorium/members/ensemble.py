"""An ensemble chosen greedily on validation rows.

Letters: N rows, n validation rows, W numbers a row.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sensorium.members._base import Arrays, Goal, Member, Numbers
from sensorium.members._mix import Weights, asked, mixed, needed, read_by
from sensorium.table.prepared import Prepared
from sensorium.types import Facts


class Ensemble(Member):
    """The weighted answer of its members, over those that do not abstain.

    weights: {target: {member: weight}}; members that nothing gives a weight are left out. alone: {input:
    weights for the rows that have this input only}, where the best of all inputs need not be the best.
    temperatures: {target: what makes the mix as sure as it should be}; none: 1. levels: {target: what is
    added to its numbers, so that they lie where the score wants them: one number, or W}; none: 0.
    """

    def __init__(
        self,
        members: Mapping[str, Member],
        weights: Weights,
        goals: Mapping[str, Goal],
        alone: Mapping[str, Weights] | None = None,
        temperatures: Mapping[str, float] | None = None,
        levels: Mapping[str, float | list[float]] | None = None,
    ) -> None:
        self.weights, self.goals, self.alone = weights, {n: goals[n] for n in weights}, dict(alone or {})
        self.temperatures, self.levels = dict(temperatures or {}), dict(levels or {})
        used = {n for some in (weights, *self.alone.values()) for shares in some.values() for n in shares}
        self.members = {n: m for n, m in members.items() if n in used}
        self.inputs = read_by(self.members)

    def numbers(self, data: Prepared) -> Numbers:
        """The weighted answer of every row; rows that every member abstains from hold the prior."""
        lonely = self._lonely({n: data.present(n) for n in self.inputs if n in data.inputs})
        if not lonely:
            return self._mixed(asked(self.members, self.weights, data), self.weights)
        rest = np.flatnonzero(~np.logical_or.reduce(list(lonely.values())))
        groups = [(self.weights, rest), *((self.alone[n], np.flatnonzero(r)) for n, r in lonely.items())]
        found = Numbers({}, np.zeros(len(data), bool))
        for weights, rows in (group for group in groups if len(group[1])):
            said = self._mixed(asked(self.members, weights, data.rows(rows)), weights)
            found.answered[rows] = said.answered
            for target, values in said.values.items():
                whole = found.values.setdefault(target, np.zeros((len(data), values.shape[1])))
                whole[rows] = values
        return found

    def of(
        self, said: Mapping[str, Numbers], there: Mapping[str, NDArray[np.bool_]] | None = None
    ) -> Numbers:
        """The same from what the members have said already. there: {input: bool (N,), where it is}."""
        found = self._mixed(said, self.weights)
        for name, rows in self._lonely(there or {}).items():
            own = self._mixed(said, self.alone[name])
            values = {n: np.where(rows[:, None], own.values[n], v) for n, v in found.values.items()}
            found = Numbers(values, np.where(rows, own.answered, found.answered))
        return found

    def _mixed(self, said: Mapping[str, Numbers], weights: Weights) -> Numbers:
        found = mixed(said, weights, self.goals)
        for target, temperature in self.temperatures.items():
            values = found.values[target]
            tempered = self.goals[target].build().tempered(values, temperature)
            found.values[target] = np.where(found.answered[:, None], tempered, values)
        for target, level in self.levels.items():
            found.values[target] = found.values[target] + np.asarray(level) * found.answered[:, None]
        return found

    def _lonely(self, there: Mapping[str, NDArray[np.bool_]]) -> dict[str, NDArray[np.bool_]]:
        """{input: the rows that have nothing else}, of the inputs that have weights of their own."""
        if not self.alone or not there:
            return {}
        count = np.sum(list(there.values()), axis=0)
        found = {n: there[n] & (count == 1) for n in self.alone if n in there}
        return {n: rows for n, rows in found.items() if rows.any()}

    def parts(self) -> dict[str, Member]:
        """The members that have a weight."""
        return dict(self.members)

    def state(self) -> tuple[Facts, Arrays]:
        """Weights, goals, temperatures and levels."""
        goals = {n: g.to_json() for n, g in self.goals.items()}
        told = {"weights": self.weights, "alone": self.alone, "goals": goals}
        return told | {"temperatures": self.temperatures, "levels": self.levels}, {}

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays, parts: dict[str, Member] | None = None) -> Self:
        """The reverse of ``state``, with the restored members. Raises BundleError when one is not given."""
        weights: Weights = facts["weights"]
        alone: dict[str, Weights] = facts.get("alone", {})
        every = (shares for some in (weights, *alone.values()) for shares in some.values())
        names = list(dict.fromkeys(n for shares in every for n in shares))
        goals = {n: Goal.from_json(told) for n, told in facts["goals"].items()}
        members, told = needed(parts, names, "ensemble"), (facts.get("temperatures"), facts.get("levels"))
        return cls(members, weights, goals, alone, *told)
