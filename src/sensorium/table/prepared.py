"""A prepared table: what members, the trainer and prediction read instead of cells."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sensorium.table.packed import PRESENT, Packed, absent
from sensorium.table.statistics import Statistics
from sensorium.table.texts import Texts


@dataclass(frozen=True, slots=True)
class Target:
    """One target column, made by its task. values: (N,) or (N, ...). mask: bool (N,), False where missing.

    notes: what to tell of cells that are read in part only.
    """

    values: NDArray[np.generic]
    mask: NDArray[np.bool_]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """The inputs of some rows of a table, ready for members.

    numbers: int64 (N,), the rows' places in the table, for messages. inputs: {input: its parts},
    one Packed for most, several for a group of media with shared weights. texts: {input: the cleaned
    strings (None: missing)} of text inputs, for members that read words. targets and weight are empty
    when answering. columns: {column: Packed}, the status of every single column, for
    ``<target>.missing`` and the counts that are told. statistics: {input: fixed records} where members
    without an encoder read something else than the encoder does (numbers about a signal).
    """

    numbers: NDArray[np.int64]
    inputs: dict[str, tuple[Packed, ...]]
    texts: dict[str, Sequence[str | None]] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)
    weight: NDArray[np.float64] | None = None
    columns: dict[str, Packed] = field(default_factory=dict)
    statistics: dict[str, Statistics] = field(default_factory=dict)

    def plain(self, name: str) -> tuple[Packed, ...]:
        """The input as fixed records of numbers or codes, for members without an encoder."""
        told = self.statistics.get(name)
        return self.inputs[name] if told is None else told.parts()

    def __len__(self) -> int:
        return len(self.numbers)

    def rows(self, rows: NDArray[np.int64]) -> "Prepared":
        """Some rows, in that order; media and texts are shared, not copied."""
        view = _Views(rows)
        return Prepared(
            self.numbers[rows],
            {n: tuple(view.of(p) for p in parts) for n, parts in self.inputs.items()},
            {n: _some(texts, rows) for n, texts in self.texts.items()},
            {n: Target(t.values[rows], t.mask[rows]) for n, t in self.targets.items()},
            None if self.weight is None else self.weight[rows],
            {n: view.of(p) for n, p in self.columns.items()},
            {n: told.rows(rows) for n, told in self.statistics.items()},
        )

    def present(self, name: str) -> NDArray[np.bool_]:
        """bool (N,): where the input has anything real."""
        found = np.zeros(len(self), bool)
        for part in self.inputs[name]:
            found |= part.row_status() == PRESENT
        return found

    def hiding(self, names: Sequence[str]) -> "Prepared":
        """The same rows with these inputs missing everywhere: for subsets and for the verdict."""
        gone = {n: tuple(absent(p) for p in self.inputs[n]) for n in names}
        texts = {n: [None] * len(self) if n in names else t for n, t in self.texts.items()}
        statistics = self.statistics | {n: self.statistics[n].hidden() for n in names if n in self.statistics}
        return Prepared(
            self.numbers, self.inputs | gone, texts, self.targets, self.weight, self.columns, statistics
        )


class _Views:
    """Columns with some of their rows; columns that share an index go on sharing one."""

    def __init__(self, rows: NDArray[np.int64]) -> None:
        self.rows = rows
        self.made: dict[int, NDArray[np.int64]] = {}

    def of(self, part: Packed) -> Packed:
        """The column with these rows."""
        known = id(part.index)
        if known not in self.made:
            self.made[known] = part.at(self.rows)
        return replace(part, index=self.made[known])


def _some(texts: Sequence[str | None], rows: NDArray[np.int64]) -> Sequence[str | None]:
    return texts.rows(rows) if isinstance(texts, Texts) else [texts[r] for r in rows.tolist()]
