"""Linear models on raw columns: often the ones to beat on small tables and on text.

Letters: N rows, W numbers a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import Field as Limit

from sensorium import seeds
from sensorium.members import _linear, _questions
from sensorium.members._base import Arrays, Floats, Job, Member, Numbers, Rows
from sensorium.members._columns import answerable, copies, patterns, sampled, usual, with_copies
from sensorium.members._outcome import Outcome, lesson
from sensorium.members._terms import prefixed, under
from sensorium.members._wide import Wide
from sensorium.table.prepared import Prepared
from sensorium.types import Facts

COEFFICIENTS = 1_500_000
"""At most this many in one vocabulary's block: many classes shorten the vocabulary.
The solver holds some 25 arrays of this size."""


PATHS = 10
"""Labels of one target, the most common ones, whose penalty is chosen; the others take the middle one."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One target: the model of the rows as they are, and the one for rows that miss something unusual."""

    outcome: Outcome
    whole: _linear.Linear
    parted: _linear.Linear | None

    def say(self, matrix: sp.csr_matrix, usual: NDArray[np.bool_]) -> Floats:
        said = self.whole.say(matrix)
        if self.parted is not None and not usual.all():
            said[~usual] = self.parted.say(matrix[~usual])
        return said


class Linear(Member):
    """Logistic or ridge regression on standardised numbers, one-of-many categories and TF-IDF of texts.

    TF-IDF reads words 1-2 and characters 2-5 inside words. The penalty, and a shift of the classes'
    log-probabilities where the score asks for one, are chosen on validation rows. Rows whose
    combination of missing inputs was rare in training are answered by a second model, which learned
    from copies with hidden inputs: one line for both is worse for complete rows (R2 of prices .87
    against .88), since what one input says twice must be halved. Of several labels a row each is a logistic
    regression of its own (one against the rest).
    """

    def __init__(
        self, wide: Wide, lines: Mapping[str, _Line], usual: NDArray[np.bool_], notes: tuple[str, ...] = ()
    ) -> None:
        self.wide, self.lines, self.usual, self.notes = wide, dict(lines), usual, notes
        self.inputs = tuple(dict.fromkeys(f.name for f in wide.fields))

    @classmethod
    def fit(
        cls,
        job: Job,
        *,
        terms: Annotated[int, Limit(ge=1)] = 100_000,
        hide: Annotated[float, Limit(ge=0, le=1)] = 0.5,
        rows: Annotated[int, Limit(ge=2)] = 100_000,
        like: Self | None = None,
    ) -> Self:
        """Fit every goal that has a linear form; the others are left out.

        terms: at most this many words, and as many pieces of words, of each text.
        hide: the share of rows that the second model learns from once more with some inputs missing; 0: no
            second model.
        rows: at most this many training rows, sampled.
        like: a fitted member whose penalties and shifts are taken; then no validation row is needed.
        """
        job = _questions.asked(job)
        chosen, notes = sampled(job, rows)
        data = job.data.rows(chosen)
        outcomes = {n: o for n, goal in job.goals.items() if (o := Outcome.of(goal)) is not None}
        widest = max((o.classes * _questions.count(outcomes, n) for n, o in outcomes.items()), default=1)
        wide = Wide.fit(job.fields, data, min(terms, max(1000, COEFFICIENTS // max(1, widest))))
        extra, hidden = copies(data, job.fields, hide, seeds.generator(job.seed, "linear hide"))
        both = wide.matrix(with_copies(data, job.fields, extra, hidden))
        checks, lines = wide.matrix(job.data.rows(job.val)), dict[str, _Line]()
        for name, outcome in outcomes.items():
            known = None if like is None else like.lines.get(name)
            told = _middle(lines, name) if known is None else known.whole.strength
            line = _whole(job, name, outcome, chosen, both[: len(chosen)], checks, known, told)
            if len(extra):
                every = np.concatenate([chosen, chosen[extra]])
                taught = lesson(job, name, every, outcome.kind)
                parted = _linear.single(both[taught.rows], taught, outcome, line.whole.strength)
                line = _Line(line.outcome, line.whole, parted)
            lines[name] = line
            if not all(m.converged for m in (line.whole, line.parted) if m is not None):
                note = f"{_questions.of(name)}: the linear model stopped before its solver converged"
                notes = notes if note in notes else (*notes, note)
        return cls(wide, lines, usual(patterns(data, job.fields)), notes)

    def numbers(self, data: Prepared) -> Numbers:
        """Numbers of every row; rows that miss every input abstain."""
        matrix, here = self.wide.matrix(data), patterns(data, self.wide.fields)
        known = (here[:, None, :] == self.usual[None]).all(2).any(1)
        values = {n: line.outcome.numbers(line.say(matrix, known)) for n, line in self.lines.items()}
        return Numbers(_questions.joined(values), answerable(data, self.wide.fields))

    def state(self) -> tuple[Facts, Arrays]:
        """Vocabularies and coefficients."""
        told, arrays = self.wide.state()
        arrays = prefixed(arrays, "wide/") | {"usual": self.usual}
        goals: Facts = {}
        for name, line in self.lines.items():
            goals[name] = {"outcome": line.outcome.state(), "parted": line.parted is not None}
            arrays |= prefixed(line.whole.state(), f"goals/{name}/whole/")
            if line.parted is not None:
                arrays |= prefixed(line.parted.state(), f"goals/{name}/parted/")
        return {"wide": told, "goals": goals}, arrays

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays, parts: dict[str, Member] | None = None) -> Self:
        """The reverse of ``state``."""
        lines = {}
        for name, told in facts["goals"].items():
            own = under(arrays, f"goals/{name}/")
            whole = _linear.Linear.restore(under(own, "whole/"))
            parted = _linear.Linear.restore(under(own, "parted/")) if told["parted"] else None
            lines[name] = _Line(Outcome.restore(told["outcome"]), whole, parted)
        return cls(Wide.restore(facts["wide"], under(arrays, "wide/")), lines, arrays["usual"].astype(bool))


def _middle(lines: Mapping[str, _Line], name: str) -> float | None:
    """The middle penalty of a target's labels, once those of the most common ones were chosen."""
    own = [line for n, line in lines.items() if _questions.of(n) == _questions.of(name)]
    known = sorted(line.whole.strength for line in own)
    return known[len(known) // 2] if len(known) >= PATHS else None


def _whole(
    job: Job,
    name: str,
    outcome: Outcome,
    chosen: Rows,
    matrix: sp.csr_matrix,
    checks: sp.csr_matrix,
    like: _Line | None,
    strength: float | None,
) -> _Line:
    """The best model of the rows as they are, and the target's shift; or with those of a known line.

    strength: the penalty that is known, or None: the best.
    """
    known = lesson(job, name, chosen, outcome.kind)
    if strength is not None:
        model = _linear.single(matrix[known.rows], known, outcome, strength)
        return _Line(outcome if like is None else like.outcome, model, None)
    kept = np.flatnonzero(job.data.targets[name].mask[job.val])
    checked = _linear.Checked(checks[kept], job.val[kept])
    strengths = _linear.INVERSE if outcome.classes else _linear.PENALTIES
    model, shifted = _linear.fit(matrix[known.rows], known, outcome, checked, strengths)
    return _Line(shifted, model, None)
