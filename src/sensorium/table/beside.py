"""Several prepared columns side by side as the features of one."""

from collections.abc import Sequence

import numpy as np

from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Packed


def beside(parts: Sequence[Packed]) -> Packed:
    """Columns (U, F) with masks, one record a row, as one (U, F1 + F2 + ...).

    A row is PRESENT when any number is; else CORRUPT when any cell is, with its reason; else MISSING.
    """
    rows = [p.records() for p in parts]
    values = np.concatenate([p.values[r] for p, r in zip(parts, rows, strict=True)], 1)
    masks = [
        (np.ones(p.values.shape, bool) if p.mask is None else p.mask)[r] & (p.status[r] == PRESENT)[:, None]
        for p, r in zip(parts, rows, strict=True)
    ]
    mask = np.concatenate(masks, 1)
    corrupt = np.any([p.row_status() == CORRUPT for p in parts], 0)
    status = np.where(mask.any(1), PRESENT, np.where(corrupt, CORRUPT, MISSING)).astype(np.uint8)
    reasons: dict[int, str] = {}
    for part in reversed(parts):
        reasons |= part.row_reasons()
    reasons = {row: reasons[row] for row in sorted(reasons) if status[row] == CORRUPT}
    return Packed(values, status, mask=mask, reasons=reasons)
