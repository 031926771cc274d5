from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sensorium.errors import DataError
from sensorium.media.cells import shown
from sensorium.media.numbers import Style, style_of, told
from sensorium.table.packed import Cell
from sensorium.table.prepared import Target
from sensorium.tasks._base import MANY, RowName, Task, also, number_share, plain, row_name
from sensorium.tasks._numbers import different, number_column
from sensorium.types import Arrays, Facts, Json

Floats: TypeAlias = NDArray[np.float64]
NONE = 0.5
"""What stands for a count of 0 where logarithms are learned."""
NEVER = -30.0
TOLD_FROM = 1e-9
"""Rates below are told as 0."""
ZEROS, SKEWED, REPEATS = 0.05, 1.2, 3.0
"""Counts without being asked: at least this share of 0, mean over median, and rows over different numbers."""


class Count(Task):
    """A whole number of at least 0, as a Poisson rate. Numbers (N, 1): log(rate / mean), answers: rates (N,).

    Networks learn the rate by its deviance. Other learners learn the mean of log(count), with 1/2 for none,
    in the same place, so that all are comparable; that mean lies below the log of the mean count, and an
    ensemble shifts it to where the score wants answers (``train/level.py``). Members are mixed as rates.
    """

    default_decoder = "linear"
    losses = ("poisson",)
    metrics = ("poisson_deviance", "mae", "rmse", "r2", "rmsle", "spearman")
    trees = "regress"

    @classmethod
    def sniff(cls, cells: Sequence[Cell]) -> float:
        """High only where whole numbers thin out from 0 on: without that, numbers are rather not counted."""
        values = [v for c in cells if (v := plain(c)) is not None]
        real, share = number_share(values)
        plainly = share == 1 and len(real) == len(values) and not any(isinstance(v, bool) for v in values)
        if not plainly or not len(real) or real.min() < 0 or (real != np.round(real)).any():
            return 0.0
        numbers, median = np.unique(real), float(np.median(real))
        dense = bool(np.isin(np.arange(median + 1), numbers).all()) if median < len(numbers) else False
        thins = (real == 0).mean() >= ZEROS and real.mean() >= SKEWED * median
        many = len(numbers) > MANY and len(real) >= REPEATS * len(numbers)
        return 0.92 if dense and thins and many else 0.2

    @classmethod
    def fake(cls, rng: np.random.Generator, rows: int) -> list[Cell]:
        return [int(x) for x in rng.geometric(0.08, rows) - 1]

    def fit(self, cells: Sequence[Cell], where: str, row: RowName = row_name) -> Facts:
        """mean, high and missing; zero, what 0 is learned as; decimal and unit say how the column writes.

        Raises DataError too for a number that is negative or not whole. Infinite cells count as missing.
        """
        style = style_of([plain(c) for c in cells])
        values = _counts(cells, style, where, row)
        real = different(values, len(cells), where)
        mean = float(real.mean())
        return {
            "width": 1,
            "prior": [0.0],
            "mean": mean,
            "zero": float(np.log(NONE / mean)),
            "high": float(real.max()),
            "missing": len(cells) - len(real),
            "decimal": style.decimal,
            "unit": style.unit,
            "magnitudes": style.magnitudes,
        }

    def target(self, cells: Sequence[Cell], facts: Facts, where: str, row: RowName = row_name) -> Target:
        style = Style(facts["decimal"], facts["unit"], facts["magnitudes"])
        values = _counts(cells, style, where, row)
        mask = np.isfinite(values)
        learned = np.log(np.maximum(np.where(mask, values, 0.0), NONE) / facts["mean"])
        return Target(np.where(mask, learned, 0.0), mask)

    def perfect(self, target: Arrays, facts: Facts) -> Tensor:
        true = torch.where(target.mask, target.values, torch.zeros_like(target.values))
        none = true < facts["zero"] + np.log(2) / 2
        return torch.where(none, torch.full_like(true, NEVER), true).unsqueeze(1)

    def truth(self, target: Target, facts: Facts) -> NDArray[np.generic]:
        found = np.exp(target.values.astype(np.float64)) * facts["mean"]
        return np.where(found < 2 * NONE / np.sqrt(2), 0.0, np.rint(found))

    def answers(self, numbers: Floats, facts: Facts) -> Floats:
        """Rates (N,), at most the square of the largest count and one."""
        most = 2 * np.log(facts["high"] + 1) - np.log(facts["mean"])
        rates: Floats = np.exp(np.minimum(numbers[:, 0], most)) * facts["mean"]
        return rates

    def numbers(self, answers: Floats, facts: Facts) -> Floats:
        return answers.reshape(-1, 1).astype(np.float64)

    def combine(self, numbers: Sequence[Floats], weights: Sequence[Floats]) -> Floats:
        """The log of the weighted mean of the members' rates; 0, the mean, where all abstain."""
        total = np.sum(weights, axis=0)
        with np.errstate(divide="ignore"):
            parts = [np.log(w / np.where(total > 0, total, 1.0))[:, None] for w in weights]
        heard = [np.where(np.isfinite(p), n + p, -np.inf) for n, p in zip(numbers, parts, strict=True)]
        mix = np.logaddexp.reduce(heard, axis=0)
        return np.where(total[:, None] > 0, mix, 0.0)

    def tempered(self, numbers: Floats, temperature: float) -> Floats:
        """As they are: a rate says how sure it is by itself."""
        return numbers

    def cells(self, numbers: Floats, facts: Facts, name: str) -> list[dict[str, Json]]:
        """``{name: rate}``, with 9 digits: how many there are on average in such rows."""
        rates = self.answers(numbers, facts).tolist()
        return [{name: float(f"{x:.9g}") if x >= TOLD_FROM else 0.0} for x in rates]

    def notes(self, facts: Facts) -> tuple[str, ...]:
        return tuple(told(facts))

    def baseline(self, target: Target, facts: Facts) -> list[float]:
        """The log of these rows' mean over the mean of all; without any count, of half a one."""
        real = self.truth(target, facts)[target.mask].astype(np.float64)
        if not len(real):
            prior: list[float] = facts["prior"]
            return prior
        return [float(np.log(max(float(real.sum()), NONE) / len(real) / facts["mean"]))]


def _counts(cells: Sequence[Cell], style: Style, where: str, row: RowName) -> Floats:
    """Cells as counts (N,), NaN where missing. Raises DataError for a number that counts nothing."""
    values = number_column(cells, style, where, row)
    wrong = np.flatnonzero(np.isfinite(values) & ((values < 0) | (values != np.round(values))))
    if len(wrong):
        raise DataError(
            f"{where}, {row(int(wrong[0]))}: expected a whole number of at least 0, got "
            f"{shown(cells[wrong[0]])}.{also(len(wrong) - 1)} "
            "Correct the cell, empty it, or use the task regress."
        )
    return values
