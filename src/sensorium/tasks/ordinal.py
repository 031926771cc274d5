from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from sensorium.errors import DataError, PlanError
from sensorium.media.cells import shown
from sensorium.table.packed import Cell
from sensorium.table.prepared import Target
from sensorium.tasks._base import RowName, Task, mixed, number_share, plain, row_name
from sensorium.tasks._labels import (
    SMALLEST,
    Kind,
    Label,
    check_number,
    class_numbers,
    kind_of,
    label_of,
    log_shares,
    real_labels,
)
from sensorium.types import Arrays, Facts, Json

Floats: TypeAlias = NDArray[np.float64]
Order = Annotated[tuple[int | float | str, ...], Field(min_length=2)]
How = Literal["plan", "numbers", "words"]

SURE = 30.0
MOST_NUMBERS, FEWEST_WORDS, MOST_TOLD = 20, 3, 12
"""Whole numbers that may be an order; words that tell one by themselves; labels that a note lists."""
SCALES = (
    "lowest/very low, low, medium/mid/middle/moderate/normal, high, highest/very high",
    "extra small/very small/xs, small/s, medium/mid/middle/m, large/big/l, extra large/very large/xl, xxl",
    "never, rarely/seldom, sometimes/occasionally, often/frequently, usually/mostly, always",
    "strongly disagree, disagree, neutral/neither/neither agree nor disagree, agree, strongly agree",
    "very dissatisfied, dissatisfied, neutral/neither, satisfied, very satisfied",
    "very unlikely, unlikely, neutral/neither, likely, very likely",
    "very poor/very bad, poor/bad, fair/average/ok, good, very good, excellent",
    "none, mild, moderate, severe, very severe/critical",
)
"""Words in an order that everybody knows; words of one step are written with a slash."""
STEPS = tuple(
    {word: step for step, words in enumerate(scale.split(", ")) for word in words.split("/")}
    for scale in SCALES
)


class Ordinal(Task):
    """One of several labels in an order. Numbers are conditional logits (N, K - 1), answers probabilities.

    Number k says how likely the answer lies above label k, where it is not below it; probabilities are
    their products (CORN: Shi, Cao and Raschka, Deep neural networks for rank-consistent ordinal regression
    based on conditional probabilities, 2021, equations 4 and 5) and sum to one whatever the numbers are.
    Any probabilities have such numbers, so that learners that say probabilities lose nothing. The answer is
    the most probable label.

    Choices:
        order: The labels from the least to the most; null: numbers by their size, and words whose order
            everybody knows (low, medium, high; never ... always; strongly disagree ... strongly agree).
    """

    default_decoder = "linear"
    losses = ("corn",)
    metrics = (
        "quadratic_weighted_kappa",
        "mae_ranks",
        "accuracy",
        "balanced_accuracy",
        "f1_macro",
        "log_loss",
        "auroc",
    )
    trees = "classify"

    def __init__(self, *, order: Order | None = None) -> None:
        names = [str(label) for label in order or ()]
        if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
            raise PlanError(
                f"order: {twice[0]!r} is listed {names.count(twice[0])} times; once is enough, from the "
                "least to the most."
            )
        self.order = order

    @classmethod
    def sniff(cls, cells: Sequence[Cell]) -> float:
        """High only for words whose order everybody knows; numbers in an order are classes or numbers too."""
        values = [v for c in cells if (v := plain(c)) is not None]
        if not values or not all(isinstance(v, int | float | str) for v in values):
            return 0.0
        labels = list(dict.fromkeys(str(v) for v in values))
        if len(values) >= 2 * len(labels) >= 2 * FEWEST_WORDS and _by_words(labels) is not None:
            return 0.93
        numbers, share = number_share(values)
        few = share == 1 and 2 < len(np.unique(numbers)) <= MOST_NUMBERS and len(numbers) == len(values)
        return 0.2 if few and len(values) >= 3 * len(labels) else 0.0

    @classmethod
    def fake(cls, rng: np.random.Generator, rows: int) -> list[Cell]:
        names = ["never", "rarely", "often", "always"]
        return [names[row % 4] for row in rng.permutation(rows)]

    def fit(self, cells: Sequence[Cell], where: str, row: RowName = row_name) -> Facts:
        """labels (in order, in their own type), counts, kind, how the order is known, width, prior, missing.

        Raises DataError too for labels that have no order, and for one that the plan's order lacks.
        """
        values = real_labels(cells, where, row)
        kind = kind_of([*values, *(self.order or ())])
        seen = list(dict.fromkeys(label_of(v, kind) for v in values))
        check_number(seen, len(values), kind, where)
        labels, how = self._ordered(seen, kind, where)
        target = class_numbers(cells, labels, kind, where, row, self._unseen())
        counts = np.bincount(target.values[target.mask].astype(np.int64), minlength=len(labels))
        return {
            "labels": labels,
            "counts": counts.tolist(),
            "kind": kind,
            "how": how,
            "width": len(labels) - 1,
            "prior": _conditional(np.array([log_shares(counts)]))[0].tolist(),
            "missing": len(cells) - len(values),
        }

    def _ordered(self, seen: Sequence[Label], kind: Kind, where: str) -> tuple[list[Label], How]:
        """The labels from the least to the most, and how that is known."""
        if self.order is not None:
            return [label_of(label, kind) for label in self.order], "plan"
        if (sizes := _sizes(seen)) is not None:
            return sorted(seen, key=lambda label: sizes[label]), "numbers"
        known = _by_words([str(label) for label in seen])
        if known is None:
            listed = ", ".join(shown(label) for label in sorted(map(str, seen))[:MOST_TOLD])
            raise DataError(
                f"{where}: the labels {listed} are no numbers and no words whose order is known. Say them in "
                "the plan from the least to the most, as order: [low, mid, high], or use the task classify."
            )
        return list(known), "words"

    def _unseen(self) -> tuple[str, str]:
        if self.order is None:
            return "in no training row", "say all labels in the plan, as order: [least, ..., most]"
        return "not in the plan's order", "add the label to order"

    def target(self, cells: Sequence[Cell], facts: Facts, where: str, row: RowName = row_name) -> Target:
        return class_numbers(cells, facts["labels"], facts["kind"], where, row, self._unseen())

    def perfect(self, target: Arrays, facts: Facts) -> Tensor:
        true_B = torch.where(target.mask, target.values, torch.zeros_like(target.values)).long()
        above_BW = true_B.unsqueeze(1) > torch.arange(facts["width"], device=true_B.device)
        return torch.where(above_BW, SURE, -SURE).float()

    def truth(self, target: Target, facts: Facts) -> NDArray[np.generic]:
        return target.values

    def answers(self, numbers: Floats, facts: Facts) -> Floats:
        return np.exp(_logs(numbers))

    def numbers(self, answers: Floats, facts: Facts) -> Floats:
        return _conditional(np.log(answers.clip(min=SMALLEST)))

    def combine(self, numbers: Sequence[Floats], weights: Sequence[Floats]) -> Floats:
        """The numbers of the weighted mean of the members' probabilities; 0 where all abstain."""
        heard = [np.where(w[:, None] > 0, n, 0.0) for n, w in zip(numbers, weights, strict=True)]
        shares, total = mixed([np.exp(_logs(n)) for n in heard], weights)
        joined = _conditional(np.log(shares.clip(min=SMALLEST)))
        return np.where(total[:, None] > 0, joined, 0.0)

    def tempered(self, numbers: Floats, temperature: float) -> Floats:
        """The numbers of the probabilities raised to 1 / temperature: the best label stays the best."""
        if temperature == 1:
            return numbers
        logs = _logs(numbers) / temperature
        return _conditional(logs - _reached(logs)[:, :1])

    def cells(self, numbers: Floats, facts: Facts, name: str) -> list[dict[str, Json]]:
        """``{name: label, name.p.<label>: probability}``; the first of equally probable labels."""
        labels = facts["labels"]
        keys = [f"{name}.p.{label}" for label in labels]
        shares = self.answers(numbers, facts)
        return [
            {name: labels[best], **{key: float(f"{p:.9g}") for key, p in zip(keys, row, strict=True)}}
            for best, row in zip(shares.argmax(1).tolist(), shares.tolist(), strict=True)
        ]

    def notes(self, facts: Facts) -> tuple[str, ...]:
        if facts["how"] != "words":
            return ()
        order = " < ".join(str(label) for label in facts["labels"][:MOST_TOLD])
        return (
            f"its labels are taken in the order {order}; say another as order in the plan, or the task "
            "classify for labels without one",
        )

    def baseline(self, target: Target, facts: Facts) -> list[float]:
        """The numbers of each label's share; a label that is not there counts as half a row."""
        if not target.mask.any():
            prior: list[float] = facts["prior"]
            return prior
        counts = np.bincount(target.values[target.mask].astype(np.int64), minlength=len(facts["labels"]))
        found: list[float] = _conditional(np.array([log_shares(counts)]))[0].tolist()
        return found


def _logs(numbers: Floats) -> Floats:
    """Conditional logits (N, K - 1) -> log-probabilities (N, K): above the labels before, not its own."""
    none = np.zeros((len(numbers), 1))
    above = np.concatenate([none, np.cumsum(-np.logaddexp(0.0, -numbers), axis=1)], axis=1)
    stays = np.concatenate([-np.logaddexp(0.0, numbers), none], axis=1)
    found: Floats = above + stays
    return found


def _conditional(logs: Floats) -> Floats:
    """The reverse, of log-probabilities up to a constant: log of (all above the label / the label)."""
    found: Floats = _reached(logs)[:, 1:] - logs[:, :-1]
    return found


def _reached(logs: Floats) -> Floats:
    """(N, K): the log-probability of each label and all above it."""
    found: Floats = np.logaddexp.accumulate(logs[:, ::-1], axis=1)[:, ::-1]
    return found


def _sizes(labels: Sequence[Label]) -> dict[Label, float] | None:
    """{label: its number}, where every label is one and no two are the same."""
    try:
        found = {label: float(label) for label in labels}
    except ValueError:
        return None
    numbers = list(found.values())
    return found if np.isfinite(numbers).all() and len(set(numbers)) == len(numbers) else None


def _by_words(labels: Sequence[str]) -> list[str] | None:
    """The labels in an order that everybody knows, where all are words of one scale, no two of one step."""
    words = {label: " ".join(label.lower().replace("_", " ").replace("-", " ").split()) for label in labels}
    for steps in STEPS:
        places = {label: steps.get(word, -1) for label, word in words.items()}
        if min(places.values()) >= 0 and len(set(places.values())) == len(labels):
            return sorted(labels, key=lambda label: places[label])
    return None
