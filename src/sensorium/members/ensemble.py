"""An ensemble chosen greedily on validation rows.

Letters: N rows, n validation rows, W numbers a row.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.errors import TrainingError
from sensorium.members._base import Arrays, Floats, Goal, Member, Numbers, Rows, Score
from sensorium.members._mix import Weights, asked, mixed, needed, read_by
from sensorium.members._outcome import rated
from sensorium.table.prepared import Prepared
from sensorium.types import Facts

ROUNDS = 20
BAGS = 10
BAG_ROWS = 5_000
LEAST = 0.03
"""A smaller weight is dropped: it costs time and moves nothing."""
SURE_ROWS = 200
"""Validation rows at which what they say of weights counts as much as the even mean of the good members."""
DOUBT, DOUBTED = 0.05, 4_000
"""How often a member must be as good as the best in bootstraps of the rows to be one of the good ones; with
more rows nobody asks."""
DRAWS = 100


class Ensemble(Member):
    """The weighted answer of its members, over those that do not abstain.

    weights: {target: {member: weight}}; members that nothing gives a weight are left out. alone: {input:
    weights for the rows that have this input only}, where the best of all inputs need not be the best.
    temperatures: {target: what makes the mix as sure as it should be}; none: 1.
    """

    def __init__(
        self,
        members: Mapping[str, Member],
        weights: Weights,
        goals: Mapping[str, Goal],
        alone: Mapping[str, Weights] | None = None,
        temperatures: Mapping[str, float] | None = None,
    ) -> None:
        self.weights, self.goals, self.alone = weights, {n: goals[n] for n in weights}, dict(alone or {})
        self.temperatures = dict(temperatures or {})
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
        """Weights, goals and temperatures."""
        goals = {n: g.to_json() for n, g in self.goals.items()}
        told = {"weights": self.weights, "alone": self.alone, "goals": goals}
        return told | {"temperatures": self.temperatures}, {}

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays, parts: dict[str, Member] | None = None) -> Self:
        """The reverse of ``state``, with the restored members. Raises BundleError when one is not given."""
        weights: Weights = facts["weights"]
        alone: dict[str, Weights] = facts.get("alone", {})
        every = (shares for some in (weights, *alone.values()) for shares in some.values())
        names = list(dict.fromkeys(n for shares in every for n in shares))
        goals = {n: Goal.from_json(told) for n, told in facts["goals"].items()}
        return cls(needed(parts, names, "ensemble"), weights, goals, alone, facts.get("temperatures"))


def greedy(
    said: Mapping[str, Numbers], target: str, goal: Goal, rows: Rows, *, bags: int = BAGS, seed: int = 0
) -> dict[str, float]:
    """Weights that sum to 1 for some of the members, by what they say of the validation rows.

    said: {member: numbers of the n rows}, the simplest first; those that do not answer the target are
    passed over. rows: (n,), where the target is not missing. Members are added one by one, again and
    again, in bootstraps of the rows, and the weights averaged (Caruana et al., Ensemble selection from
    libraries of models, ICML 2004). Few rows say little of weights, so these may be drawn to the even mean of
    the members that the rows cannot tell from the best (docs/decisions/few-validation-rows.md). By the goal's
    score the result is never worse than the best single member, and is that member where nothing is better.
    Raises TrainingError without any member.
    """
    score = goal.score
    able = {n: s for n, s in said.items() if target in s.values}
    if not able or score is None:
        raise TrainingError(
            f"target {target!r}: an ensemble needs a score and at least one member that answers; got "
            f"{len(able)} members. Train a prior or a linear member first."
        )
    voice = _Voices(able, target, goal, score)
    every = np.arange(len(rows))
    alone = voice.single(every, rows)
    least = voice.score(alone, every, rows)
    rng = seeds.generator(seed, f"ensemble {target}")
    drawn = [np.sort(rng.choice(len(rows), min(len(rows), BAG_ROWS))) for _ in range(bags)]
    tries = [voice.grow(places, rows) for places in drawn]
    averaged = _mean(tries, list(able)) if tries else alone
    for weights in (*voice.drawn(averaged, tries, drawn, rows, rng), averaged, voice.grow(every, rows)):
        if voice.score(weights, every, rows) > least:
            return weights
    return alone


class _Voices:
    """What members say of the validation rows, and how good a mix of them is."""

    def __init__(self, said: Mapping[str, Numbers], target: str, goal: Goal, score: Score) -> None:
        self.task, self.better = goal.build(), score
        self.values: dict[str, Floats] = {}
        self.answered = {n: s.answered.astype(np.float64) for n, s in said.items()}
        for name, one in said.items():
            self.values[name] = np.where(one.answered[:, None], one.values[target], goal.prior())
        self.prior = goal.prior()

    def score(self, weights: Mapping[str, float], places: Rows, rows: Rows) -> float:
        """The score of a mix over some places, which may repeat."""
        each = [w * self.answered[n][places] for n, w in weights.items()]
        joined = self.task.combine([self.values[n][places] for n in weights], each)
        found = np.sum(each, axis=0) > 0
        return rated(self.better, np.where(found[:, None], joined, self.prior), rows[places])

    def single(self, places: Rows, rows: Rows) -> dict[str, float]:
        """The best member alone; the first of equals."""
        scores = [self.score({n: 1.0}, places, rows) for n in self.values]
        return {list(self.values)[int(np.argmax(scores))]: 1.0}

    def drawn(
        self, found: dict[str, float], tries: list[dict[str, float]], bags: list[Rows], rows: Rows,
        rng: np.random.Generator,
    ) -> list[dict[str, float]]:  # fmt: skip
        """The found weights drawn to even ones of the good members, by much and by half; none where even
        weights say the rows outside the bags worse than those that were grown in the bags."""
        if not tries or len(rows) > DOUBTED:
            return []
        even = self.good(rows, rng)
        outside = [np.setdiff1d(np.arange(len(rows)), bag) for bag in bags]
        pairs = [(w, out) for w, out in zip(tries, outside, strict=True) if len(out)]
        gains = [self.score(even, out, rows) - self.score(w, out, rows) for w, out in pairs]
        if not gains or np.mean(gains) < 0:
            return []
        share = SURE_ROWS / (SURE_ROWS + len(rows))
        mixes = [
            {n: d * even.get(n, 0) + (1 - d) * found.get(n, 0) for n in self.values}
            for d in (share, share / 2)
        ]
        return [_mean([mix], list(self.values)) for mix in mixes]

    def good(self, rows: Rows, rng: np.random.Generator) -> dict[str, float]:
        """Even weights for the members that are as good as the best in a share of bootstraps of the rows."""
        (best,) = self.single(np.arange(len(rows)), rows)
        times = dict.fromkeys(self.values, 0)
        for _ in range(DRAWS):
            places = np.sort(rng.choice(len(rows), len(rows)))
            least = self.score({best: 1.0}, places, rows)
            for name in times:
                times[name] += self.score({name: 1.0}, places, rows) >= least
        kept = [name for name, count in times.items() if count >= DOUBT * DRAWS]
        return dict.fromkeys(kept, 1 / len(kept))

    def grow(self, places: Rows, rows: Rows) -> dict[str, float]:
        """Add the member that helps most, up to ROUNDS times; the smallest of the best mixes."""
        counts = self.single(places, rows)
        best, kept = self.score(counts, places, rows), dict(counts)
        for _ in range(ROUNDS - 1):
            tries = [{**counts, n: counts.get(n, 0.0) + 1} for n in self.values]
            scores = [self.score(t, places, rows) for t in tries]
            counts = tries[int(np.argmax(scores))]
            if max(scores) > best:
                best, kept = max(scores), dict(counts)
        total = sum(kept.values())
        return {n: c / total for n, c in kept.items()}


def _mean(tries: list[dict[str, float]], names: list[str]) -> dict[str, float]:
    """The mean weights, without those below LEAST, in the members' order."""
    mean = {n: sum(t.get(n, 0.0) for t in tries) / len(tries) for n in names}
    kept = {n: w for n, w in mean.items() if w >= LEAST}
    total = sum(kept.values())
    return {n: w / total for n, w in kept.items()}
