"""One optimisation step, with errors that say which step, which rows and which column."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from sensorium.errors import TrainingError
from sensorium.losses._base import Loss
from sensorium.model import Model, input_of, parts_of
from sensorium.plan import Plan, TrainPlan
from sensorium.types import Arrays, Batch, Output


@dataclass(frozen=True, slots=True)
class Done:
    """What a step tells. loss: of the targets, without auxiliary parts. norm: of the gradient, unclipped."""

    loss: float
    norm: float
    rows: int


def out_of_memory(error: Exception) -> bool:
    """Whether a step ended for want of memory: on the processor torch says so with a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator:" in str(error)


def reduced(
    loss: Loss, numbers: Tensor, target: Arrays, batch: Batch, seen_B: Tensor | None = None
) -> Tensor:
    """sum(weight x mask x loss) / sum(weight x mask) over the batch; 0 when no row counts.

    seen: the rows that count, or None: all. Mixed rows count for their own target by their share, and
    for their partner's target by the rest.
    """
    counts = target.mask if seen_B is None else target.mask & seen_B
    rows_B = torch.arange(len(counts), device=counts.device)
    sides = [(rows_B, torch.ones(len(counts), device=counts.device))]
    if batch.partner is not None and batch.share is not None:
        sides = [(rows_B, batch.share), (batch.partner, 1 - batch.share)]
    lost, total = [], []
    for side_B, share_B in sides:
        mask_B = counts[side_B]
        loss_B = loss(numbers.float(), Arrays(target.values[side_B], target.mask[side_B]))
        weight_B = share_B * mask_B if batch.weight is None else share_B * mask_B * batch.weight[side_B]
        lost.append((torch.where(mask_B, loss_B, torch.zeros_like(loss_B)) * weight_B).sum())
        total.append(weight_B.sum())
    return torch.stack(lost).sum() / torch.stack(total).sum().clamp(min=1e-12)


def losses_of(output: Output, batch: Batch, plan: Plan, losses: Mapping[str, Loss]) -> tuple[Tensor, Tensor]:
    """(loss of the targets, loss with the auxiliary parts) of one batch, in float32."""
    main: list[Tensor] = []
    for name, asked in plan.targets.items():
        main.append(asked.weight * reduced(losses[name], output.numbers[name], batch.targets[name], batch))
    total = torch.stack(main).sum()
    extra = [p.float().mean() for p in output.penalties.values()]
    if output.solo and plan.train.solo_loss > 0:
        alone = []
        for source, numbers in output.solo.items():
            seen = output.inputs[source].mask.any(1)
            for name, asked in plan.targets.items():
                row = reduced(losses[name], numbers[name], batch.targets[name], batch, seen)
                alone.append(asked.weight * row)
        extra.append(plan.train.solo_loss * torch.stack(alone).sum() / len(output.solo))
    return total, total + torch.stack(extra).sum() if extra else total


def train_step(
    model: nn.Module,
    batch: Batch,
    plan: Plan,
    losses: Mapping[str, Loss],
    optimizer: torch.optim.Optimizer,
    *,
    step: int,
    bfloat16: bool,
) -> Done:
    """Forward, backward, clip, update. Raises TrainingError before any weight is touched."""
    model.train()
    optimizer.zero_grad(set_to_none=True)
    device = batch.rows.device.type
    with torch.autocast(device, dtype=torch.bfloat16, enabled=bfloat16):
        output: Output = model(batch, "train")
    loss, total = losses_of(output, batch, plan, losses)
    if not torch.isfinite(total):
        raise TrainingError(blame(model, batch, output, losses, step=step, loss=float(total.detach())))
    total.backward()  # type: ignore[no-untyped-call]
    grads = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    norm = nn.utils.get_total_norm(list(grads.values()))
    if not torch.isfinite(norm):
        bad = [n for n, grad in grads.items() if not grad.isfinite().all()]
        raise TrainingError(
            f"step {step}: the gradient is not finite in {', '.join(bad[:5])}. Lower train.optimizer.rate."
        )
    nn.utils.clip_grads_with_norm_(model.parameters(), plan.train.clip, norm)
    optimizer.step()
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


def hidden(batch: Batch, model: Model, share: float, generator: torch.Generator) -> Batch:
    """The batch with a share of its inputs hidden, never all that a row has."""
    if share <= 0 or len(model.names) < 2:
        return batch
    present = torch.stack([_present(batch, n) for n in model.names])  # (M, B)
    draw = torch.rand(present.shape, generator=generator).to(present.device)
    hide = (draw < share) & present
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
