"""How far truths lie from answers, by rows that members did not learn from: split conformal intervals.

Letters: n rows.
"""

import math

import numpy as np
from numpy.typing import NDArray

from sensorium.types import Facts

Floats = NDArray[np.float64]
WHOLE, PART, NOTHING = 0, 1, 2
"""Rows by their gaps: of what is read every cell is real, some are missing, none is real."""
TINY = 1e-9


def rows_needed(level: float) -> int:
    """The rows from which on an interval of this level is no wider than the largest error."""
    return math.ceil(round(level / (1 - level), 9))


def reach(away: Floats, weight: Floats, level: float) -> float:
    """The least distance within which a further row lies with probability ``level``; infinite: too few rows.

    away: (n,) distances. weight: (n,), what each row counts; the further row counts as their mean. Of equal
    weights the ceil((n + 1) level)-th smallest distance (Vovk, Gammerman and Shafer, Algorithmic learning in
    a random world, 2005; Lei et al., Distribution-free predictive inference for regression, 2018, sec. 2.2).
    """
    if not len(away) or weight.sum() <= 0:
        return math.inf
    order = np.argsort(away, kind="stable")
    passed = np.cumsum(weight[order])
    asked = level * (passed[-1] + passed[-1] / len(away))
    place = int(np.searchsorted(passed, asked * (1 - TINY)))
    return float(away[order][place]) if place < len(away) else math.inf


def widths(away: Floats, alone: Floats, gaps: NDArray[np.int64], weight: Floats, level: float) -> Facts:
    """What ``Task.settle`` keeps of an interval: level, rows, and a reach for each kind of gaps.

    away: (n,) distances of what is answered. alone: those of the prior, which answers rows without any real
    cell. Rows with gaps get a reach of their own where there are enough of them, so do rows without (Vovk's
    Mondrian taxonomies); else that of all rows. Without enough rows at all: the largest distance, told.
    """
    if not len(away):
        return {}
    every, found = _finite(reach(away, weight, level), away), []
    for kind in (WHOLE, PART):
        own = reach(away[gaps == kind], weight[gaps == kind], level)
        found.append(own if math.isfinite(own) else every)
    found.append(_finite(reach(alone, weight, level), alone))
    counts = np.bincount(gaps, minlength=3)[:3].tolist()
    return {"level": level, "rows": len(away), "gaps": counts, "reach": found}


def _finite(found: float, away: Floats) -> float:
    """The reach, or the largest finite distance where it is infinite."""
    known = away[np.isfinite(away)]
    return found if math.isfinite(found) else float(known.max(initial=0.0))
