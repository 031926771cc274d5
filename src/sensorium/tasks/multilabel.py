from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import expit
from torch import Tensor

from sensorium.errors import DataError, nearest
from sensorium.media.cells import shown
from sensorium.table.packed import Cell
from sensorium.table.prepared import Target
from sensorium.tasks._base import Good, RowName, Task, also, mixed, row_name
from sensorium.tasks._sets import kept_labels, looks, sets_of, sign_between, table_of, whole
from sensorium.tasks._thresholds import settled
from sensorium.types import Arrays, Facts, Json

Floats = NDArray[np.float64]

SAID = 0.5
"""A label is said from this answer on."""
SMALLEST = 1e-12
"""Shares are cut here, and at 1 less this, before the logarithm of odds."""
FEW_ROWS = 200
"""Under so many training rows a label of a single row is kept."""


class Multilabel(Task):
    """Any number of labels a row, none too: lists, JSON lists, or texts as ``a;b`` whose sign is found.

    Numbers are logits (N, K), one yes/no question a label; answers are probabilities (N, K), from 0.5 on
    said: thresholds that validation rows settle are in the numbers, and cells tell the probability before.

    Choices:
        separator: the sign between the labels of a text; null: the one that the column's texts hold.
        most: labels that are learned, the most common first; the rest are left out, which is told.
        least: in how many training rows a label must be (from 200 rows on; else in one).
        unseen: what a label is that no training row has: tell (left out, counted and told) or error.
    """

    default_decoder = "linear"
    losses = ("binary_cross_entropy", "focal")
    metrics = (
        "f1_micro", "f1_macro_sets", "f1_samples", "mean_average_precision", "jaccard", "hamming_loss",
        "subset_accuracy",
    )  # fmt: skip
    trees, settles = "labels", True

    def __init__(
        self,
        *,
        separator: Annotated[str, Field(min_length=1, max_length=3)] | None = None,
        most: Annotated[int, Field(ge=1, le=10_000)] = 1000,
        least: Annotated[int, Field(ge=1)] = 2,
        unseen: Literal["tell", "error"] = "tell",
    ) -> None:
        self.separator, self.most, self.least, self.unseen = separator, most, least, unseen

    @classmethod
    def sniff(cls, cells: Sequence[Cell]) -> float:
        return looks(cells)

    @classmethod
    def fake(cls, rng: np.random.Generator, rows: int) -> list[Cell]:
        words = ["comedy", "crime", "drama", "history", "war"]
        there = rng.random((rows, len(words))) < 0.4
        return [[word for word, here in zip(words, row, strict=True) if here] for row in there]

    def fit(self, cells: Sequence[Cell], where: str, row: RowName = row_name) -> Facts:
        """labels (sorted), counts (cells that have each), rows, kind, width, prior (log odds), missing.

        empty: cells without a label; left_out: labels that are rare or beyond the most common; separator:
        the sign between labels.
        """
        separator = self.separator or sign_between(cells)
        sets = sets_of(cells, separator, where, row)
        real = [one for one in sets if one is not None]
        if not any(real):
            raise DataError(
                f"{where}: none of the {len(cells)} training rows has a label. "
                "Fill the column, or choose another target."
            )
        least = self.least if len(real) >= FEW_ROWS else 1
        labels, counts, left_out = kept_labels(real, self.most, least)
        if not labels:
            raise DataError(
                f"{where}: each of the {len(left_out)} labels is in fewer than {least} of the {len(real)} "
                "training rows, so none can be learned. Set least: 1, or merge labels."
            )
        if all(count == len(real) for count in counts):
            raise DataError(
                f"{where}: all {len(real)} training rows have the same labels, {shown(', '.join(labels))}, "
                "so there is nothing to learn. Choose another target, or add rows with other labels."
            )
        numbers = all(whole(label) is not None for label in labels)
        return {
            "labels": [whole(label) for label in labels] if numbers else labels,
            "counts": counts,
            "rows": len(real),
            "kind": "int" if numbers else "text",
            "width": len(labels),
            "prior": _log_odds(np.array(counts), len(real)),
            "missing": len(cells) - len(real),
            "empty": sum(not one for one in real),
            "left_out": left_out,
            "least": least,
            "separator": separator,
        }

    def target(self, cells: Sequence[Cell], facts: Facts, where: str, row: RowName = row_name) -> Target:
        sets = sets_of(cells, facts["separator"], where, row)
        index = {str(label): place for place, label in enumerate(facts["labels"])}
        values, unknown = table_of(sets, index)
        mask = np.array([one is not None for one in sets], bool)
        known = {*index, *facts["left_out"]}
        new = {label: rows for label, rows in unknown.items() if label not in known}
        if new and self.unseen == "error":
            rows = [place for place, one in enumerate(sets) if one and not one <= known]
            label = min((sets[rows[0]] or frozenset()) - known)
            raise _unseen(label, list(index), f"{where}, {row(rows[0])}", len(rows) - 1)
        return Target(values, mask, _told(new))

    def perfect(self, target: Arrays, facts: Facts) -> Tensor:
        true_BK = torch.where(target.mask[:, None], target.values, torch.zeros_like(target.values))
        return 60.0 * true_BK.float() - 30.0

    def truth(self, target: Target, facts: Facts) -> NDArray[np.generic]:
        return target.values

    def answers(self, numbers: Floats, facts: Facts) -> Floats:
        return _sigmoid(numbers)

    def shares(self, numbers: Floats, facts: Facts) -> Floats:
        """Probabilities (N, K) before thresholds were settled: 0.5 is even odds."""
        return _sigmoid(numbers - np.array(facts.get("levels", 0.0), np.float64))

    def numbers(self, answers: Floats, facts: Facts) -> Floats:
        kept = answers.clip(SMALLEST, 1 - SMALLEST)
        logits: Floats = np.log(kept) - np.log1p(-kept)
        return logits

    def combine(self, numbers: Sequence[Floats], weights: Sequence[Floats]) -> Floats:
        """Log odds of the weighted mean of the members' probabilities; 0 where all abstain."""
        shares, total = mixed([_sigmoid(n) for n in numbers], weights)
        return np.where(total[:, None] > 0, self.numbers(shares, {}), 0.0)

    def tempered(self, numbers: Floats, temperature: float) -> Floats:
        """Logits divided by the temperature: what is said stays."""
        cooler: Floats = numbers / temperature
        return cooler

    def levels(self, numbers: Floats, target: Target, weight: Floats, good: Good) -> list[float]:
        """Minus the log odds of each label's threshold, tuned for F1 (train/level.py)."""
        rng = np.random.default_rng(len(numbers))
        true = target.values.astype(bool)

        def judge(given: Floats, rows: NDArray[np.bool_]) -> float:
            return good(target.values[rows], _sigmoid(given), weight[rows])

        return settled(numbers, true, weight, judge, rng)

    def leveled(self, facts: Facts, levels: Sequence[float]) -> Facts:
        """The facts with ``thresholds``, one a label, and the prior moved as the numbers are."""
        moved = np.array(levels, np.float64)
        thresholds = [float(f"{x:.6g}") for x in _sigmoid(-moved)]
        prior = [float(x) for x in np.array(facts["prior"]) + moved]
        return facts | {"levels": list(levels), "thresholds": thresholds, "prior": prior}

    def cells(self, numbers: Floats, facts: Facts, name: str) -> list[dict[str, Json]]:
        """``{name: [labels], name.p.<label>: probability}``; a label is said from its threshold on."""
        labels = facts["labels"]
        keys = [f"{name}.p.{label}" for label in labels]
        found: list[dict[str, Json]] = []
        for said, row in zip(
            (_sigmoid(numbers) >= SAID).tolist(), self.shares(numbers, facts).tolist(), strict=True
        ):
            given: list[Json] = [label for label, yes in zip(labels, said, strict=True) if yes]
            shares = {key: float(f"{p:.9g}") for key, p in zip(keys, row, strict=True)}
            found.append({name: given, **shares})
        return found

    def notes(self, facts: Facts) -> tuple[str, ...]:
        told = []
        if gone := facts["left_out"]:
            one = "label is" if len(gone) == 1 else "labels are"
            told.append(
                f"{len(gone):,} more {one} too rare to be learned and left out of the truth (least, most): "
                f"{_some(gone)}"
            )
        if facts["empty"]:
            cell = "is an empty list: a row without any label, not a missing one"
            if facts["empty"] > 1:
                cell = "are empty lists: rows without any label, not missing ones"
            told.append(f"{facts['empty']:,} of its cells {cell}")
        return tuple(told)

    def baseline(self, target: Target, facts: Facts) -> list[float]:
        """The log odds of each label; one that no row, or every row, has counts as half a row off."""
        if not target.mask.any():
            prior: list[float] = facts["prior"]
            return prior
        return _log_odds(target.values[target.mask].astype(np.int64).sum(0), int(target.mask.sum()))


def _sigmoid(numbers: Floats) -> Floats:
    shares: Floats = expit(numbers)
    return shares


def _log_odds(counts: NDArray[np.int64], rows: int) -> list[float]:
    kept = np.clip(counts.astype(np.float64), 0.5, rows - 0.5)
    return [float(x) for x in np.log(kept) - np.log(rows - kept)]


def _some(labels: Sequence[str]) -> str:
    return ", ".join(map(repr, labels[:5])) + (f" and {len(labels) - 5} more" if len(labels) > 5 else "")


def _told(new: dict[str, int]) -> tuple[str, ...]:
    """What is told of labels that no training row has: {label: in how many cells it is}."""
    if not new:
        return ()
    times = sum(new.values())
    several = "time" if times == 1 else "times"
    names = sorted(new, key=lambda n: (-new[n], n))
    return (
        f"labels that no training row has are left out of the truth, {times:,} {several}: {_some(names)}",
    )


def _unseen(label: str, names: Sequence[str], where: str, others: int) -> DataError:
    known = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return DataError(
        f"{where}: the label {shown(label)} is in no training row."
        f"{nearest(label, names)} Known: {known}.{also(others)} "
        "Correct the cell, set unseen: tell, or split the rows so that training sees the label."
    )
