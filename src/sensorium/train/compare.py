"""Ways of fusing under one division, one budget and several seeds: the experiment of a fusion paper.

Letters: F fusions, S seeds, R resamples.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.stats import rankdata

from sensorium import seeds as seeds_of
from sensorium.errors import DataError, PlanError, unknown
from sensorium.evaluate import Judge, judge
from sensorium.fit_facts import fit_facts, task_of
from sensorium.fusion import fusions
from sensorium.members._base import Floats, Numbers
from sensorium.members._pieces import said
from sensorium.metrics import metrics
from sensorium.metrics._bootstrap import Interval, interval, resamples, spread
from sensorium.network import Network
from sensorium.plan import Choice, Plan
from sensorium.predict import with_prior
from sensorium.prepare import prepare
from sensorium.table.prepared import Prepared
from sensorium.train.climb import Budget, Candidate, Climb
from sensorium.train.division import divided, groups_of
from sensorium.train.run import Request, planned
from sensorium.train.rungs import FUSION_SHARE
from sensorium.types import Facts, Json


@dataclass(frozen=True, slots=True)
class Fused:
    """One way of fusing. score: on test rows, the mean over seeds. gain: over the best single input, and
    to_best: over the fusion with the best score, signed so that more is better, paired on the same rows.
    validation: the mean score there (higher is better). rank: its mean place among the fusions over the
    seeds, 1 is best. weights: trained numbers of the fusion alone. seconds: of training, a seed.
    """

    name: str
    score: Interval
    gain: Interval
    to_best: Interval
    validation: float
    rank: float
    weights: int
    seconds: float
    seeds: tuple[float, ...]

    def to_dict(self) -> dict[str, Json]:
        """As JSON."""
        return {
            "name": self.name, "score": self.score.to_dict(), "gain": self.gain.to_dict(),
            "to_best": self.to_best.to_dict(),
            "validation": self.validation, "rank": self.rank, "weights": self.weights,
            "seconds": round(self.seconds, 2), "seeds": list(self.seeds),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """The fusions of one target, best mean rank first. single: the best input alone, by validation rows, with
    its score on test rows. rows: test rows. how: the division, in words."""

    target: str
    score: str
    fusions: tuple[Fused, ...]
    single: str
    alone: Interval
    rows: int
    seeds: int
    how: str
    seconds: float = 0.0

    def ahead(self) -> list[str]:
        """The fusions that the test rows cannot tell from the one with the best score, it among them."""
        return [one.name for one in self.fusions if not one.to_best.high < 0]

    def to_dict(self) -> dict[str, Json]:
        """As JSON."""
        return {
            "target": self.target, "score": self.score, "single": self.single, "rows": self.rows,
            "alone": self.alone.to_dict(), "seeds": self.seeds, "split": self.how,
            "fusions": [one.to_dict() for one in self.fusions], "seconds": round(self.seconds, 1),
        }  # fmt: skip


@dataclass(slots=True)
class _Seed:
    """What one seed gave: {name: (validation score, numbers of test rows, seconds, weights)}."""

    fused: dict[str, tuple[float, Numbers, float, int]] = field(default_factory=dict)
    alone: dict[str, tuple[float, Numbers]] = field(default_factory=dict)


def compare(request: Request, names: Sequence[str] = (), *, seeds: int = 3) -> list[Comparison]:
    """Train every fusion (names; none: all) ``seeds`` times and compare them on the test rows, one list entry
    a target.

    Every fusion takes the same prepared columns, the same division, the same number of steps and, under one
    seed, the same trained single-input networks to start from; nothing is chosen on test rows. Raises
    PlanError for a name that is no fusion, for fewer than one seed or a time limit, DataError when there are
    fewer than two inputs or no test rows.
    """
    began = time.monotonic()
    known = tuple(fusions.names())
    chosen = tuple(dict.fromkeys(names)) or known
    for name in chosen:
        if name not in known:
            raise unknown("fusion", name, known, "fusions")
    if seeds < 1:
        raise PlanError(f"seeds: expected a whole number of at least 1, got {seeds}.")
    plan = planned(request).plan
    if plan.train.time_limit_seconds is not None:
        raise PlanError(
            "time limit: fusions are compared under equal steps; set train.epochs or effort instead."
        )
    if len(plan.inputs) < 2:
        raise DataError(
            f"{request.table.source}: there is one input, {next(iter(plan.inputs))!r}: nothing to fuse."
        )
    split = divided(plan, request.table, request.test)
    facts = fit_facts(plan, request.table, split.train)
    data = prepare(plan, facts, request.table, store=request.store)
    if request.test is not None:
        test = prepare(plan, facts, request.test, store=request.store)
        groups = groups_of(plan, request.test)
    else:
        test, groups = data.rows(split.test), groups_of(plan, request.table)
        groups = None if groups is None else groups[split.test]
    if not len(test):
        raise DataError(
            f"{request.table.source}: no rows are left to test on ({split.how}). Give a share to test."
        )
    base = Climb(plan, facts, data, split.train, split.val, Budget(None, {}), split.groups)
    found = [_seeded(base, place, chosen, test) for place in range(seeds)]
    return [
        _compared(plan, name, facts, (test, groups), found, (split.how, time.monotonic() - began))
        for name in plan.targets
    ]


def _seeded(base: Climb, place: int, names: Sequence[str], test: Prepared) -> _Seed:
    """Single-input networks and every fusion under one seed."""
    plan = replace(base.plan, seed=base.plan.seed + place)
    ask, made = replace(base, plan=plan, settled={}), _Seed()
    solos: dict[str, Network] = {}
    rows = (ask.train, ask.val)
    for name in plan.inputs:
        began = time.monotonic()
        done = ask.network(f"{name} alone", [name], rows)
        solos[name] = done.network
        candidate = ask.candidate(f"{name} alone", done.network, began, single=name, trained=done)
        made.alone[name] = (candidate.score, _numbers(candidate, test, ask.facts))
    for name in names:
        own = replace(ask, plan=replace(plan, fusion=_choice(plan, name)))
        began = time.monotonic()
        done = own.network(f"fusion {name}", list(plan.inputs), rows, start=solos, share=FUSION_SHARE)
        candidate = own.candidate(f"fusion {name}", done.network, began, trained=done)
        fusion = done.network.model.fusion
        assert fusion is not None, "several inputs are fused"
        weights = sum(p.numel() for p in fusion.parameters())
        numbers = _numbers(candidate, test, ask.facts)
        made.fused[name] = (candidate.score, numbers, candidate.seconds, weights)
    return made


def _choice(plan: Plan, name: str) -> Choice:
    """The plan's own choices for the fusion that it names, defaults for others."""
    return plan.fusion if plan.fusion.name == name else Choice(name)


def _numbers(candidate: Candidate, test: Prepared, facts: Facts) -> Numbers:
    return with_prior(said(candidate.member, test), facts)


def _compared(
    plan: Plan, target: str, facts: Facts, tested: tuple[Prepared, object], found: Sequence[_Seed],
    told: tuple[str, float],
) -> Comparison:  # fmt: skip
    asked, (test, groups) = plan.targets[target], tested
    known = judge(task_of(asked), facts["targets"][target], test.targets[target], test.weight, groups)  # type: ignore[arg-type]
    metric = metrics.get(asked.score)()
    better = 1.0 if metric.better == "high" else -1.0
    drawn = resamples(
        len(known.keep), seeds_of.generator(plan.seed, f"compare {target}"), groups=known.groups
    )

    def each(numbers: Sequence[Numbers]) -> tuple[Floats, Floats]:
        """The score of every seed (S,), and their mean under every resample (R,)."""
        answers = [known.answers(n.values[target]) for n in numbers]
        values = [metric.value(known.truth, a, known.weight) for a in answers]
        spreads = [spread(metric, known.truth, a, known.weight, drawn) for a in answers]
        return np.array(values), np.mean(spreads, axis=0)

    single = max(found[0].alone, key=lambda n: float(np.mean([one.alone[n][0] for one in found])))
    alone, alone_drawn = each([one.alone[single][1] for one in found])
    scores = {n: each([one.fused[n][1] for one in found]) for n in found[0].fused}
    values_FS = np.array([values for values, _ in scores.values()])
    ranks_F = np.nanmean(rankdata(-better * values_FS, axis=0), axis=1)
    rows, narrow = len(drawn.part), drawn.narrowing
    best = list(scores)[int(np.nanargmax(better * values_FS.mean(1)))]

    def gain(name: str, values: Floats, spreads: Floats) -> Interval:
        own, draws = scores[name]
        return interval(better * float((own - values).mean()), better * (draws - spreads), narrow, rows)

    made = []
    for place, (name, (values, spreads)) in enumerate(scores.items()):
        one = [seed.fused[name] for seed in found]
        made.append(Fused(
            name, interval(float(values.mean()), spreads, narrow, rows), gain(name, alone, alone_drawn),
            gain(name, *scores[best]), float(np.mean([o[0] for o in one])), float(ranks_F[place]), one[0][3],
            float(np.mean([o[2] for o in one])), tuple(float(v) for v in values),
        ))  # fmt: skip
    made.sort(key=lambda one: (one.rank, one.name))
    whole = interval(float(alone.mean()), alone_drawn, narrow, rows)
    return Comparison(
        target, asked.score, tuple(made), single, whole, _rows(known), len(found), told[0], told[1]
    )


def _rows(known: Judge) -> int:
    return len(known.keep)
