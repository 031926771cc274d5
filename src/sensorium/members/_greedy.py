"""Greedy selection of members with replacement, on rows that none of them learned from.

Letters: N rows, n rows that choose, W numbers a row.
"""

from collections.abc import Collection, Mapping

import numpy as np

from sensorium import seeds
from sensorium.errors import TrainingError
from sensorium.members._base import Floats, Goal, Numbers, Rows, Score
from sensorium.members._outcome import rated

ROUNDS = 20
BAGS = 10
BAG_ROWS = 5_000
LEAST = 0.03
"""A smaller weight is dropped: it costs time and moves nothing."""
LEAST_DRAWN = 0.01
"""The same for weights that were drawn to even ones, which are smaller the more members are good."""
SURE_ROWS = 200
"""Validation rows at which what they say of weights counts as much as the even mean of the good members."""
DOUBT, DOUBTED = 0.05, 2_000
"""How often a member must be as good as the best in bootstraps of the rows to be one of the good ones; with
more rows nobody asks."""
DRAWS = 100


def greedy(
    said: Mapping[str, Numbers], target: str, goal: Goal, rows: Rows, *, bags: int = BAGS, seed: int = 0,
    reads: Mapping[str, Collection[str]] | None = None,
) -> dict[str, float]:  # fmt: skip
    """Weights that sum to 1 for some of the members, by what they say of the validation rows.

    said: {member: numbers of the n rows}, the simplest first; those that do not answer the target are
    passed over. rows: (n,), where the target is not missing. reads: the inputs of each member. Members are
    added one by one, again and again, in bootstraps of the rows, and the weights averaged (Caruana et al.,
    Ensemble selection from libraries of models, ICML 2004). Few rows say little of weights, so these may be
    drawn to the even mean of the good members (docs/decisions/few-validation-rows.md). By the goal's score
    the result is never worse than the best member that reads one input, where others read more, else than the
    best member, and is the best member where nothing is better.
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
    several = {n for n in able if reads is not None and len(reads[n]) > 1}
    lone = alone if not several or several == set(able) else voice.single(every, rows, set(able) - several)
    least = voice.score(lone, every, rows)
    rng = seeds.generator(seed, f"ensemble {target}")
    drawn = [np.sort(rng.choice(len(rows), min(len(rows), BAG_ROWS))) for _ in range(bags)]
    tries = [voice.grow(places, rows) for places in drawn]
    averaged = _mean(tries, list(able)) if tries else alone
    even = voice.drawn(averaged, tries, drawn, rows, rng, reads or {})
    for weights in (*even, averaged, voice.grow(every, rows)):
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

    def single(self, places: Rows, rows: Rows, of: Collection[str] | None = None) -> dict[str, float]:
        """The best member alone (of some); the first of equals."""
        names = [n for n in self.values if of is None or n in of]
        scores = [self.score({n: 1.0}, places, rows) for n in names]
        return {names[int(np.argmax(scores))]: 1.0}

    def drawn(
        self, found: dict[str, float], tries: list[dict[str, float]], bags: list[Rows], rows: Rows,
        rng: np.random.Generator, reads: Mapping[str, Collection[str]],
    ) -> list[dict[str, float]]:  # fmt: skip
        """The found weights drawn to even ones of the good members, by much and by half.

        None where even weights say the rows outside the bags clearly worse than those grown in the bags:
        such members are weak alone and good together.
        """
        if not tries or len(rows) > DOUBTED:
            return []
        even = self.good(rows, rng, reads)
        outside = [np.setdiff1d(np.arange(len(rows)), bag) for bag in bags]
        pairs = [(w, out) for w, out in zip(tries, outside, strict=True) if len(out)]
        gains = [self.score(even, out, rows) - self.score(w, out, rows) for w, out in pairs]
        if not gains or np.mean(gains) < -np.std(gains):
            return []
        share = SURE_ROWS / (SURE_ROWS + len(rows))
        return [self._mixed(even, found, part) for part in (share, share / 2)]

    def _mixed(self, even: dict[str, float], found: dict[str, float], part: float) -> dict[str, float]:
        """``part`` of the even weights and the rest of the found ones, without those below LEAST_DRAWN."""
        mix = {n: part * even.get(n, 0.0) + (1 - part) * found.get(n, 0.0) for n in self.values}
        return _mean([mix], list(self.values), LEAST_DRAWN)

    def good(
        self, rows: Rows, rng: np.random.Generator, reads: Mapping[str, Collection[str]]
    ) -> dict[str, float]:
        """Even weights for the members that are as good as the best in a share of bootstraps of the rows.

        One that reads a single input stands aside where a good one reads that input and more: on few rows
        it is more often lucky than better.
        """
        (best,) = self.single(np.arange(len(rows)), rows)
        times = dict.fromkeys(self.values, 0)
        for _ in range(DRAWS):
            places = np.sort(rng.choice(len(rows), len(rows)))
            least = self.score({best: 1.0}, places, rows)
            for name in times:
                times[name] += self.score({name: 1.0}, places, rows) >= least
        good = {name: set(reads.get(name, ())) for name, count in times.items() if count >= DOUBT * DRAWS}
        kept = [
            n for n, own in good.items() if len(own) != 1 or not any(own < other for other in good.values())
        ]
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


def _mean(tries: list[dict[str, float]], names: list[str], least: float = LEAST) -> dict[str, float]:
    """The mean weights in the members' order, without those below ``least``, unless all are."""
    mean = {n: sum(t.get(n, 0.0) for t in tries) / len(tries) for n in names}
    kept = {n: w for n, w in mean.items() if w >= least} or {n: w for n, w in mean.items() if w > 0}
    total = sum(kept.values())
    return {n: w / total for n, w in kept.items()}
