"""What the ladder's rungs share: the request, the budget, candidates."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.fit_facts import task_of
from sensorium.members._base import Floats, Goal, Member, Numbers, Rows
from sensorium.members._base import Job as MemberJob
from sensorium.members._pieces import said as in_pieces
from sensorium.metrics import metrics
from sensorium.modalities import modalities
from sensorium.model import modality_of, part_facts
from sensorium.network import Network
from sensorium.plan import Plan, TargetPlan
from sensorium.table.field import Field
from sensorium.table.prepared import Prepared
from sensorium.table.split import folds
from sensorium.train.job import Job, Part, Trained
from sensorium.train.loop import train_network
from sensorium.train.score import loss_of, scored
from sensorium.types import Facts

MEMBER_ROWS = 1 << 15
"""Validation rows on which members choose penalties and steps; a drawn part where there are more."""
ALL = Part()
SLOW = 0.1
"""The share of its training time above which it is told that a network waited for data."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One rung that was climbed. val: its numbers on the validation rows; score: higher is better there.

    single: the one input it reads, or None. history: the epochs of its networks. loss: on the validation
    rows, where it chooses among candidates whose score is not defined (-inf). steps, batch_rows: of a
    network, when its weights were best. balance: what the balance of its training remembers.
    """

    name: str
    member: Member
    val: Numbers
    score: float
    seconds: float
    single: str | None = None
    history: tuple[Facts, ...] = ()
    notes: tuple[str, ...] = ()
    loss: float = 0.0
    steps: int = 0
    batch_rows: int = 0
    balance: Facts = field(default_factory=dict)

    def rank(self) -> tuple[float, float]:
        """How good it is on the validation rows; more is better."""
        if np.isfinite(self.score):
            return self.score, 0.0
        return -np.inf, -self.loss if np.isfinite(self.loss) else -np.inf


@dataclass(slots=True)
class Climbed:
    """Every rung that was climbed, in order; why others were not; the chosen one's name; what to tell.

    recipe: what is compared with ``without``, {input: the same, trained again without it}, or None where
    inputs are hidden instead. doctor: what it found of the inputs of a joint network. val: the rows that
    candidates' validation numbers are of.
    """

    candidates: dict[str, Candidate] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    chosen: str = "prior"
    notes: list[str] = field(default_factory=list)
    recipe: Member | None = None
    without: dict[str, Member] = field(default_factory=dict)
    doctor: Facts | None = None
    val: Rows = field(default_factory=lambda: np.zeros(0, np.int64))

    def best_single(self) -> Candidate | None:
        """The best candidate that reads one input, by the validation rows."""
        found = [c for c in self.candidates.values() if c.single is not None]
        return max(found, key=Candidate.rank) if found else None


class Budget:
    """Divides the time that is left among the networks that are still to be trained."""

    def __init__(self, deadline: float | None, costs: Mapping[str, float]) -> None:
        self.deadline, self.costs = deadline, dict(costs)

    def until(self, name: str, part: float = 1.0) -> float | None:
        """The moment when this network must be done: its share of what is left.

        part: the share of its training that this pays for; the moment is that of the whole.
        """
        cost = self.costs.pop(name, 1.0)
        if self.deadline is None:
            return None
        now, total = time.monotonic(), sum(self.costs.values())
        return now + min(1.0, cost / (cost + total) / part) * max(0.0, self.deadline - now)

    def kept(self, seconds: float) -> bool:
        """Keep so much for what no clock stops (trees), when at least twice that is left."""
        if self.deadline is None:
            return True
        enough = self.deadline - time.monotonic() >= 2 * seconds
        self.deadline -= seconds if enough else 0.0
        return enough

    def keep(self, seconds: float) -> None:
        """Keep so much for what no clock stops, at most half of what is left."""
        if self.deadline is not None:
            self.deadline -= min(seconds, max(0.0, self.deadline - time.monotonic()) / 2)

    def holds(self, seconds: float) -> bool:
        """Whether so much time is left."""
        return self.deadline is None or self.deadline - time.monotonic() >= seconds

    def spent(self) -> bool:
        """Whether no time is left."""
        return self.deadline is not None and time.monotonic() >= self.deadline


@dataclass(slots=True)
class Climb:
    """One climb of the ladder: one plan, one set of facts, one division of rows, one budget.

    data: all rows; train and val: rows of it. groups: (N,), rows that stay in one fold together.
    measured: whether test rows follow, which tell what inputs add. tag: what its networks' names end with.
    """

    plan: Plan
    facts: Facts
    data: Prepared
    train: Rows
    val: Rows
    budget: Budget
    groups: NDArray[np.int64] | None = None
    folder: Path | None = None
    resume: bool = False
    settled: dict[str, dict[str, int]] = field(default_factory=dict)
    measured: bool = True
    tag: str = ""

    def narrowed(self, names: Sequence[str]) -> Plan:
        """The plan with only these inputs."""
        return replace(self.plan, inputs={n: self.plan.inputs[n] for n in names})

    def heavy(self, name: str) -> bool:
        """Whether an input is made of media: only networks can read it."""
        return modalities.get(self.plan.inputs[name].modality.name).media

    def timed(self) -> bool:
        """Whether a clock decides, or decided when the plan was written."""
        return self.budget.deadline is not None or "ladder" in self.plan.train.settled

    def _seen(self, rows: Rows, inputs: Sequence[str]) -> Rows:
        """The rows that have any of the inputs: others teach a network nothing. All, when none has."""
        seen = np.any([self.data.present(n)[rows] for n in inputs], axis=0)
        return rows[seen] if seen.any() else rows

    def network(
        self, name: str, inputs: Sequence[str], rows: tuple[Rows, Rows],
        start: Mapping[str, Network] | None = None, share: float = 1.0, begin: Candidate | None = None,
        part: Part = ALL, cost: str = "",
    ) -> Trained:  # fmt: skip
        """Train a network over some inputs on (training, validation) rows; notes what the clock decided.

        start: single-input networks whose encoders it takes over. begin: a candidate that it goes on from.
        part: the stretch that is trained. cost: what the budget calls it, if not by its name.
        """
        name = f"{name}{self.tag}"
        until = self.budget.until(cost or name, 1.0 if part.state is not None else part.until)
        train, val = self.data.rows(self._seen(rows[0], inputs)), self.data.rows(rows[1])
        solos = {n: network.model for n, network in (start or {}).items()}
        first, balance = None, Facts()
        if begin is not None:
            assert isinstance(begin.member, Network)
            first, balance = begin.member.model, begin.balance
        done = train_network(
            Job(
                name, self.narrowed(inputs), self.facts, train, val, solos, until,
                self.folder, self.resume, share, first, part, balance,
            )
        )  # fmt: skip
        if done.settled and begin is None:  # how to go on follows from the first training
            self.settled[name] = done.settled
        return done

    def candidate(
        self, name: str, member: Member, began: float, *, single: str | None = None,
        trained: Trained | None = None, history: Sequence[Facts] = (), said: Numbers | None = None,
    ) -> Candidate:  # fmt: skip
        """A candidate with its numbers (``said``, when they are known) and its score on validation rows."""
        val = self.data.rows(self.val)
        numbers = said or in_pieces(member, val)
        by = {target: loss_of(self.plan, target, self.facts) for target in self.plan.targets}
        score, loss = scored(self.plan, self.facts, val, numbers, by)
        seconds = time.monotonic() - began
        steps, batch, told, balance = (0, 0, history, Facts())
        if trained is not None:
            steps, batch, told = trained.best_step, trained.batch_rows, trained.history
            balance = trained.balance
        notes = (*member.notes, *waited(told))
        return Candidate(
            name, member, numbers, score, seconds, single, tuple(told), notes, loss, steps, batch, balance
        )

    def fields(self) -> tuple[Field, ...]:
        """The inputs that members can read without a network."""
        found = []
        for name, asked in self.plan.inputs.items():
            found.append(modality_of(asked).field(name, part_facts(asked, self.facts["inputs"][name])))
        return tuple(f for f in found if f is not None)

    def folds(self, number: int) -> list[tuple[Rows, Rows]]:
        """(places that encoders learn on, places that the trees learn on) among the training rows."""
        first = next(iter(self.plan.targets))
        labels = self.data.targets[first].values[self.train]
        groups = None if self.groups is None else self.groups[self.train]
        rng = seeds.generator(self.plan.seed, "feature folds")
        return folds(len(self.train), number, rng, labels=labels, groups=groups)

    def member_job(
        self, fields: Sequence[Field], data: Prepared | None = None, rows: tuple[Rows, Rows] | None = None
    ) -> MemberJob:
        """What a member is fitted on: these fields of these rows, with the score that chooses."""
        table, (train, val) = data or self.data, rows or (self.train, self.val)
        if len(val) > MEMBER_ROWS:  # enough to choose a penalty by
            rng = seeds.generator(self.plan.seed, "member val rows")
            val = np.sort(rng.choice(val, MEMBER_ROWS, replace=False))
        goals = {n: self._goal(n, asked, table) for n, asked in self.plan.targets.items()}
        groups = None if self.groups is None else self.groups[table.numbers]
        return MemberJob(tuple(fields), table, train, val, goals, self.plan.seed, groups)

    def _goal(self, name: str, asked: TargetPlan, data: Prepared) -> Goal:
        task, facts, target = task_of(asked), self.facts["targets"][name], data.targets[name]
        metric = metrics.get(asked.score)()
        truth = task.truth(target, facts)

        def score(numbers: Floats, rows: Rows) -> float:
            kept = target.mask[rows]
            weight = np.ones(int(kept.sum())) if data.weight is None else data.weight[rows[kept]]
            return metric.good(truth[rows[kept]], task.answers(numbers[kept], facts), weight)

        return Goal(asked.task.name, dict(asked.task.choices), facts, score)


def waited(history: Sequence[Facts]) -> tuple[str, ...]:
    """What to tell of a network whose training waited for data; history: records of its epochs."""
    times = [(float(r["seconds"]), float(r["waiting"])) for r in history if "waiting" in r]
    share = sum(s * w for s, w in times) / max(1e-9, sum(s for s, _ in times))
    if share <= SLOW:
        return ()
    return (f"training waited for data {share:.0%} of its time: the disk is slower than the network",)
