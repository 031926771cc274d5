"""Labels to look at again: those that learners contradict, and equal inputs with different labels.

Letters: n judged rows, K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sensorium.errors import DataError
from sensorium.inspect_held_out import HeldOut, held_out
from sensorium.store import Store
from sensorium.table import hashes
from sensorium.table.confident import Confident, confident
from sensorium.table.table import Table
from sensorium.types import Json

EXAMPLES = 12
MOST_LISTED = 10_000
"""Suspects that are kept, the most suspect ones."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row whose label is probably wrong. row: of the table. own: the share that learners give its label.

    share: what they give the label that they suggest.
    """

    row: int
    given: Json
    suggested: Json
    own: float
    share: float


@dataclass(frozen=True, slots=True)
class Clash:
    """Two rows with equal inputs and different labels."""

    first: int
    second: int
    labels: tuple[Json, Json]


@dataclass(frozen=True, slots=True)
class LabelErrors:
    """What was found of one target.

    judged: rows that learners judged; how: by whom, in words. agree: {learner: the share of labels that it
    says too}. suspects: the most suspect first; number: how many there are. moved: {(given, suggested): how
    many}. unsure: labels that learners are too unsure of to suggest them. clashes: rows with the inputs of
    another row and a different label: clashing of them, with examples. skipped: why nothing was judged.
    """

    target: str
    how: str = ""
    judged: int = 0
    agree: dict[str, float] | None = None
    suspects: tuple[Suspect, ...] = ()
    number: int = 0
    moved: dict[tuple[Json, Json], int] | None = None
    unsure: tuple[Json, ...] = ()
    clashing: int = 0
    clashes: tuple[Clash, ...] = ()
    skipped: str | None = None

    def to_dict(self, table: Table) -> dict[str, Json]:
        """As JSON; rows as messages call them."""
        agree: dict[str, Json] = dict(self.agree or {})
        moved: list[Json] = [
            {"given": given, "suggested": other, "rows": count}
            for (given, other), count in (self.moved or {}).items()
        ]
        suspects: list[Json] = [
            {"row": table.row_number(one.row), "given": one.given, "suggested": one.suggested,
             "own": one.own, "share": one.share}
            for one in self.suspects
        ]  # fmt: skip
        clashes: list[Json] = [
            {"rows": [table.row_number(one.first), table.row_number(one.second)], "labels": list(one.labels)}
            for one in self.clashes
        ]
        return {
            "target": self.target, "how": self.how, "judged": self.judged, "agree": agree,
            "number": self.number, "suspects": suspects, "moved": moved, "unsure": list(self.unsure),
            "clashing": self.clashing, "clashes": clashes, "skipped": self.skipped,
        }  # fmt: skip

    def warnings(self, table: Table) -> list[str]:
        """One sentence on suspected labels, one on clashes; none where there are none."""
        said = []
        if self.number:
            first = self.suspects[0]
            said.append(
                f"target {self.target!r}: {self.number:,} of {self.judged:,} labels are suspected "
                f"({100 * self.number / self.judged:.1f} %); the first, {table.row_number(first.row)}: given "
                f"{str(first.given)!r}, learners say {str(first.suggested)!r}."
            )
        if self.clashing:
            clash = self.clashes[0]
            rows = f"{table.row_number(clash.first)} and {table.row_number(clash.second)}"
            said.append(
                f"target {self.target!r}: {self.clashing:,} rows have the inputs of another row but another "
                f"label, for example {rows}: {str(clash.labels[0])!r} and {str(clash.labels[1])!r}."
            )
        return said


def label_errors(
    table: Table, target: str, inputs: Sequence[str], *, seed: int = 0, store: Store | None = None,
    judged: HeldOut | None = None,
) -> LabelErrors:  # fmt: skip
    """Search a column of labels for errors.

    inputs: the columns that rows are compared by. judged: what a trained run says of rows that it has not
    learned from; None: learners in folds (``held_out``).
    """
    clashing, clashes = _clashes(table, target, inputs)
    try:
        found = held_out(table, target, seed, store) if judged is None else judged
    except DataError as error:
        return LabelErrors(target, clashing=clashing, clashes=clashes, skipped=str(error))
    result = confident(list(found.said.values()), found.given)
    agree = {n: float((said.argmax(1) == found.given).mean()) for n, said in found.said.items()}
    unsure = tuple(label for label, sure in zip(found.labels, result.usable, strict=True) if not sure)
    return LabelErrors(
        target, found.how, len(found.rows), agree, _suspects(found, result), len(result.rows),
        _moved(found, result), unsure, clashing, clashes,
    )  # fmt: skip


def _suspects(found: HeldOut, result: Confident) -> tuple[Suspect, ...]:
    listed = zip(
        found.rows[result.rows].tolist(), found.given[result.rows].tolist(), result.suggested.tolist(),
        result.own.tolist(), (result.own + result.margin).tolist(), strict=True,
    )  # fmt: skip
    made = [Suspect(row, found.labels[i], found.labels[j], own, share) for row, i, j, own, share in listed]
    return tuple(made[:MOST_LISTED])


def _moved(found: HeldOut, result: Confident) -> dict[tuple[Json, Json], int]:
    pairs = np.stack([found.given[result.rows], result.suggested], 1)
    different, counts = np.unique(pairs, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {
        (found.labels[i], found.labels[j]): int(count)
        for (i, j), count in zip(different[order].tolist(), counts[order], strict=True)
    }


def _clashes(table: Table, target: str, inputs: Sequence[str]) -> tuple[int, tuple[Clash, ...]]:
    """How many rows have the inputs of another row and a different label, and some pairs of them."""
    label = table.codes(target)
    codes = [table.codes(name) for name in inputs]
    if not codes:
        return 0, ()
    rows = np.flatnonzero((label >= 0) & np.any([c >= 0 for c in codes], axis=0))
    mixed = hashes.combined(codes)[rows]
    order = np.lexsort((rows, mixed))
    rows, mixed = rows[order], mixed[order]
    starts = np.flatnonzero(np.diff(mixed, prepend=mixed[:1] + np.uint64(1)) != 0)
    several = [rows[a:b] for a, b in zip(starts, [*starts[1:], len(rows)], strict=True) if b - a > 1]
    clashing = [group for group in several if (label[group] != label[group[0]]).any()]
    pairs = [(int(g[0]), int(g[np.argmax(label[g] != label[g[0]])])) for g in clashing[:EXAMPLES]]
    made = []
    for one, other in pairs:
        cells = next(table.chunks(target, np.array([one, other])))
        made.append(Clash(one, other, (_plain(cells[0]), _plain(cells[1]))))
    return sum(map(len, clashing)), tuple(made)


def _plain(cell: object) -> Json:
    return cell if isinstance(cell, bool | int | float | str) else str(cell)
