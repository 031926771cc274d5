"""What members of trees share: a dense matrix, trees for each target, their state.

Letters: N rows, W numbers a row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.members import _dense, _questions
from sensorium.members._base import Arrays, Job, Member, Numbers, Rows
from sensorium.members._columns import answerable, copies, sampled, with_copies
from sensorium.members._dense import Dense
from sensorium.members._grown import Grown, Table, constant, learnable
from sensorium.members._outcome import Outcome, lesson
from sensorium.members._terms import prefixed, under
from sensorium.table.prepared import Prepared
from sensorium.types import Facts

MOST_QUESTIONS = 60
"""Labels of one target that trees are grown for, the most common ones; the others get their shares."""
Grow = Callable[[Table, Table, Outcome, str], Grown]
"""Training rows, validation rows, the target and its name -> trees."""


@dataclass(frozen=True, slots=True)
class Ground:
    """How trees see the table: columns a text, out-of-fold folds, share of hidden copies, most rows."""

    directions: int
    folds: int
    hide: float
    rows: int


class Wood(Member):
    """A member of trees over ``Dense`` columns. Extended by the family's members, which say how to grow."""

    def __init__(
        self, dense: Dense, learned: Mapping[str, tuple[Outcome, Grown]], notes: tuple[str, ...] = ()
    ) -> None:
        self.dense, self.learned, self.notes = dense, dict(learned), notes
        self.inputs = tuple(dict.fromkeys(f.name for f in dense.fields))

    @classmethod
    def _grown(cls, job: Job, ground: Ground, grow: Grow, like: Self | None = None) -> Self:
        """Fit every goal that has a form for trees; where there is nothing to tell apart, say the mean.

        like: a fitted member whose shifts are taken where no validation row is left to choose them.
        """
        job = _questions.asked(job)
        chosen, notes = sampled(job, ground.rows)
        data = job.data.rows(chosen)
        outcomes = {n: o for n, goal in job.goals.items() if (o := Outcome.of(goal)) is not None}
        dense, held = _dense.fit(job, chosen, own_columns(outcomes), ground.directions, ground.folds)
        extra, hidden = copies(data, job.fields, ground.hide, seeds.generator(job.seed, "trees hide"))
        both, every = with_copies(data, job.fields, extra, hidden), np.concatenate([chosen, chosen[extra]])
        learned = dict[str, tuple[Outcome, Grown]]()
        columns, checks = Matrices(dense, both), Matrices(dense, job.data.rows(job.val))
        for name, outcome in outcomes.items():
            own = {n: np.concatenate([v, v[extra]]) for n, v in held.get(name, {}).items()}
            matrix = dense.with_held(columns.of(name), own, name)
            train = Table(matrix, lesson(job, name, every, outcome.kind))
            if beyond(learned, name) or not learnable(train, outcome):
                notes = told(notes, name, outcomes)
                learned[name] = (outcome, constant(train, outcome))
                continue
            check = Table(checks.of(name), lesson(job, name, job.val, outcome.kind))
            grown = grow(train, check, outcome, name)
            if like is not None and name in like.learned:
                outcome = like.learned[name][0]
            learned[name] = (shifted(grown, train, check, outcome, job.val), grown)
        return cls(dense, learned, notes)

    def numbers(self, data: Prepared) -> Numbers:
        """Numbers of every row; rows that miss every input abstain."""
        matrices = Matrices(self.dense, data)
        values = {
            name: outcome.numbers(grown.say(matrices.of(name)))
            for name, (outcome, grown) in self.learned.items()
        }
        return Numbers(_questions.joined(values), answerable(data, self.dense.fields))

    def state(self) -> tuple[Facts, Arrays]:
        """Vocabularies, directions and trees."""
        told, arrays = self.dense.state()
        arrays = prefixed(arrays, "dense/")
        goals: Facts = {}
        for name, (outcome, grown) in self.learned.items():
            facts, own = grown.state()
            goals[name] = {"outcome": outcome.state(), "grown": facts}
            arrays |= prefixed(own, f"goals/{name}/")
        return {"dense": told, "goals": goals}, arrays

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays, parts: dict[str, Member] | None = None) -> Self:
        """The reverse of ``state``."""
        learned = {
            name: (
                Outcome.restore(told["outcome"]),
                Grown.restore(told["grown"], under(arrays, f"goals/{name}/")),
            )
            for name, told in facts["goals"].items()
        }
        return cls(Dense.restore(facts["dense"], under(arrays, "dense/")), learned)


class Matrices:
    """The dense columns of some rows, one matrix for all questions of several labels."""

    def __init__(self, dense: Dense, data: Prepared) -> None:
        self.dense, self.data = dense, data
        self.shared: NDArray[np.float32] | None = None

    def of(self, name: str) -> NDArray[np.float32]:
        """float32 (N, F) for one goal."""
        if not _questions.is_question(name):
            return self.dense.matrix(self.data, name)
        if self.shared is None:
            self.shared = self.dense.matrix(self.data, name)
        return self.shared


def own_columns(outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """The goals that have columns of their own (means of categories, words of texts): questions have none."""
    return {name: one for name, one in outcomes.items() if not _questions.is_question(name)}


def beyond(learned: Mapping[str, object], name: str) -> bool:
    """Whether a target's more common labels have taken all the trees that it gets."""
    return _questions.is_question(name) and _questions.count(learned, name) >= MOST_QUESTIONS


def told(notes: tuple[str, ...], name: str, outcomes: Mapping[str, Outcome]) -> tuple[str, ...]:
    """The notes, and that a goal has no trees; of several labels it is said once how many have."""
    target, many = _questions.of(name), _questions.count(outcomes, name)
    if not _questions.is_question(name):
        note = f"{name}: too few different answers for trees, so they say the mean"
    elif many > MOST_QUESTIONS:
        note = (
            f"{target}: its {MOST_QUESTIONS} most common labels have trees; of the others they say the share"
        )
    else:
        note = f"{target}: of labels that too few rows have trees say the share"
    return notes if note in notes else (*notes, note)


def shifted(grown: Grown, train: Table, check: Table, outcome: Outcome, rows: Rows) -> Outcome:
    """The outcome with the shift that its score asks for on the validation rows."""
    if not outcome.classes:
        return outcome
    kept = check.lesson.rows
    return outcome.shifted(grown.say(check.x[kept]), rows[kept], train.lesson.frequency(outcome.classes))
