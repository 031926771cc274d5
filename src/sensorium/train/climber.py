"""The rungs of every ladder: prior, raw learners, each input alone, fusion, features, mean, ensemble."""

import time
from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np

from sensorium.chained import Chained, featured
from sensorium.errors import DataError
from sensorium.fit_facts import task_of
from sensorium.members._base import Member, Numbers, Rows
from sensorium.members._greedy import greedy
from sensorium.members.ensemble import Ensemble
from sensorium.members.mean import Mean
from sensorium.members.prior import Prior
from sensorium.members.trees import Trees
from sensorium.network import Network
from sensorium.table.field import Field
from sensorium.train.alone import weights_alone
from sensorium.train.climb import Candidate, Climb, Climbed
from sensorium.train.late import TOO_FEW, best_of_each
from sensorium.train.level import levels, moves
from sensorium.train.out_of_fold import FoldNetworks
from sensorium.train.rungs import (
    FUSION_SHARE,
    LEARNERS,
    NO_TIME,
    TABLE,
    WHOLE,
    late_rules,
    learner_seconds,
    num_folds,
)
from sensorium.train.temperature import temperatures
from sensorium.types import Facts

LEFT_OUT = "the plan's train.rungs leaves it out"
FAST = "effort fast trains learned fusion only"
TREES_SECONDS = 3.0
"""What trees on features are taken to cost where none were grown on raw columns."""


class Climber:
    """Climbs rungs one by one into ``done``. held: networks of folds, shared by rungs.

    solos: single-input networks, which every fusion starts from.
    """

    def __init__(self, ask: Climb, held: FoldNetworks | None = None) -> None:
        self.ask, self.done = ask, Climbed()
        self.held = FoldNetworks(ask) if held is None else held
        self.solos: dict[str, Network] = {}
        self.fields = ask.fields()
        self.names = list(ask.plan.inputs)

    def count_of(self, name: str) -> int:
        """How many candidates read this input alone."""
        return len(self._of_one(name))

    def _of_one(self, name: str) -> dict[str, Candidate]:
        """The candidates that read this input alone."""
        return {n: c for n, c in self.done.candidates.items() if c.single == name}

    def rung(self, name: str, climbed: Callable[[], Candidate | str], of: str = "") -> None:
        """One rung: a candidate, or the reason why it was skipped. of: the rung that it belongs to."""
        train, done = self.ask.plan.train, self.done.candidates
        wanted, known = train.rungs, train.settled.get(name + self.ask.tag, {})
        if name in done:  # a part of another ladder that this one repeats
            return
        first = name == "prior" or (set(done) == {"prior"} and name.endswith(("linear", "(linear)")))
        if wanted is not None and (of or name) not in wanted and name != "prior":
            self.done.skipped[name] = LEFT_OUT
            return
        if train.effort == "fast" and (of or name) not in ("prior", self._fast()):
            self.done.skipped[name] = FAST
            return
        late = not first and not name.endswith(("ensemble", "(ensemble)", "mean")) and self.ask.budget.spent()
        found = NO_TIME if late or known.get("steps") == 0 else climbed()
        if not isinstance(found, str):
            self.done.candidates[name] = found
            return
        self.done.skipped[name] = found
        if found == NO_TIME:
            self.ask.settled[name + self.ask.tag] = {"steps": 0, "batch_rows": 0, "stop": 0}

    def _fast(self) -> str:
        """The one rung above the prior that effort fast climbs."""
        return "fusion" if len(self.names) > 1 else f"{self.names[0]} alone"

    def prior(self) -> Candidate:
        """What reads nothing."""
        began = time.monotonic()
        return self.ask.candidate("prior", Prior.fit(self.ask.member_job(())), began)

    def raw(self) -> None:
        """Linear models and trees on the raw columns: on all of them, and on each that can be read alone."""
        unlearned = [n for n, t in self.ask.plan.targets.items() if task_of(t).trees is None]
        if unlearned:
            for kind in LEARNERS:
                self.done.skipped[kind] = f"the task of {unlearned[0]!r} has no such learner"
            return
        if not self.fields:
            self.done.skipped |= dict.fromkeys(LEARNERS, "no input can be read without an encoder")
        for kind in LEARNERS if self.fields else ():
            for name, fields, single in self._fields_of(kind):
                self.rung(name, lambda n=name, k=kind, f=fields, s=single: self._learner(n, k, f, s))  # type: ignore[misc]

    def _fields_of(self, kind: str) -> Iterator[tuple[str, tuple[Field, ...], str | None]]:
        """(rung, what it reads, the one input or None): all together, all but media, each alone."""
        several = len(self.fields) > 1
        if several or len(self.names) == 1:
            yield kind, self.fields, self.names[0] if len(self.names) == 1 else None
        table = tuple(f for f in self.fields if not self.ask.heavy(f.name))
        if 1 < len(table) < len(self.fields):
            yield TABLE.format(kind), table, None
        if kind not in WHOLE and (several or len(self.names) > 1):
            for field in self.fields:
                yield f"{field.name} alone ({kind})", (field,), field.name

    def _learner(
        self, name: str, kind: str, fields: tuple[Field, ...], single: str | None
    ) -> Candidate | str:
        began, done = time.monotonic(), self.done.candidates.values()
        taken = max((c.seconds for c in done if isinstance(c.member, LEARNERS[kind])), default=None)
        labels = sum(len(told["labels"]) for told in self._several())
        usual = learner_seconds(kind, len(self.ask.train), fields, max(1, labels))
        needed = usual if taken is None else taken
        if kind != "linear" and not self.ask.budget.holds(
            2 * needed
        ):  # no clock stops a learner once it has begun
            return NO_TIME
        member = LEARNERS[kind].fit(self.ask.member_job(fields))
        return self.ask.candidate(name, member, began, single=single)

    def _several(self) -> list[Facts]:
        """The facts of the targets that are several labels a row."""
        plan, facts = self.ask.plan, self.ask.facts["targets"]
        return [facts[name] for name, asked in plan.targets.items() if task_of(asked).trees == "labels"]

    def alone(self, name: str) -> Candidate | str:
        """A network over one input."""
        began = time.monotonic()
        if not self.ask.data.present(name)[self.ask.train].any():
            return "no training row has it"
        done = self.ask.network(f"{name} alone", [name], (self.ask.train, self.ask.val))
        self.solos[name] = done.network
        return self.ask.candidate(f"{name} alone", done.network, began, single=name, trained=done)

    def fusion(self) -> Candidate:
        """A network over all inputs, by the plan's fusion."""
        began = time.monotonic()
        rows = (self.ask.train, self.ask.val)
        done = self.ask.network(
            "fusion", self.names, rows, start=self.solos, share=FUSION_SHARE if self.solos else 1.0
        )
        return self.ask.candidate("fusion", done.network, began, trained=done)

    def features(self) -> Candidate | str:
        """k pairs of encoders and trees: the trees of pair i learn on rows that its encoders never saw."""
        media = [n for n in self.names if self.ask.heavy(n)]
        if not media:
            return "no input is made of media"
        media = [n for n in media if self._tells(n)]
        if not media:
            return "no encoder of media alone does better than the prior"
        if any(task_of(t).trees is None for t in self.ask.plan.targets.values()):
            return "the task has no such learner"
        began = time.monotonic()
        try:
            parts = self.ask.folds(num_folds(self.ask.plan))
        except DataError as error:
            return str(error)
        grown = self.done.candidates.get("trees")
        if not self.ask.budget.kept(len(parts) * (TREES_SECONDS if grown is None else grown.seconds)):
            return NO_TIME
        pairs: dict[str, Member] = {}
        history: list[Facts] = []
        for place, (learn, held) in enumerate(parts):
            if self.ask.budget.spent():
                return NO_TIME
            networks = {n: self.held.network(place, n, learn, history) for n in media}
            pairs[str(place)] = self._pair(networks, held)
        member = Mean(pairs, self.ask.member_job(()).goals)
        single = media[0] if len(self.names) == 1 else None
        return self.ask.candidate("features", member, began, single=single, history=history)

    def _tells(self, name: str) -> bool:
        """Whether an input's own network beats the prior on validation rows; one that was not trained may."""
        alone = self.done.candidates.get(f"{name} alone")
        return alone is None or alone.rank() > self.done.candidates["prior"].rank()

    def _pair(self, networks: dict[str, Network], held: Rows) -> Member:
        rows = np.concatenate([self.ask.train[held], self.ask.val])
        data = featured(networks, self.ask.data.rows(rows))
        made = [Field(n, "numbers", self.ask.plan.dim) for n in networks]
        raw = [f for f in self.fields if f.name not in networks]
        places = np.arange(len(rows))
        job = self.ask.member_job([*raw, *made], data, (places[: len(held)], places[len(held) :]))
        return Chained(networks, Trees.fit(job))

    def mean(self) -> Candidate | str:
        """Decision-level fusion: the mean of the single inputs' probabilities."""
        began = time.monotonic()
        best = best_of_each(self.done)
        if len(best) < 2:
            return TOO_FEW
        parts = {c.name: c.member for c in best.values()}
        member = Mean(parts, self.ask.member_job(()).goals)
        said = member.of({c.name: c.val for c in best.values()})
        return self.ask.candidate("mean", member, began, said=said)

    def mixes(self, single: str) -> bool:
        """Whether an ensemble of one input's candidates says more than they: of several, or at a level."""
        count = self.count_of(single)
        return count > 1 or (count == 1 and self._moves)

    @cached_property
    def _moves(self) -> bool:
        return moves(self.ask)

    def ensemble(self, single: str | None = None) -> Candidate | str:
        """Members chosen greedily, with replacement, on the validation rows; of all, or of one input's."""
        began = time.monotonic()
        every = self.done.candidates if single is None else self._of_one(single)
        mixes = {"prior", "mean", *late_rules(self.ask.plan)}
        found = {n: c for n, c in every.items() if n not in mixes and not n.endswith("(ensemble)")}
        if not found:
            return "there is no member to choose from"
        goals, seed = self.ask.member_job(()).goals, self.ask.plan.seed
        weights, reads = {}, {n: c.member.inputs for n, c in found.items()}
        for target, goal in goals.items():
            kept = np.flatnonzero(self.ask.data.targets[target].mask[self.ask.val])
            some = {n: _part(c.val, target, kept) for n, c in found.items()}
            weights[target] = greedy(some, target, goal, self.ask.val[kept], seed=seed, reads=reads)
        members = {n: c.member for n, c in found.items()}
        alone = weights_alone(self.ask, members, goals) if single is None and not self.ask.tag else {}
        member = Ensemble(members, weights, goals, alone)
        there = {n: self.ask.data.present(n)[self.ask.val] for n in member.inputs}
        said = {n: c.val for n, c in found.items()}
        member.temperatures = temperatures(self.ask, member.of(said, there))
        member.levels = levels(self.ask, member.of(said, there))
        whole = member.of(said, there)
        name = "ensemble" if single is None else f"{single} alone (ensemble)"
        return self.ask.candidate(name, member, began, single=single, said=whole)


def _part(numbers: Numbers, target: str, rows: Rows) -> Numbers:
    return Numbers({target: numbers.values[target][rows]}, numbers.answered[rows])
