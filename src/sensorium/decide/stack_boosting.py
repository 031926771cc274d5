from typing import Annotated

import numpy as np
from pydantic import Field

from sensorium import seeds
from sensorium.decide._base import Known
from sensorium.decide._stack import Fitted, Reads, Stacked
from sensorium.members._base import Arrays
from sensorium.members._grown import Boosting, Grown, Table, boosted
from sensorium.members._outcome import Lesson, Outcome
from sensorium.types import Facts


class StackBoosting(Stacked):
    """Gradient boosting on what the members say (stacking; Wolpert 1992; Friedman 2001).

    All rows are learned from: the number of steps is chosen, not found, and few and slow ones are usual, for
    members' answers are few columns that already know much.

    Choices:
        steps: Trees that are added, of each class.
        rate: The share of each tree that is added.
        leaves: At most this many leaves of a tree; 2 keeps members from being weighed by what others say.
        reads: Probabilities (shares) or their logarithms (logs).
        hide: The share of rows that are learned from a second time with some members silent.
    """

    kinds = ("classify", "regress")

    def __init__(
        self,
        *,
        steps: Annotated[int, Field(ge=1)] = 60,
        rate: Annotated[float, Field(gt=0, le=1)] = 0.1,
        leaves: Annotated[int, Field(ge=2)] = 6,
        reads: Reads = "shares",
        hide: Annotated[float, Field(ge=0, le=1)] = 0.3,
    ) -> None:
        super().__init__(reads, hide)
        self.steps, self.rate, self.leaves = steps, rate, leaves

    def learn(self, table: Table, outcome: Outcome, known: Known) -> Fitted:
        how = Boosting(self.rate, self.steps, self.leaves, share=1.0, patience=self.steps)
        none = Lesson(np.zeros(0, np.int64), table.lesson.values[:0], np.zeros(0))
        seed = seeds.number(known.seed, "stack boosting")
        return boosted(table, Table(table.x[:0], none), outcome, 0, how, seed)

    def restored(self, facts: Facts, arrays: Arrays) -> Fitted:
        return Grown.restore(facts, arrays)
