"""Linear models on raw columns: often the ones to beat on small tables and on text.

Letters: N rows, W numbers a row.
"""

from collections.abc import Mapping
from typing import Annotated, Self

import numpy as np
from pydantic import Field as Limit

from sensorium import seeds
from sensorium.members import _linear
from sensorium.members._base import Arrays, Job, Member, Numbers
from sensorium.members._columns import answerable, copies, sampled, with_copies
from sensorium.members._outcome import Outcome, lesson
from sensorium.members._terms import prefixed, under
from sensorium.members._wide import Wide
from sensorium.table.prepared import Prepared
from sensorium.types import Facts

COEFFICIENTS = 20_000_000
"""At most this many in one vocabulary's block: many classes shorten the vocabulary."""


class Linear(Member):
    """Logistic or ridge regression on standardised numbers, one-of-many categories and TF-IDF of texts.

    TF-IDF reads words 1-2 and characters 2-5 inside words. The penalty, and a shift of the classes'
    log-probabilities where the score asks for one, are chosen on validation rows.
    """

    def __init__(
        self, wide: Wide, learned: Mapping[str, tuple[Outcome, _linear.Linear]], notes: tuple[str, ...] = ()
    ) -> None:
        self.wide, self.learned, self.notes = wide, dict(learned), notes
        self.inputs = tuple(f.name for f in wide.fields)

    @classmethod
    def fit(
        cls,
        job: Job,
        *,
        terms: Annotated[int, Limit(ge=1)] = 100_000,
        hide: Annotated[float, Limit(ge=0, le=1)] = 0.3,
        rows: Annotated[int, Limit(ge=2)] = 100_000,
    ) -> Self:
        """Fit every goal that has a linear form; the others are left out.

        terms: at most this many words, and as many pieces of words, of each text.
        hide: the share of rows that are learned from a second time with some inputs missing.
        rows: at most this many training rows, sampled.
        """
        chosen, notes = sampled(job, rows)
        data, check = job.data.rows(chosen), job.data.rows(job.val)
        outcomes = {n: o for n, goal in job.goals.items() if (o := Outcome.of(goal)) is not None}
        widest = max((o.classes for o in outcomes.values()), default=1)
        wide = Wide.fit(job.fields, data, min(terms, max(1000, COEFFICIENTS // max(1, widest))))
        extra, hidden = copies(data, job.fields, hide, seeds.generator(job.seed, "linear hide"))
        matrix = wide.matrix(with_copies(data, job.fields, extra, hidden))
        every, checks = np.concatenate([chosen, chosen[extra]]), wide.matrix(check)
        learned = {}
        for name, outcome in outcomes.items():
            known = lesson(job, name, every, outcome.kind)
            strengths = _linear.INVERSE if outcome.classes else _linear.PENALTIES
            kept = np.flatnonzero(job.data.targets[name].mask[job.val])
            checked = _linear.Checked(checks[kept], job.val[kept])
            model, outcome = _linear.fit(matrix[known.rows], known, outcome, checked, strengths)
            learned[name] = (outcome, model)
            if not model.converged:
                notes = (*notes, f"{name}: the linear model stopped before its solver converged")
        return cls(wide, learned, notes)

    def numbers(self, data: Prepared) -> Numbers:
        """Numbers of every row; rows that miss every input abstain."""
        matrix = self.wide.matrix(data)
        values = {n: outcome.numbers(model.say(matrix)) for n, (outcome, model) in self.learned.items()}
        return Numbers(values, answerable(data, self.wide.fields))

    def state(self) -> tuple[Facts, Arrays]:
        """Vocabularies and coefficients."""
        told, arrays = self.wide.state()
        arrays = prefixed(arrays, "wide/")
        goals: Facts = {}
        for name, (outcome, model) in self.learned.items():
            goals[name] = outcome.state()
            arrays |= prefixed(model.state(), f"goals/{name}/")
        return {"wide": told, "goals": goals}, arrays

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays, parts: dict[str, Member] | None = None) -> Self:  # noqa: ARG003
        """The reverse of ``state``."""
        wide = Wide.restore(facts["wide"], under(arrays, "wide/"))
        learned = {
            name: (Outcome.restore(told), _linear.Linear.restore(under(arrays, f"goals/{name}/")))
            for name, told in facts["goals"].items()
        }
        return cls(wide, learned)
