"""Labels as cells: how they are read, counted and refused. Shared by the tasks that answer with a label."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sensorium.errors import DataError, nearest
from sensorium.media.cells import shown
from sensorium.table.packed import Cell
from sensorium.table.prepared import Target
from sensorium.tasks._base import RowName, also, plain

Label: TypeAlias = "bool | int | float | str"
Kind = Literal["bool", "int", "float", "text"]

MOST_LABELS = 1_000
SMALLEST = 1e-12
"""Probabilities are cut here before the logarithm."""


def softmax(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logits (N, K) -> probabilities (N, K)."""
    shifted = np.exp(numbers - numbers.max(1, keepdims=True))
    shares: NDArray[np.float64] = shifted / shifted.sum(1, keepdims=True)
    return shares


def log_shares(counts: NDArray[np.int64]) -> list[float]:
    """The log share of each label by its count (K,); a label that is not there counts as half a row."""
    kept = np.where(counts > 0, counts, 0.5)
    return [float(x) for x in np.log(kept / kept.sum())]


def whole_of(value: Cell) -> int | None:
    """The whole number that a value is, or that its text spells in the plain way (not ``03`` or ``+3``), or
    as a float (``3.0``), which is how whole numbers are written beside an empty cell."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        text = value.removesuffix(".0")
        digits = text.removeprefix("-")
        plainly = digits.isascii() and digits.isdigit() and len(digits) < 19
        return int(text) if plainly and str(int(text)) == text else None
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def kind_of(values: Sequence[Cell]) -> Kind:
    """What the labels of a column are."""
    if all(isinstance(v, bool) for v in values):
        return "bool"
    if all(whole_of(v) is not None for v in values):
        return "int"
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    return "float" if numeric else "text"


def label_of(value: Label, kind: Kind) -> Label:
    """The value as a label of this kind; one that does not fit stays text and is no known label."""
    if kind == "bool":
        known: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}
        return known.get(str(value).lower(), str(value))
    if kind == "int":
        whole = int(value) if isinstance(value, bool) else whole_of(value)
        return str(value) if whole is None else whole
    if kind == "float" and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            return str(value)
    whole = whole_of(value) if isinstance(value, float) else None
    return str(value if whole is None else whole)


def real_labels(cells: Sequence[Cell], where: str, row: RowName) -> list[Label]:
    """The labels of the cells that are not missing. Raises DataError where there is none, or none can be."""
    values = [usable(v, place, where, row) for place, c in enumerate(cells) if (v := plain(c)) is not None]
    if not values:
        raise DataError(
            f"{where}: none of the {len(cells)} training rows has a label. "
            "Fill the column, or choose another target."
        )
    return values


def usable(value: Cell, place: int, where: str, row: RowName) -> Label:
    """The plain cell, if it can be a label. Raises DataError naming the row."""
    if isinstance(value, bool | int | str) or (isinstance(value, float) and np.isfinite(value)):
        return value
    raise DataError(
        f"{where}, {row(place)}: expected a label (text, a whole number or yes/no), got {shown(value)}. "
        "Correct the cell, or choose another target or task."
    )


def check_number(labels: Sequence[Label], rows: int, kind: Kind, where: str) -> None:
    """Raises DataError for one label, and for more than rows can teach."""
    if len(labels) == 1:
        raise DataError(
            f"{where}: all {rows} labels of the training rows are {shown(labels[0])}, so there is nothing to "
            "learn. Choose another target, or add rows with another label."
        )
    if len(labels) > MOST_LABELS or (len(labels) > 2 and len(labels) > rows / 2):
        remedy = "Merge rare labels, or choose another target"
        number = "if the cells are numbers, use the task regress"
        if kind in ("int", "float"):
            remedy, number = "The cells are numbers: use the task regress", "or merge rare labels"
        raise DataError(
            f"{where}: {len(labels)} different labels in {rows} training rows are too many: "
            f"at most {MOST_LABELS}, and at most half as many as rows. {remedy}; {number}."
        )


def class_numbers(
    cells: Sequence[Cell],
    labels: Sequence[Label],
    kind: Kind,
    where: str,
    row: RowName,
    unseen: tuple[str, str],
) -> Target:
    """Cells as class numbers int64 (N,), places among the labels; missing cells are masked.

    unseen: of a label that is not among them, where it is not, and what to do; it raises DataError.
    """
    index = {label: number for number, label in enumerate(labels)}
    values, mask = np.zeros(len(cells), np.int64), np.zeros(len(cells), bool)
    strange: list[tuple[int, Label]] = []
    for place, cell in enumerate(cells):
        value = plain(cell)
        if value is None:
            continue
        label = label_of(usable(value, place, where, row), kind)
        mask[place] = label in index
        values[place] = index.get(label, 0)
        if not mask[place]:
            strange.append((place, label))
    if strange:
        raise _unseen(strange, index, f"{where}, {row(strange[0][0])}", unseen)
    return Target(values, mask)


def _unseen(
    found: Sequence[tuple[int, Label]], index: Mapping[Label, int], where: str, unseen: tuple[str, str]
) -> DataError:
    label = found[0][1]
    names = [str(name) for name in index]
    known = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return DataError(
        f"{where}: the label {shown(label)} is {unseen[0]}."
        f"{nearest(str(label), names)} Known: {known}.{also(len(found) - 1)} "
        f"Correct the cell, empty it, or {unseen[1]}."
    )
