"""What the stacking rules share: what members say as columns of a learner, and rows with members hidden.

Wolpert, Stacked generalization, Neural Networks 5(2), 1992. Letters: M members, N rows, n rows that are
learned from, C columns a member, F columns, K classes.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.decide._base import Known, Learned, Voices
from sensorium.members._base import Arrays, Floats
from sensorium.members._grown import Grown, Table, constant, learnable
from sensorium.members._outcome import Lesson, Outcome
from sensorium.members._terms import prefixed, under
from sensorium.types import Facts

Reads = Literal["shares", "logs"]
DRAWS = 8
"""How often a row whose drawn members would all be hidden, or none, is drawn again."""


class Fitted(Protocol):
    """A learner of one target, kept as JSON and arrays."""

    def say(self, x: NDArray[np.float32]) -> Floats:
        """Log-probabilities (N, K) up to a constant, or values (N, 1), for columns (N, F)."""

    def state(self) -> tuple[Facts, Arrays]:
        """What ``restore`` needs."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a learner: C of each member, then a mark for each member, 1 where it abstains.

    names: the M members. reads: probabilities, or their logarithms less their mean; a number is itself.
    stand: (M, C), what stands where a member abstains: the mean of what it said of the rows that were learned
    from.
    """

    names: tuple[str, ...]
    reads: Reads
    stand: Floats

    @classmethod
    def fit(cls, voices: Voices, known: Known, reads: Reads) -> Self:
        """Learn the stand-ins. A member that answers none of the rows is stood for by the prior."""
        said = _read(voices, reads)
        weight = voices.answered * known.weight
        total = weight.sum(1)
        mean = np.einsum("mnc,mn->mc", said, weight) / np.maximum(total, 1e-12)[:, None]
        nothing = _read(voices.hiding(np.ones_like(voices.answered)), reads).mean(1)
        return cls(voices.names, reads, np.where(total[:, None] > 0, mean, nothing))

    def matrix(self, voices: Voices) -> NDArray[np.float32]:
        """float32 (N, F), F = M C + M."""
        heard = voices.ordered(self.names)
        said = np.where(heard.answered[:, :, None], _read(heard, self.reads), self.stand[:, None])
        marks = (~heard.answered).T.astype(np.float64)
        wide = said.transpose(1, 0, 2).reshape(said.shape[1], said.shape[0] * said.shape[2])
        return np.concatenate([wide, marks], 1).astype(np.float32)


def _read(voices: Voices, reads: Reads) -> Floats:
    """(M, N, C): what the learner reads."""
    if voices.goal.build().trees != "classify":
        return voices.values[:, :, :1]
    if reads == "shares":
        return voices.shares()
    logs = voices.logs()
    centred: Floats = logs - logs.mean(2, keepdims=True)
    return centred


def with_hidden(voices: Voices, known: Known, share: float) -> tuple[Voices, Known]:
    """The rows, and a share of them once more with some of their members silent, never all.

    So that the learner meets members that abstain though all of them answer the rows that it learns from.
    """
    rng, rows = seeds.generator(known.seed, "stack hide"), len(known.values)
    able = np.flatnonzero(voices.answered.sum(0) > 1)
    drawn = np.sort(rng.choice(able, min(len(able), round(share * rows)), replace=False))
    if not len(drawn):
        return voices, known
    some = voices.rows(drawn)
    gone = np.zeros_like(some.answered)
    for _ in range(DRAWS):
        again = ~(gone & some.answered).any(0) | ~(some.answered & ~gone).any(0)
        gone = np.where(again, rng.random(gone.shape) < 0.5, gone)
    gone &= (some.answered & ~gone).any(0)
    hidden = some.hiding(gone)
    both = Voices(
        voices.names,
        np.concatenate([voices.values, hidden.values], 1),
        np.concatenate([voices.answered, hidden.answered], 1),
        voices.goal,
    )
    places = np.concatenate([np.arange(rows), drawn])
    return both, Known(known.rows[places], known.values[places], known.weight[places], known.seed)


class Stacked(Learned):
    """A learner over what the members say. Extended by the family's rules, which say how to learn."""

    def __init__(self, reads: Reads, hide: float) -> None:
        self.reads: Reads = reads
        self.hide = hide
        self.columns: Columns | None = None
        self.fitted: Fitted | None = None

    @abstractmethod
    def learn(self, table: Table, outcome: Outcome, known: Known) -> Fitted:
        """Learn from columns float32 (n, F); there are two different answers at least."""

    @abstractmethod
    def restored(self, facts: Facts, arrays: Arrays) -> Fitted:
        """The reverse of the fitted learner's ``state``."""

    def fit(self, voices: Voices, known: Known) -> None:
        outcome = Outcome.of(voices.goal)
        assert outcome is not None, "the member that holds the rule checks kinds first"
        both, known = with_hidden(voices, known, self.hide)
        self.columns = Columns.fit(both, known, self.reads)
        values = known.values.astype(np.int64 if outcome.classes else np.float64)
        table = Table(self.columns.matrix(both), Lesson(np.arange(len(values)), values, known.weight))
        if learnable(table, outcome):
            self.fitted = self.learn(table, outcome, known)
        else:
            self.fitted = constant(table, outcome)

    def decide(self, voices: Voices) -> Floats:
        assert self.columns is not None, "a rule that learns is fitted before it decides"
        assert self.fitted is not None
        said = self.fitted.say(self.columns.matrix(voices))
        outcome = Outcome.of(voices.goal)
        assert outcome is not None
        return outcome.numbers(said)

    def state(self) -> tuple[Facts, Arrays]:
        assert self.columns is not None, "a rule that learns is fitted before it is kept"
        assert self.fitted is not None
        told, arrays = self.fitted.state()
        facts: Facts = {
            "names": list(self.columns.names), "reads": self.columns.reads,
            "constant": isinstance(self.fitted, Grown) and not len(self.fitted.trees.roots), "fitted": told,
        }  # fmt: skip
        return facts, {"stand": self.columns.stand, **prefixed(arrays, "fitted/")}

    def load(self, facts: Facts, arrays: Arrays) -> None:
        stand = arrays["stand"].astype(np.float64)
        self.columns = Columns(tuple(facts["names"]), facts["reads"], stand)
        kept = under(arrays, "fitted/")
        restored = Grown.restore if facts["constant"] else self.restored
        self.fitted = restored(facts["fitted"], kept)
