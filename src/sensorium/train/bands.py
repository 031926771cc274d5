"""How well answers' intervals hold the truth: metrics, and the band of every drawn row."""

from dataclasses import replace

import numpy as np

from sensorium.evaluate import Judge
from sensorium.members._base import Floats
from sensorium.metrics import metrics
from sensorium.metrics._bootstrap import DRAWS, measured, resamples
from sensorium.results import Miss, TargetReport

OF_BANDS = ("coverage", "interval_width")


def with_band(
    report: TargetReport, judge: Judge, band: Floats, rng: np.random.Generator, draws: int = DRAWS
) -> TargetReport:
    """The report with coverage and width. band: (N, 2), between which values each truth is said to lie."""
    kept, drawn = band[judge.keep], resamples(len(judge.keep), rng, draws, judge.groups)
    scored = {n: measured(metrics.get(n)(), judge.truth, kept, judge.weight, drawn) for n in OF_BANDS}
    ends = dict(zip(judge.places.tolist(), kept.tolist(), strict=True))

    def told(misses: tuple[Miss, ...]) -> tuple[Miss, ...]:
        return tuple(replace(one, band=(ends[one.row][0], ends[one.row][1])) for one in misses)

    return replace(
        report, metrics=report.metrics | scored, worst=told(report.worst), points=told(report.points)
    )
