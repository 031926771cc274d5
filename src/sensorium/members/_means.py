"""What the target was among the rows of each category: a column for trees, out-of-fold for training rows.

Smoothed means of the target by category (Micci-Barreca, A preprocessing scheme for high-cardinality
categorical attributes, SIGKDD Explorations 2001, equation 4).

Letters: n rows, F features, S codes, O columns.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sensorium.members._base import Arrays, Floats, Job, Rows
from sensorium.members._columns import codes_of, folded
from sensorium.members._outcome import Lesson, Outcome, lesson
from sensorium.table.field import Field

WEIGHT = 5.0
"""Rows that the mean of all counts for in the mean of a category."""
MOST_COLUMNS = 60
"""Features times classes above which categories have no means."""
FEWEST, FEWEST_CODES = 40, 3
"""Rows, and categories of a feature, below which a mean says nothing that the category does not."""


@dataclass(frozen=True)
class Means:
    """One field of codes, one target. table: float32 (F, S, O), the mean of each code; 0 is unknown: of all.

    used: the features that have means.
    """

    table: NDArray[np.float32]
    used: tuple[int, ...]

    def columns(self, codes: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32 (n, F x O) for codes (n, all features); NaN where a code is missing."""
        found = [np.zeros((len(codes), 0), np.float32)]
        for place, feature in enumerate(self.used):
            code = codes[:, feature]
            values = self.table[place][np.clip(code, 0, self.table.shape[1] - 1)]
            found.append(np.where(code[:, None] < 0, np.float32(np.nan), values))
        return np.concatenate(found, axis=1)

    def state(self) -> Arrays:
        """The arrays by name."""
        return {"table": self.table, "used": np.array(self.used, np.int64)}

    @classmethod
    def restore(cls, arrays: Arrays) -> Self:
        """The reverse of ``state``."""
        return cls(arrays["table"].astype(np.float32), tuple(arrays["used"].tolist()))


def means_of(
    job: Job, chosen: Rows, field: Field, goal: str, outcome: Outcome, folds: int
) -> tuple[Means, Floats] | None:
    """The means of all chosen rows, and what each is told by the folds that it is not in (n, F x O).

    None where there is too little to learn them from, or too many classes.
    """
    outputs = outcome.classes - 1 if outcome.classes == 2 else max(1, outcome.classes)
    known = lesson(job, goal, chosen, outcome.kind)
    used = tuple(place for place, size in enumerate(field.sizes) if size - 1 >= FEWEST_CODES)
    if not used or len(used) * outputs > MOST_COLUMNS or len(known.rows) < FEWEST:
        return None
    groups = folded(job, chosen, folds, f"means {field.name}")
    if len(np.unique(groups[known.rows])) < folds:
        return None
    codes = codes_of(job.data.rows(chosen), field)
    size = max(field.sizes[place] for place in used)
    every = Means(_table(codes, known, outcome, used, size), used)
    held = np.zeros((len(chosen), len(used) * outputs))
    for fold in range(folds):
        here = groups == fold
        kept = ~here[known.rows]
        part = Lesson(known.rows[kept], known.values[kept], known.weight[kept])
        held[here] = Means(_table(codes, part, outcome, used, size), used).columns(codes[here])
    return every, held


def _table(
    codes: NDArray[np.int64], known: Lesson, outcome: Outcome, used: tuple[int, ...], size: int
) -> NDArray[np.float32]:
    """float32 (F, S, O): for each code (sum of its rows + WEIGHT x mean of all) / (its rows + WEIGHT)."""
    weight = np.asarray(known.weight, np.float64)
    if outcome.classes:
        answers = np.eye(outcome.classes)[known.values.astype(np.int64)]
        answers = answers[:, 1:] if outcome.classes == 2 else answers
    else:
        answers = known.values.astype(np.float64)[:, None]
    total = (answers * weight[:, None]).sum(0) / max(weight.sum(), 1e-12)
    made = np.empty((len(used), size, answers.shape[1]))
    for place, feature in enumerate(used):
        code = codes[known.rows, feature]
        real = code > 0
        rows = np.bincount(code[real], weight[real], size)
        for one in range(answers.shape[1]):
            sums = np.bincount(code[real], weight[real] * answers[real, one], size)
            made[place, :, one] = (sums + WEIGHT * total[one]) / (rows + WEIGHT)
    return made.astype(np.float32)
