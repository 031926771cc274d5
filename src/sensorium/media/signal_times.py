"""When the steps of a signal were taken, and signals at one rate.

Letters: T steps, C channels, G steps of the even grid.
"""

import numpy as np
from numpy.typing import NDArray

from sensorium.errors import CorruptCell
from sensorium.media.time import Style, moments

Floats = NDArray[np.float64]

_EPOCHS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""Numbers beyond count ns, us or ms since 1970, of which so many are a second."""
BRIDGE = 5
"""Steps over which a gap is filled by a straight line when resampling."""
FASTEST = 1e9
"""Steps a second beyond which nothing is told apart."""
_EVEN = 1e-3
"""Share of a step by which times may be off and still be even."""


def seconds(times: object) -> Floats:
    """Times of any kind as float64 seconds (T,), NaN where there is none, from an origin of their own.

    Numbers are seconds, but since 1970 ms, us or ns where they are that large. Datetimes and texts are read
    as columns of dates are. Raises CorruptCell for what is no times.
    """
    if isinstance(times, np.ndarray) and times.ndim == 1:
        if times.dtype.kind == "M":
            whole = times.astype("datetime64[ns]")
            known = whole[~np.isnat(whole)]
            start = known.min() if len(known) else np.datetime64(0, "ns")
            return np.asarray((whole - start) / np.timedelta64(1, "s"), np.float64)
        if times.dtype.kind in "biuf":
            return _counted(times.astype(np.float64))
    if isinstance(times, list):
        wall = moments(times, Style()).utc("UTC")
        if np.isfinite(wall).any():
            return np.asarray(wall, np.float64)
    raise CorruptCell("the times are neither numbers nor moments")


def _counted(times: Floats) -> Floats:
    real = times[np.isfinite(times)]
    usual = float(np.median(np.abs(real))) if len(real) else 0.0
    size = next((size for least, size in _EPOCHS if usual > least), 1.0)
    start = real.min() if len(real) else 0.0
    return np.asarray((times - start) / size, np.float64)


def in_order(values: Floats, times: Floats) -> tuple[Floats, Floats]:
    """Values (T, C) with increasing times (T,) from 0: sorted, without steps that have no time.

    Steps of one time become one, in which each channel is the mean of what is real. Raises CorruptCell when
    no time is left.
    """
    known = np.isfinite(times)
    if not known.any():
        raise CorruptCell("no step has a time")
    values, times = values[known], times[known]
    order = np.argsort(times, kind="stable")
    values, times = values[order], times[order] - times[order[0]]
    first = np.concatenate([[True], np.diff(times) > 0])
    if first.all():
        return values, times
    starts = np.flatnonzero(first)
    real = np.isfinite(values)
    count = np.add.reduceat(real, starts, axis=0, dtype=np.int64)
    total = np.add.reduceat(np.where(real, values, 0.0), starts, axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan), times[starts]


def rate_of(times: Floats) -> float | None:
    """Steps a second of increasing times, by the usual distance; None for fewer than two."""
    return float(1 / max(np.median(np.diff(times)), 1 / FASTEST)) if len(times) > 1 else None


def at_rate(values: Floats, times: Floats, rate: float, *, most: int) -> Floats:
    """The first ``most`` steps of values (T, C) with increasing times, on an even grid (G, C).

    A step of the grid holds the mean of what lies nearest to it when that is more than one value (going down
    to a lower rate), else the straight line between its neighbours. Where those are further apart than
    BRIDGE steps (of the grid or the channel, whichever are longer) or one is not there, it is NaN.
    """
    count = int(min(most, np.floor(times[-1] * rate + _EVEN) + 1))
    if len(times) > 1 and np.abs(np.diff(times) * rate - 1).max() < _EVEN:
        along = np.abs(times * rate - np.arange(len(times))).max()
        if along < 0.5:
            return values[:count]
    grid = np.arange(count) / rate
    nearest = np.rint(np.minimum(times * rate, 2.0 * count)).astype(np.int64)
    found = np.full((count, values.shape[1]), np.nan)
    for channel in range(values.shape[1]):
        real = np.isfinite(values[:, channel])
        if real.any():
            column = values[real, channel], times[real], nearest[real]
            found[:, channel] = _channel(*column, grid, rate)
    return found


def _channel(values: Floats, times: Floats, nearest: NDArray[np.int64], grid: Floats, rate: float) -> Floats:
    inside = nearest < len(grid)
    count = np.bincount(nearest[inside], minlength=len(grid))
    total = np.bincount(nearest[inside], values[inside], len(grid))
    after = np.searchsorted(times, grid, side="right")
    left, right = times[np.maximum(after - 1, 0)], times[np.minimum(after, len(times) - 1)]
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    ends = (grid < times[0] - 0.5 / rate) | (grid > times[-1] + 0.5 / rate)
    far = (right - left > (BRIDGE + _EVEN) * max(1 / rate, usual)) | ends
    found = np.where(far & (count == 0), np.nan, np.interp(grid, times, values))
    return np.asarray(np.where(count > 1, total / np.maximum(count, 1), found), np.float64)
