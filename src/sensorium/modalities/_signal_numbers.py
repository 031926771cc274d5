"""Prepared signals as fixed records, for members without an encoder.

Letters: U records, C channels, S numbers.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sensorium.media.signal_statistics import names, numbers
from sensorium.table.packed import PRESENT, Packed

_BLOCK = 1 << 20
"""Numbers that are looked at together."""


def statistics(part: Packed, channels: int, longest: int) -> Packed:
    """The numbers (U, S) about each record of prepared signals (total, C), in the order of ``names``.

    longest: steps that no record passes. What a record does not define is masked. Records are the same alone
    and among others; the index stays.
    """
    values = np.full((len(part.status), len(names(channels))), np.nan, np.float32)
    lengths = part.lengths()
    for records in _blocks(lengths, channels):
        x, mask, times = part.timed(records)
        mask = mask if mask.ndim == 3 else np.repeat(mask[:, :, None], channels, 2)
        steps = lengths[records]
        seconds = steps.astype(np.float64) if times is None else times.max(1, initial=0.0)
        values[records] = numbers(np.asarray(x, np.float64), mask, steps, seconds, longest)
    real = np.isfinite(values) & (part.status == PRESENT)[:, None]
    kept = np.where(real, values, np.float32(0))
    return Packed(kept, part.status, mask=real, reasons=part.reasons, index=part.index)


def _blocks(lengths: NDArray[np.int64], channels: int) -> Iterator[NDArray[np.int64]]:
    """The records that have steps, like lengths together, so many at a time that memory stays small."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    while len(order):
        rows = max(1, _BLOCK // (channels * int(lengths[order[0]])))
        while rows > 1 and rows * channels * int(lengths[order[:rows]].max()) > 2 * _BLOCK:
            rows //= 2
        yield order[:rows]
        order = order[rows:]
