"""One optimisation step, with errors that say which step, which rows and which column."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from sensorium.errors import TrainingError
from sensorium.losses._base import Loss
from sensorium.model import Model, input_of, parts_of
from sensorium.plan import Plan, TrainPlan
from sensorium.train.balancing import Balancing
from sensorium.train.reduce import pieces_of
from sensorium.types import Arrays, Batch, Output


@dataclass(frozen=True, slots=True)
class Done:
    """What a step tells. loss: of the targets, without auxiliary parts. norm: of the gradient, unclipped."""

    loss: float
    norm: float
    rows: int


def train_step(
    model: nn.Module,
    batch: Batch,
    plan: Plan,
    losses: Mapping[str, Loss],
    optimizer: torch.optim.Optimizer,
    *,
    step: int,
    bfloat16: bool,
    balancing: Balancing | None = None,
) -> Done:
    """Forward, backward, clip, update. Raises TrainingError before any weight is touched.

    balancing: what changes losses, gradients and steps so that every input learns; None: nothing.
    """
    if not model.training:  # it says so to every layer, which takes time
        model.train()
    optimizer.zero_grad(set_to_none=True)
    device = batch.rows.device.type
    listening = nullcontext() if balancing is None else balancing.listening()
    with torch.autocast(device, dtype=torch.bfloat16, enabled=bfloat16), listening:
        output: Output = model(batch, "train")
    solo = plan.train.solo_loss > 0 if balancing is None else balancing.reads_heads()
    pieces = pieces_of(output, batch, plan, losses, solo)
    loss, total = pieces.main, pieces.usual(plan.train.solo_loss)
    if balancing is not None and bool(torch.isfinite(total)):
        total = balancing.total(output, batch, pieces)
    if not torch.isfinite(total):
        raise TrainingError(blame(model, batch, output, losses, step=step, loss=float(total.detach())))
    total.backward()  # type: ignore[no-untyped-call]
    factors = {} if balancing is None else balancing.gradients()
    learned = [p for p in model.parameters() if p.grad is not None]
    norm = nn.utils.get_total_norm([p.grad for p in learned if p.grad is not None])
    if not torch.isfinite(norm):
        named = ((n, p.grad) for n, p in model.named_parameters())
        bad = [n for n, grad in named if grad is not None and not grad.isfinite().all()]
        raise TrainingError(
            f"step {step}: the gradient is not finite in {', '.join(bad[:5])}. Lower train.optimizer.rate."
        )
    nn.utils.clip_grads_with_norm_(learned, plan.train.clip, norm)
    if balancing is None:
        optimizer.step()
    else:
        balancing.step(optimizer, factors)
    return Done(float(loss.detach()), float(norm), len(batch.rows))


def blame(
    model: nn.Module, batch: Batch, output: Output, losses: Mapping[str, Loss], *, step: int, loss: float
) -> str:
    """The first place where a number that is not finite appears, as a message."""
    for name, arrays in batch.inputs.items():
        rows = _bad_rows(arrays, batch.index.get(name), batch.rows)
        if rows:
            told = f"Input {input_of(name)!r} holds NaN or infinity in table rows {rows}."
            return f"step {step}: the loss is {loss}. {told}"
    for name, parameter in model.named_parameters():
        if not parameter.isfinite().all():
            return (
                f"step {step}: the loss is {loss}. Weight {name} is not finite: "
                "an earlier step diverged. Lower train.optimizer.rate."
            )
    for name, numbers in output.numbers.items():
        row = losses[name](numbers.float(), batch.targets[name])
        bad = (~row.isfinite() & batch.targets[name].mask).nonzero().flatten()[:5]
        if len(bad):
            rows = (batch.rows[bad] + 1).tolist()
            return (
                f"step {step}: the loss is {loss}. Inputs and weights are finite, but the loss of target "
                f"{name!r} is not in table rows {rows}. Check those targets, or lower train.optimizer.rate."
            )
    return (
        f"step {step}: the loss is {loss}, from an auxiliary loss or penalty. Lower train.optimizer.rate, "
        "or set train.solo_loss to 0."
    )


def _bad_rows(arrays: Arrays, index_B: Tensor | None, rows_B: Tensor) -> list[int]:
    """At most five table rows, the first being 1, whose present values are not finite."""
    if not arrays.values.is_floating_point():
        return []
    values, mask = arrays.values, arrays.mask
    if mask.shape == values.shape[: mask.ndim]:
        mask = mask.view(*mask.shape, *[1] * (values.ndim - mask.ndim))
    elif mask.ndim == 2:  # a timed grid: (B, W)
        mask = mask.view(mask.shape[0], *[1] * (values.ndim - 2), mask.shape[1])
    bad = (~values.isfinite() & mask).flatten(1).any(1)
    if index_B is not None:
        bad = bad[index_B]
    found: list[int] = (rows_B[bad.nonzero().flatten()[:5]] + 1).tolist()
    return found


def hidden(
    batch: Batch, model: Model, share: float | Mapping[str, float], generator: torch.Generator
) -> Batch:
    """The batch with a share of its inputs hidden, never all that a row has; share: of all, or of each."""
    shares = [share.get(n, 0.0) for n in model.names] if isinstance(share, Mapping) else [share]
    if max(shares) <= 0 or len(model.names) < 2:
        return batch
    present = torch.stack([_present(batch, n) for n in model.names])  # (M, B)
    draw = torch.rand(present.shape, generator=generator).to(present.device)
    hide = (draw < torch.tensor(shares, device=draw.device)[:, None]) & present
    # A row that would lose everything keeps the present input with the largest draw.
    keep = torch.where(present, draw, -1.0).argmax(0)
    kept = torch.zeros_like(hide).scatter_(0, keep.unsqueeze(0), True)
    hide = hide & ~(kept & ~(present & ~hide).any(0))
    return replace(batch, hidden={n: hide[i] for i, n in enumerate(model.names)})


def mixed(batch: Batch, model: Model, asked: TrainPlan, rng: np.random.Generator) -> Batch:
    """The batch with a partner and a share ~ Beta(alpha, alpha) for each row, as the plan asks.

    mixup blends the tokens of all inputs; cutmix pastes a box of the partner's pictures, of the area that it
    gets, and blends the tokens of other inputs. With both, each batch takes one by the toss of a coin.
    """
    cuts = asked.cutmix > 0 and bool(model.pictures) and (asked.mixup <= 0 or rng.random() < 0.5)
    alpha = asked.cutmix if cuts else asked.mixup
    if alpha <= 0:
        return batch
    rows, device = len(batch.rows), batch.rows.device
    partner = torch.from_numpy(rng.permutation(rows)).to(device)
    share = torch.from_numpy(rng.beta(alpha, alpha, rows)).float().to(device)
    if not cuts:
        return replace(batch, partner=partner, share=share)
    box = _boxes(share, torch.from_numpy(rng.random((rows, 2))).float().to(device))
    for name in model.pictures:  # a picture that is not there gives and takes nothing
        seen = _present(batch, name)
        box = torch.where((seen & seen[partner])[:, None], box, torch.zeros_like(box))
    area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    return replace(batch, partner=partner, share=1 - area, box=box)


def _boxes(share_B: Tensor, middle_B2: Tensor) -> Tensor:
    """(B, 4): boxes of the area 1 - share around a random middle, cut off at the edges."""
    half_B1 = ((1 - share_B).sqrt() / 2)[:, None]
    return torch.cat([middle_B2 - half_B1, middle_B2 + half_B1], 1).clamp(0, 1)


def _present(batch: Batch, name: str) -> Tensor:
    """bool (B,): the rows that have anything real in any part of the input."""
    found = torch.zeros(len(batch.rows), dtype=torch.bool, device=batch.rows.device)
    for part in parts_of(batch, name):
        present = batch.inputs[part].present()
        found = found | (present[batch.index[part]] if part in batch.index else present)
    return found
