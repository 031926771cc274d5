"""What a plan leaves open for one network: epochs, batch, rate, precision. Decided once, then written down."""

import platform
from dataclasses import replace

import torch

from sensorium.plan import TrainPlan

MOST_EPOCHS, LEAST_EPOCHS = 60, 6


def settled(asked: TrainPlan, rows: int, *, heavy: bool) -> TrainPlan:
    """The same options with nothing left open for a network that trains on ``rows`` rows.

    heavy: the network reads media. Small tables get many epochs of small batches; about 60,000 row
    visits are aimed at for media and 400,000 for the rest, within 6 and 60 epochs.
    """
    batch = asked.batch_rows or _batch(rows)
    visits = 120_000 if heavy else 300_000
    epochs = asked.epochs or min(MOST_EPOCHS, max(LEAST_EPOCHS, round(visits / max(1, rows))))
    steps = asked.steps or epochs * max(1, -(-rows // batch))
    patience = asked.patience or max(4, epochs // 3)
    precision = asked.precision
    if precision == "auto":
        precision = "bfloat16" if bfloat16_pays() else "float32"
    return replace(
        asked, batch_rows=batch, epochs=epochs, steps=steps, patience=patience, precision=precision
    )


def _batch(rows: int) -> int:
    """Between 16 and 128 rows, a power of two, at least about 20 steps an epoch."""
    for size in (128, 64, 32):
        if rows >= 20 * size:
            return size
    return 16


def bfloat16_pays() -> bool:
    """Whether bfloat16 autocast is faster here: GPUs that have it, and CPUs with instructions for it."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    if platform.machine() not in ("x86_64", "AMD64"):
        return False
    return bool(torch.cpu._is_avx512_bf16_supported())
