from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from sensorium.table.packed import Cell
from sensorium.table.prepared import Target
from sensorium.tasks._base import MANY, NUMERIC, RowName, Task, mixed, number_share, plain, row_name
from sensorium.tasks._labels import (
    SMALLEST,
    check_number,
    class_numbers,
    kind_of,
    label_of,
    log_shares,
    real_labels,
    softmax,
)
from sensorium.types import Arrays, Facts, Json

UNSEEN = ("in no training row", "split the rows so that training sees the label")


class Classify(Task):
    """One of several labels: text, whole numbers or yes/no. Numbers are logits (N, K), answers probabilities.

    Text whose every cell is a whole number (``"3"`` or ``"3.0"``, not ``"03"``) is answered as whole numbers.
    """

    default_decoder = "linear"
    losses = ("cross_entropy", "focal_cross_entropy")
    metrics = (
        "accuracy",
        "balanced_accuracy",
        "f1_macro",
        "f1_weighted",
        "precision_macro",
        "recall_macro",
        "log_loss",
        "auroc",
        "average_precision",
        "mcc",
    )
    trees = "classify"

    @classmethod
    def sniff(cls, cells: Sequence[Cell]) -> float:
        values = [v for c in cells if (v := plain(c)) is not None]
        if not values or not all(isinstance(v, bool | int | float | str) for v in values):
            return 0.0
        distinct, many = len({str(v) for v in values}), len(values)
        if distinct <= 2:
            return 0.95
        numbers, share = number_share(values)
        if share < (NUMERIC if len(np.unique(numbers)) > MANY else 1.0):
            return 0.9 if many >= 2 * distinct else 0.3
        if (numbers != np.round(numbers)).any():
            return 0.02
        return 0.8 if distinct <= 20 and many >= 3 * distinct else 0.3

    @classmethod
    def fake(cls, rng: np.random.Generator, rows: int) -> list[Cell]:
        names = ["amber", "blue", "coral"]
        return [names[row % 3] for row in rng.permutation(rows)]

    def fit(self, cells: Sequence[Cell], where: str, row: RowName = row_name) -> Facts:
        """labels (sorted, in their own type), counts, kind, width, prior (log shares), missing (cells)."""
        values = real_labels(cells, where, row)
        kind = kind_of(values)
        counts = Counter(label_of(v, kind) for v in values)
        labels = sorted(counts, key=lambda label: (str(type(label)), label))
        check_number(labels, len(values), kind, where)
        numbers = [counts[label] for label in labels]
        return {
            "labels": labels,
            "counts": numbers,
            "kind": kind,
            "width": len(labels),
            "prior": log_shares(np.array(numbers)),
            "missing": len(cells) - len(values),
        }

    def target(self, cells: Sequence[Cell], facts: Facts, where: str, row: RowName = row_name) -> Target:
        return class_numbers(cells, facts["labels"], facts["kind"], where, row, UNSEEN)

    def perfect(self, target: Arrays, facts: Facts) -> Tensor:
        true_B = torch.where(target.mask, target.values, torch.zeros_like(target.values)).long()
        return 30.0 * functional.one_hot(true_B, facts["width"]).float()

    def truth(self, target: Target, facts: Facts) -> NDArray[np.generic]:
        return target.values

    def answers(self, numbers: NDArray[np.float64], facts: Facts) -> NDArray[np.float64]:
        return softmax(numbers)

    def numbers(self, answers: NDArray[np.float64], facts: Facts) -> NDArray[np.float64]:
        logits: NDArray[np.float64] = np.log(answers.clip(min=SMALLEST))
        return logits

    def combine(
        self, numbers: Sequence[NDArray[np.float64]], weights: Sequence[NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """log of the weighted mean of the members' probabilities; 0 for every class where all abstain."""
        shares, total = mixed([softmax(n) for n in numbers], weights)
        return np.where(total[:, None] > 0, np.log(shares.clip(min=SMALLEST)), 0.0)

    def tempered(self, numbers: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
        """Logits divided by the temperature (Guo et al., On calibration of modern neural networks, 2017)."""
        cooler: NDArray[np.float64] = numbers / temperature
        return cooler

    def cells(self, numbers: NDArray[np.float64], facts: Facts, name: str) -> list[dict[str, Json]]:
        """``{name: label, name.p.<label>: probability}``; the first of equally probable labels."""
        labels = facts["labels"]
        keys = [f"{name}.p.{label}" for label in labels]
        shares = softmax(numbers)
        return [
            {name: labels[best], **{key: float(f"{p:.9g}") for key, p in zip(keys, row, strict=True)}}
            for best, row in zip(shares.argmax(1).tolist(), shares.tolist(), strict=True)
        ]

    def baseline(self, target: Target, facts: Facts) -> list[float]:
        """The log share of each label; a label that is not there counts as half a row."""
        if not target.mask.any():
            prior: list[float] = facts["prior"]
            return prior
        return log_shares(np.bincount(target.values[target.mask].astype(np.int64), minlength=facts["width"]))
