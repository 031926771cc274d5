"""A stand of averaged trees whose leaves' size is chosen on validation rows."""

from collections.abc import Sequence

from sensorium import seeds
from sensorium.members._base import Job
from sensorium.members._grown import Grown, Table, averaged
from sensorium.members._outcome import Outcome
from sensorium.members._wood import shifted

TRIED = 50
"""Trees of a try."""
LEAVES, NUMBERS = 1500, 20_000_000
"""A tree has at most so many leaves, and all leaves together so many numbers: a bundle stays small."""


def stand(
    train: Table,
    check: Table,
    outcome: Outcome,
    job: Job,
    name: str,
    trees: int,
    tries: Sequence[int],
    share: float,
) -> Grown:
    """``trees`` trees with the best of the tried leaf sizes by the outcome's score on the validation rows."""
    seed = seeds.number(job.seed, f"forest {name}")
    leaves = max(2, min(LEAVES, NUMBERS // (trees * max(1, outcome.classes))))
    floor = -(-len(train.lesson.rows) // leaves)
    sizes = sorted({max(size, floor) for size in tries})
    if outcome.goal.score is None or not len(check.lesson.rows) or len(sizes) == 1:
        return averaged(train, outcome, trees, sizes[len(sizes) // 2], share, seed)
    rows = check.lesson.rows
    scores = []
    for size in sizes:
        grown = averaged(train, outcome, min(TRIED, trees), size, share, seed)
        fitted = shifted(grown, train, check, outcome, job.val)
        scores.append(fitted.score(grown.say(check.x[rows]), job.val[rows]))
    best = max(range(len(sizes)), key=lambda i: scores[i])
    return averaged(train, outcome, trees, sizes[best], share, seed)
