from collections.abc import Sequence
from typing import Annotated, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from sensorium.errors import DataError
from sensorium.media.numbers import LARGEST, Style, style_of, told
from sensorium.table.packed import Cell
from sensorium.table.prepared import Target
from sensorium.tasks._base import (
    MANY,
    NUMERIC,
    RowName,
    Task,
    infinite_cell,
    mixed,
    number_share,
    plain,
    row_name,
)
from sensorium.tasks._conformal import NOTHING, PART, rows_needed, widths
from sensorium.tasks._numbers import different, number_column
from sensorium.types import Arrays, Facts, Json

Floats = NDArray[np.float64]
Scale = Literal["plain", "log", "log1p"]
Level = Annotated[float, Field(gt=0, lt=1)]
FARTHEST = 700.0
"""Exponentials of more are infinite."""


class Regress(Task):
    """A real number: learned standardised as numbers (N, 1), perhaps as a logarithm; answered in its units.

    With log, positive training numbers are learned as log(x) and non-negative ones as log(1 + x). Below
    the least training number (of log) or 0 (of log1p) the curve goes on as its tangent, so that any true
    number has a place. Answers are exponentials and thus never negative.

    With an interval every answer has two more numbers, between which the truth of a further row lies with
    this probability over all rows like the validation rows (split conformal prediction, ``_conformal.py``).
    That is exact where those are exchangeable with the rows that are answered and chose nothing; they chose
    the members, which makes it approximate, and in cross-validation the folds' held-out rows, which chose
    nothing, settle what ships. Rows that lack cells, and rows that lack none, are counted apart where
    validation rows of both suffice; nothing is promised of any other kind of rows. Between logarithms the
    ends are as many times larger and smaller.

    Choices:
        log: Whether to learn the logarithm; auto does when all numbers are positive and skewed to the right.
        interval: The share of truths that lie within the answers' intervals; null: none are told.
    """

    default_decoder = "linear"
    losses = ("squared", "absolute", "huber")
    metrics = ("mae", "rmse", "r2", "mape", "spearman")
    trees = "regress"

    def __init__(self, *, log: Literal["auto", "yes", "no"] = "auto", interval: Level | None = None) -> None:
        self.log, self.interval = log, interval

    @classmethod
    def sniff(cls, cells: Sequence[Cell]) -> float:
        values = [v for c in cells if (v := plain(c)) is not None]
        real, share = number_share(values)
        if not len(real) or share < NUMERIC or any(isinstance(v, bool) for v in values):
            return 0.0
        few = len(np.unique(real)) <= MANY and (share < 1 or bool((real == np.round(real)).all()))
        return 0.4 if few else 0.9

    @classmethod
    def fake(cls, rng: np.random.Generator, rows: int) -> list[Cell]:
        return [round(float(x), 2) for x in rng.normal(100, 15, rows)]

    def fit(self, cells: Sequence[Cell], where: str, row: RowName = row_name) -> Facts:
        """scale (plain, log, log1p) and floor; mean and std of what is learned; low, high and missing.

        decimal and unit say how the column writes its numbers. Infinite cells count as missing.
        """
        style = style_of([plain(c) for c in cells])
        values = number_column(cells, style, where, row)
        real = different(values, len(cells), where)
        scale = self._scale(real, where)
        floor = float(real.min()) if scale == "log" else 0.0
        learned = _bent(real, scale, floor)
        return {
            "width": 1,
            "prior": [0.0],
            "scale": scale,
            "floor": floor,
            "mean": float(learned.mean()),
            "std": float(learned.std()),
            "low": float(real.min()),
            "high": float(real.max()),
            "missing": len(cells) - len(real),
            "decimal": style.decimal,
            "unit": style.unit,
            "magnitudes": style.magnitudes,
            "infinite": sum(infinite_cell(plain(c)) for c in cells),
            "held": int((np.abs(real) >= LARGEST).sum()),
        }

    def target(self, cells: Sequence[Cell], facts: Facts, where: str, row: RowName = row_name) -> Target:
        style = Style(facts["decimal"], facts["unit"], facts.get("magnitudes", ""))
        values = number_column(cells, style, where, row)
        mask = np.isfinite(values)
        learned = _bent(np.where(mask, values, facts["high"]), facts["scale"], facts["floor"])
        return Target(np.where(mask, (learned - facts["mean"]) / facts["std"], 0.0), mask)

    def perfect(self, target: Arrays, facts: Facts) -> Tensor:
        return torch.where(target.mask, target.values, torch.zeros_like(target.values)).unsqueeze(1)

    def truth(self, target: Target, facts: Facts) -> NDArray[np.generic]:
        learned = target.values.astype(np.float64) * facts["std"] + facts["mean"]
        return _straight(learned, facts["scale"], facts["floor"])

    def answers(self, numbers: Floats, facts: Facts) -> Floats:
        """Values in units (N,). Logarithms end as far above the training numbers as these reach."""
        return _said(_points(numbers, facts), facts["scale"])

    def settle(
        self, numbers: Floats, target: Target, gaps: NDArray[np.int64], weight: Floats, facts: Facts
    ) -> Facts:
        """``band``: how far truths lie from answers, in what is learned; nothing without an interval."""
        if self.interval is None:
            return {}
        true = _places(self.truth(target, facts).astype(np.float64), facts["scale"])
        prior = np.tile(np.array(facts["prior"], np.float64), (len(numbers), 1))
        away, alone = (np.abs(true - _points(n, facts)) for n in (numbers, prior))
        found = widths(away, alone, gaps, weight, self.interval)
        return {"band": found} if found else {}

    def band(self, numbers: Floats, gaps: NDArray[np.int64], facts: Facts) -> Floats | None:
        if "band" not in facts:
            return None
        points, reach = _points(numbers, facts), np.array(facts["band"]["reach"])[gaps]
        return np.stack(
            [_said(points - reach, facts["scale"]), _said(points + reach, facts["scale"])], axis=1
        )

    def numbers(self, answers: Floats, facts: Facts) -> Floats:
        return answers.reshape(-1, 1).astype(np.float64)

    def combine(self, numbers: Sequence[Floats], weights: Sequence[Floats]) -> Floats:
        """The weighted mean of the members' standardised numbers; 0, the mean, where all abstain."""
        return mixed(numbers, weights)[0]

    def tempered(self, numbers: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
        """As they are: a value says nothing of how sure it is."""
        return numbers

    def cells(self, numbers: Floats, facts: Facts, name: str) -> list[dict[str, Json]]:
        """``{name: number}``, with 9 digits."""
        return [{name: float(f"{x:.9g}")} for x in self.answers(numbers, facts).tolist()]

    def notes(self, facts: Facts) -> tuple[str, ...]:
        infinite = facts.get("infinite", 0)
        several = "is infinite and counts" if infinite == 1 else "are infinite and count"
        held = _held(facts["band"]) if "band" in facts else []
        return (
            *([f"{infinite:,} of its cells {several} as missing"] if infinite else []),
            *told(facts),
            *held,
        )

    def baseline(self, target: Target, facts: Facts) -> list[float]:
        """The mean of the standardised numbers."""
        real = target.values[target.mask].astype(np.float64)
        return [float(real.mean()) if len(real) else 0.0]

    def _scale(self, real: Floats, where: str) -> Scale:
        low = float(real.min())
        if self.log == "yes" and low < 0:
            raise DataError(
                f"{where}: log: yes needs numbers of at least 0, but the training rows hold {low:g}. "
                "Set log: auto or log: no."
            )
        if self.log == "no" or (self.log == "auto" and (low <= 0 or not _skewed(real))):
            return "plain"
        return "log" if low > 0 else "log1p"


def _points(numbers: Floats, facts: Facts) -> Floats:
    """Numbers (N, 1) -> answers (N,) as they are learned; logarithms have an upper end."""
    learned: Floats = numbers[:, 0] * facts["std"] + facts["mean"]
    if facts["scale"] == "plain":
        return learned
    low, high = _bent(np.array([facts["low"], facts["high"]]), facts["scale"], facts["floor"])
    learned = np.minimum(learned, high + (high - low))
    return learned if facts["scale"] == "log" else learned.clip(min=0)


def _said(learned: Floats, scale: Scale) -> Floats:
    """From what is learned to units, as answers are: never negative between logarithms."""
    if scale == "plain":
        return learned
    learned = np.minimum(learned, FARTHEST)
    return np.exp(learned) if scale == "log" else np.expm1(learned.clip(min=0))


def _places(x: Floats, scale: Scale) -> Floats:
    """The exact reverse of ``_said``; infinitely far below where no answer can be."""
    if scale == "plain":
        return x
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(x) if scale == "log" else np.log1p(x)
    return np.where(x > 0 if scale == "log" else x >= 0, found, -np.inf)


def _held(band: Facts) -> list[str]:
    """What to tell of an interval: by which rows it was settled, and whether they were too few."""
    rows, share, needed = band["rows"], f"{100 * band['level']:g} %", rows_needed(band["level"])
    if rows >= needed:
        lacking = band["gaps"][PART] + band["gaps"][NOTHING]
        of_those = f", of which {lacking:,} lack cells" if lacking else ""
        return [
            f"its intervals are meant to hold the truth of {share} of the rows, settled by {rows:,} rows "
            f"that the members had not learned from{of_those}"
        ]
    return [
        f"an interval of {share} needs {needed:,} rows that the members had not learned from, and there were "
        f"{rows:,}: it is as wide as their largest error, and fewer truths may lie inside"
    ]


def _skewed(real: Floats) -> bool:
    """Whether there is a long right tail that the logarithm shortens: skewness over 1, and less after."""
    return _skewness(real) > max(1.0, abs(_skewness(np.log(real))))


def _skewness(x: Floats) -> float:
    largest = float(np.abs(x).max())
    centred = x / largest - (x / largest).mean() if largest > 0 else x  # cubes of huge numbers are infinite
    spread = float((centred**2).mean()) ** 1.5
    return float((centred**3).mean()) / spread if spread > 0 else 0.0


def _bent(x: Floats, scale: Scale, floor: float) -> Floats:
    """From units to what is learned: the logarithm, and its tangent at ``floor`` below that."""
    if scale == "plain":
        return x
    over = np.maximum(x, floor)
    if scale == "log":
        return cast(Floats, np.log(over) + np.minimum(x - floor, 0.0) / floor)
    return cast(Floats, np.log1p(over) + np.minimum(x - floor, 0.0))


def _straight(learned: Floats, scale: Scale, floor: float) -> Floats:
    """The exact reverse of ``_bent``."""
    if scale == "plain":
        return learned
    if scale == "log":
        least = np.log(floor)
        return cast(Floats, np.exp(np.maximum(learned, least)) + np.minimum(learned - least, 0.0) * floor)
    return cast(Floats, np.expm1(np.maximum(learned, 0.0)) + np.minimum(learned, 0.0))
