"""An ensemble chosen greedily on validation rows.

Letters: N rows, n validation rows, W numbers a row.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np

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


class Ensemble(Member):
    """The weighted answer of its members, over those that do not abstain.

    weights: {target: {member: weight}}; members that no target gives a weight are left out.
    """

    def __init__(self, members: Mapping[str, Member], weights: Weights, goals: Mapping[str, Goal]) -> None:
        used = {n for shares in weights.values() for n in shares}
        self.members = {n: m for n, m in members.items() if n in used}
        self.weights, self.goals = weights, {n: goals[n] for n in weights}
        self.inputs = read_by(self.members)

    def numbers(self, data: Prepared) -> Numbers:
        """The weighted answer of every row; rows that every member abstains from hold the prior."""
        return self.of(asked(self.members, self.weights, data))

    def of(self, said: Mapping[str, Numbers]) -> Numbers:
        """The same from what the members have said already."""
        return mixed(said, self.weights, self.goals)

    def parts(self) -> dict[str, Member]:
        """The members that have a weight."""
        return dict(self.members)

    def state(self) -> tuple[Facts, Arrays]:
        """Weights and goals."""
        return {"weights": self.weights, "goals": {n: g.to_json() for n, g in self.goals.items()}}, {}

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays, parts: dict[str, Member] | None = None) -> Self:
        """The reverse of ``state``, with the restored members. Raises BundleError when one is not given."""
        weights: Weights = facts["weights"]
        names = list(dict.fromkeys(n for shares in weights.values() for n in shares))
        goals = {n: Goal.from_json(told) for n, told in facts["goals"].items()}
        return cls(needed(parts, names, "ensemble"), weights, goals)


def greedy(
    said: Mapping[str, Numbers], target: str, goal: Goal, rows: Rows, *, bags: int = BAGS, seed: int = 0
) -> dict[str, float]:
    """Weights that sum to 1 for some of the members, by what they say of the validation rows.

    said: {member: numbers of the n rows}, the simplest first; those that do not answer the target are
    passed over. rows: (n,), where the target is not missing. Members are added one by one, again and
    again, in bootstraps of the rows, and the weights averaged (Caruana et al., Ensemble selection from
    libraries of models, ICML 2004). By the goal's score the result is never worse than the best
    single member, and is that member where nothing is better. Raises TrainingError without any member.
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
    for weights in (averaged, voice.grow(every, rows)):
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
