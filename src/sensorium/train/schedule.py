"""What a plan leaves open for one network: epochs, batch, patience, precision."""

import platform
from dataclasses import replace

import torch

from sensorium.plan import TrainPlan

MOST_EPOCHS, LEAST_EPOCHS = 100, 8


def settled(asked: TrainPlan, rows: int, *, share: float = 1.0, distinct: int | None = None) -> TrainPlan:
    """The same options with nothing left open for a network that trains on ``rows`` rows.

    distinct: the media that the rows share; they count instead of rows. share: of the usual epochs;
    networks that start from trained parts, or that only make features, need fewer. Small tables get
    many epochs: 100 at 320 rows, 29 at 2,500, 13 at 10,000, never under 8.
    """
    batch = asked.batch_rows or _batch(rows)
    usual = MOST_EPOCHS * (320 / max(1, distinct or rows)) ** 0.6
    epochs = asked.epochs or min(MOST_EPOCHS, max(LEAST_EPOCHS, round(usual * share)))
    steps = asked.steps or epochs * max(1, -(-rows // batch))
    patience = asked.patience or max(4, epochs // 3)
    precision = asked.precision
    if precision == "auto":
        precision = "bfloat16" if bfloat16_pays() else "float32"
    return replace(
        asked, batch_rows=batch, epochs=epochs, steps=steps, patience=patience, precision=precision
    )


def _batch(rows: int) -> int:
    """Between 16 and 128 rows, a power of two, at least about 12 steps an epoch."""
    for size in (128, 64, 32):
        if rows >= 12 * size:
            return size
    return 16


def bfloat16_pays() -> bool:
    """Whether bfloat16 autocast is faster here: GPUs that have it, and CPUs with instructions for it."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    if platform.machine() not in ("x86_64", "AMD64"):
        return False
    return bool(torch.cpu._is_avx512_bf16_supported())
