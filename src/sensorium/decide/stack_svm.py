from typing import Annotated

import numpy as np
from pydantic import Field

from sensorium import seeds
from sensorium.decide._base import Known
from sensorium.decide._stack import Fitted, Reads, Stacked
from sensorium.decide._support import Kernel, Lessons, Support, fit
from sensorium.members._base import Arrays
from sensorium.members._grown import Table
from sensorium.members._outcome import Outcome
from sensorium.types import Facts


class StackSvm(Stacked):
    """A support vector machine on what the members say (stacking; Wolpert 1992; Cortes and Vapnik 1995).

    Classes against the rest, their outputs made probabilities by sigmoids that are fitted out of fold (Platt
    1999); numbers by support vector regression. Columns are standardised; gamma is 1 / (columns x variance).

    Choices:
        inverse: The inverse of the penalty (C): large ones follow single rows.
        kernel: rbf, or linear.
        rows: At most this many rows are learned from, drawn: time grows with their square.
        reads: Probabilities (shares) or their logarithms (logs).
        hide: The share of rows that are learned from a second time with some members silent.
    """

    kinds = ("classify", "regress")

    def __init__(
        self,
        *,
        inverse: Annotated[float, Field(gt=0)] = 1.0,
        kernel: Kernel = "rbf",
        rows: Annotated[int, Field(ge=2)] = 4_000,
        reads: Reads = "shares",
        hide: Annotated[float, Field(ge=0, le=1)] = 0.3,
    ) -> None:
        super().__init__(reads, hide)
        self.inverse, self.kernel, self.rows = inverse, kernel, rows

    def learn(self, table: Table, outcome: Outcome, known: Known) -> Fitted:
        rng, number = seeds.generator(known.seed, "stack svm"), len(table.x)
        some = np.arange(number)
        if number > self.rows:
            some = np.sort(rng.choice(number, self.rows, replace=False))
        lessons = Lessons(
            table.x[some], table.lesson.values[some], table.lesson.weight[some], known.rows[some]
        )
        return fit(lessons, outcome.classes, self.inverse, self.kernel, rng)

    def restored(self, facts: Facts, arrays: Arrays) -> Fitted:
        return Support.restore(facts, arrays)
