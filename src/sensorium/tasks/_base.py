"""What a task is: everything peculiar to one kind of answer. The mirror of a modality."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sensorium.media.cells import is_missing
from sensorium.media.numbers import parse, style_of
from sensorium.table.packed import Cell
from sensorium.table.prepared import Target
from sensorium.types import Arrays, Facts, Json

NUMERIC, MANY = 0.95, 20
"""A target is numeric when this share of its cells is, and more than so many of them are different."""

RowName: TypeAlias = Callable[[int], str]
Good: TypeAlias = Callable[[NDArray[np.generic], NDArray[np.float64], NDArray[np.float64]], float]
"""Truth, answers and weights of some rows -> how good the answers are by the score that is asked."""


def row_name(place: int) -> str:
    """``row 1`` is the first one."""
    return f"row {place + 1}"


class Task(ABC):
    """From a decoder's numbers to answers and back. The constructor takes only choices, after ``*``.

    *Numbers* (N, W) are what every member gives (logits; standardised values); they are comparable
    between members, so that ``combine`` can average them. *Answers* are what metrics read
    (probabilities; values in units). *Cells* are JSON for people and files.
    """

    default_decoder: ClassVar[str]
    losses: ClassVar[tuple[str, ...]]
    """Losses that fit; the first is the default."""
    metrics: ClassVar[tuple[str, ...]]
    """Metrics that are reported; the first is the default ``score`` (selection metric)."""
    trees: ClassVar[Literal["classify", "regress", "labels"] | None] = None
    """How scikit-learn learners see the target; None: a rung that this task cannot climb.

    labels: values (N, K) of 0 and 1, each a yes/no question of its own (``members/_questions.py``)."""
    settles: ClassVar[bool] = False
    """Whether ``levels`` says anything: then a mix of one member, too, is more than that member."""

    @classmethod
    @abstractmethod
    def sniff(cls, cells: Sequence[Cell]) -> float:
        """How much a target column (missing cells left out) looks like this task's, 0 to 1."""

    @classmethod
    @abstractmethod
    def fake(cls, rng: np.random.Generator, rows: int) -> list[Cell]: ...

    @abstractmethod
    def fit(self, cells: Sequence[Cell], where: str, row: RowName = row_name) -> Facts:
        """Facts of the target from training cells: ``width`` (W) and ``prior`` (W numbers) among them.

        row: how messages call the row of a cell, from its place among ``cells``.
        Raises DataError naming ``where`` when nothing can be learned (one class, no real cell).
        """

    @abstractmethod
    def target(self, cells: Sequence[Cell], facts: Facts, where: str, row: RowName = row_name) -> Target:
        """Cells as arrays; a missing cell is masked; an unseen label raises DataError naming the row."""

    @abstractmethod
    def perfect(self, target: Arrays, facts: Facts) -> Tensor:
        """Numbers (B, W) that answer ``target`` exactly: the contract tests use it."""

    @abstractmethod
    def truth(self, target: Target, facts: Facts) -> NDArray[np.generic]:
        """What metrics compare with: (N,) class numbers, or values in units. Masked rows hold anything."""

    @abstractmethod
    def answers(self, numbers: NDArray[np.float64], facts: Facts) -> NDArray[np.float64]:
        """Numbers (N, W) -> what metrics read: probabilities (N, K), or values in units (N,)."""

    @abstractmethod
    def numbers(self, answers: NDArray[np.float64], facts: Facts) -> NDArray[np.float64]:
        """The reverse: what a scikit-learn learner says as numbers (N, W).

        It says probabilities (N, K), or standardised values (N,)."""

    @abstractmethod
    def combine(
        self, numbers: Sequence[NDArray[np.float64]], weights: Sequence[NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Several members' numbers (N, W), each with row weights (N,) >= 0 (0: it abstains), as one."""

    @abstractmethod
    def tempered(self, numbers: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
        """Numbers (N, W) made surer (below 1) or less sure (above 1); the best answer stays the same."""

    @abstractmethod
    def cells(self, numbers: NDArray[np.float64], facts: Facts, name: str) -> list[dict[str, Json]]:
        """Answers as one JSON object a row: ``{name: label, name.p.<class>: ...}``."""

    def shares(self, numbers: NDArray[np.float64], facts: Facts) -> NDArray[np.float64]:
        """What people are told of how probable each answer is: as ``answers``, unless levels moved these."""
        return self.answers(numbers, facts)

    def levels(
        self, numbers: NDArray[np.float64], target: Target, weight: NDArray[np.float64], good: Good
    ) -> list[float]:
        """What to add to a mix's numbers (n, W) so that its answers score best, by validation rows that all
        have a true cell; empty: nothing. ``train/level.py`` asks, and the ensemble keeps it."""
        return []

    def leveled(self, facts: Facts, levels: Sequence[float]) -> Facts:
        """The facts of answers whose numbers ``levels`` moved; they ship."""
        return facts

    def settle(
        self, numbers: NDArray[np.float64], target: Target, gaps: NDArray[np.int64],
        weight: NDArray[np.float64], facts: Facts,
    ) -> Facts:  # fmt: skip
        """What answers still need, by what was said of rows that nobody learned from: facts to add.

        numbers (n, W), of rows that all have a true cell. gaps (n,): 0 where every cell that is read is real,
        1 where some are missing, 2 where none is real. ``train/settle.py`` asks once members are chosen.
        """
        return {}

    def band(
        self, numbers: NDArray[np.float64], gaps: NDArray[np.int64], facts: Facts
    ) -> NDArray[np.float64] | None:
        """(N, 2): between which values each truth is said to lie; None where nothing of it was settled."""
        return None

    def notes(self, facts: Facts) -> tuple[str, ...]:
        """What people should know of how the target's cells were read."""
        return ()

    @abstractmethod
    def baseline(self, target: Target, facts: Facts) -> list[float]:
        """The constant numbers (W,) that answer best without any input: the prior."""


def plain(cell: Cell) -> Cell:
    """The cell as plain Python: numpy scalars unwrapped, text stripped; None when it is missing.

    Missing are None, NaN, the missing values of pandas, and text of white space only.
    """
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, str):
        return cell.strip() or None
    return None if is_missing(cell) or type(cell).__name__ in ("NAType", "NaTType") else cell


def mixed(
    parts: Sequence[NDArray[np.float64]], weights: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weighted mean (N, W) of members' (N, W), and the weight (N,) it rests on; 0 where that is 0."""
    total = np.sum(weights, axis=0)
    safe = np.where(total > 0, total, 1.0)
    mean = np.zeros_like(parts[0])
    for part, weight in zip(parts, weights, strict=True):
        share = (weight / safe)[:, None]
        mean += np.where(share > 0, share * np.where(share > 0, part, 0.0), 0.0)
    return mean, total


def number_share(values: Sequence[Cell]) -> tuple[NDArray[np.float64], float]:
    """The finite numbers (N,) that some plain cells spell, and the share of cells that are numbers or
    infinite."""
    numbers, reasons = parse(values, style_of(values))
    infinite = sum(infinite_cell(values[place]) for place in reasons)
    real = numbers[np.isfinite(numbers)]
    return real, (len(real) + infinite) / max(1, len(values))


def infinite_cell(cell: Cell) -> bool:
    """Whether a cell is an infinite number."""
    if isinstance(cell, str):
        return cell.lower().lstrip("+-") in ("inf", "infinity")
    return isinstance(cell, float) and bool(np.isinf(cell))


def also(others: int) -> str:
    """`` The same holds for 2 more rows.``, or nothing."""
    return f" The same holds for {others} more {'row' if others == 1 else 'rows'}." if others else ""
