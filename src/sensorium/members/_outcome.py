"""What a learner says of one target -> the task's numbers, with a shift that the score may ask for.

Letters: N rows, W numbers a row, K classes.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.members._base import Floats, Goal, Job, Rows, Score
from sensorium.types import Facts

SHIFTS = tuple(round(0.1 * i, 1) for i in range(11))
GAIN = 0.002
"""What a shift must add to the score before it is used: less is noise on a thousand rows."""
FEWEST = 4
"""Fewer validation rows have no two halves to fit and to check a shift."""
TINY = 1e-9


@dataclass(frozen=True)
class Outcome:
    """One target as a learner sees it. classes: K, or 0 for a number. shift: (K,) added to log-probabilities.

    A score that weighs rare classes more than log loss does (macro or weighted F1, balanced accuracy)
    is raised by lowering frequent classes: shift = -power x log frequency, with the power chosen on
    validation rows (Menon et al., Long-tail learning via logit adjustment, ICLR 2021, equation 9).
    """

    goal: Goal
    kind: Literal["classify", "regress"]
    classes: int
    shift: Floats

    @classmethod
    def of(cls, goal: Goal) -> Self | None:
        """The target without a shift; None when scikit-learn learners cannot learn it."""
        task = goal.build()
        if task.trees is None:
            return None
        if task.trees == "regress":
            return cls(goal, "regress", 0, np.zeros(0))
        classes = task.answers(goal.prior()[None], goal.facts).shape[1]
        return cls(goal, "classify", classes, np.zeros(classes))

    def numbers(self, said: Floats) -> Floats:
        """Log-probabilities (N, K) or standardised values (N, 1) -> numbers (N, W)."""
        task = self.goal.build()
        if self.kind == "regress":
            return task.numbers(said[:, 0], self.goal.facts)
        return task.numbers(softmax(said + self.shift), self.goal.facts)

    def shifted(self, said: Floats, rows: Rows, frequency: Floats) -> Self:
        """The same target with the shift whose score is best on one half of these validation rows.

        Only where it is better than none on the other half too, so that these rows stay fair to a score.
        """
        if self.kind == "regress" or self.goal.score is None or len(rows) < FEWEST:
            return self
        drawn = seeds.generator(0, "shift").permutation(len(rows))
        fit, check = np.sort(drawn[::2]), np.sort(drawn[1::2])
        tries = [self._with(-power * np.log(frequency)) for power in SHIFTS]
        values = np.array([t.score(said[fit], rows[fit]) for t in tries])
        near = np.convolve(np.pad(values, 1, mode="edge"), np.ones(3) / 3, mode="valid")
        best = tries[int(near.argmax())]
        if near.max() <= values[0] + GAIN or values[near.argmax()] <= values[0] + GAIN:
            return self
        helps = best.score(said[check], rows[check]) > self.score(said[check], rows[check])
        return best if helps else self

    def score(self, said: Floats, rows: Rows) -> float:
        """How good these words for these rows are by the goal's score, or by the likelihood without one."""
        if self.goal.score is None or not len(rows):
            return 0.0
        return rated(self.goal.score, self.numbers(said), rows)

    def _with(self, shift: Floats) -> Self:
        return type(self)(self.goal, self.kind, self.classes, shift)

    def state(self) -> Facts:
        """JSON for ``restore``."""
        facts: Facts = {
            "goal": self.goal.to_json(), "kind": self.kind, "classes": self.classes,
            "shift": self.shift.tolist(),
        }  # fmt: skip
        return facts

    @classmethod
    def restore(cls, facts: Facts) -> Self:
        """The reverse of ``state``."""
        shift = np.array(facts["shift"], np.float64)
        return cls(Goal.from_json(facts["goal"]), facts["kind"], facts["classes"], shift)


@dataclass(frozen=True, slots=True)
class Lesson:
    """The rows of one target that can be learned from. rows: places in the sample. weight: (n,), mean 1."""

    rows: Rows
    values: NDArray[np.generic]
    weight: Floats

    def frequency(self, classes: int) -> Floats:
        """(K,): the share of each class, at least half a row."""
        counts = np.bincount(self.values.astype(np.int64), self.weight, classes)
        kept: Floats = np.maximum(counts, 0.5) / max(1.0, counts.sum())
        return kept


def lesson(job: Job, name: str, rows: Rows, kind: Literal["classify", "regress"]) -> Lesson:
    """The target's values and weights at those of ``rows`` where it is not missing."""
    target = job.data.targets[name]
    kept = np.flatnonzero(target.mask[rows])
    values = target.values[rows[kept]]
    if kind == "classify":
        values = values.astype(np.int64)
    else:
        values = values.reshape(len(kept), int(np.prod(values.shape[1:])))[:, 0].astype(np.float64)
    weight = np.ones(len(kept)) if job.data.weight is None else job.data.weight[rows[kept]].astype(np.float64)
    return Lesson(kept, values, weight / max(TINY, float(weight.mean()) if len(kept) else 1.0))


def rated(score: Score, numbers: Floats, rows: Rows) -> float:
    """The score, or minus infinity where it is not defined."""
    value = score(numbers, rows)
    return value if np.isfinite(value) else -np.inf


def softmax(said: Floats) -> Floats:
    """Log-probabilities up to a constant -> probabilities."""
    raised = np.exp(said - said.max(1, keepdims=True))
    shares: Floats = raised / raised.sum(1, keepdims=True)
    return shares
