"""One optimisation step, with errors that say which step, which rows and which column."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sensorium.errors import TrainingError
from sensorium.losses._base import Loss
from sensorium.model import Model
from sensorium.plan import Plan
from sensorium.types import Arrays, Batch, Output


@dataclass(frozen=True, slots=True)
class Done:
    """What a step tells. loss: of the targets, without auxiliary parts. norm: of the gradient, unclipped."""

    loss: float
    norm: float
    rows: int


def reduced(loss_B: Tensor, target: Arrays, weight_B: Tensor | None, seen_B: Tensor | None = None) -> Tensor:
    """sum(weight x mask x loss) / sum(weight x mask) over the batch; 0 when no row counts."""
    mask = target.mask if seen_B is None else target.mask & seen_B
    weight = mask.to(loss_B.dtype) if weight_B is None else mask.to(loss_B.dtype) * weight_B
    kept = torch.where(mask, loss_B, torch.zeros_like(loss_B))
    return (kept * weight).sum() / weight.sum().clamp(min=1e-12)


def losses_of(output: Output, batch: Batch, plan: Plan, losses: Mapping[str, Loss]) -> tuple[Tensor, Tensor]:
    """(loss of the targets, loss with the auxiliary parts) of one batch, in float32."""
    main: list[Tensor] = []
    for name, asked in plan.targets.items():
        row = losses[name](output.numbers[name].float(), batch.targets[name])
        main.append(asked.weight * reduced(row, batch.targets[name], batch.weight))
    total = torch.stack(main).sum()
    extra = [p.float().mean() for p in output.penalties.values()]
    if output.solo and plan.train.solo_loss > 0:
        alone = []
        for source, numbers in output.solo.items():
            seen = output.inputs[source].mask.any(1)
            for name, asked in plan.targets.items():
                row = losses[name](numbers[name].float(), batch.targets[name])
                alone.append(asked.weight * reduced(row, batch.targets[name], batch.weight, seen))
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
        raise TrainingError(blame(model, batch, output, losses, step=step, loss=float(total)))
    total.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(model.parameters(), plan.train.clip)
    if not torch.isfinite(norm):
        bad = [n for n, p in model.named_parameters() if p.grad is not None and not p.grad.isfinite().all()]
        raise TrainingError(
            f"step {step}: the gradient is not finite in {', '.join(bad[:5])}. Lower train.optimizer.rate."
        )
    optimizer.step()
    return Done(float(loss.detach()), float(norm), len(batch.rows))


def blame(
    model: nn.Module, batch: Batch, output: Output, losses: Mapping[str, Loss], *, step: int, loss: float
) -> str:
    """The first place where a number that is not finite appears, as a message."""
    for name, arrays in batch.inputs.items():
        rows = _bad_rows(arrays, batch.index.get(name), batch.rows)
        if rows:
            return (
                f"step {step}: the loss is {loss}. Input {name!r} holds NaN or infinity in table rows {rows}."
            )
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
            rows = batch.rows[bad].tolist()
            return (
                f"step {step}: the loss is {loss}. Inputs and weights are finite, but the loss of target "
                f"{name!r} is not in table rows {rows}. Check those targets, or lower train.optimizer.rate."
            )
    return (
        f"step {step}: the loss is {loss}, from an auxiliary loss or penalty. Lower train.optimizer.rate, "
        "or set train.solo_loss to 0."
    )


def _bad_rows(arrays: Arrays, index_B: Tensor | None, rows_B: Tensor) -> list[int]:
    """At most five table rows whose present values are not finite."""
    if not arrays.values.is_floating_point():
        return []
    bad = (~arrays.values.isfinite()).flatten(1).any(1) & arrays.present()
    if index_B is not None:
        bad = bad[index_B]
    found: list[int] = rows_B[bad.nonzero().flatten()[:5]].tolist()
    return found


def hidden(batch: Batch, model: Model, share: float, generator: torch.Generator) -> Batch:
    """The batch with a share of its inputs hidden, never all that a row has."""
    if share <= 0 or len(model.names) < 2:
        return batch
    rows = len(batch.rows)
    present = torch.stack([_present(batch, n) for n in model.names])  # (M, B)
    draw = torch.rand(present.shape, generator=generator).to(present.device)
    hide = (draw < share) & present
    # A row that would lose everything keeps the present input with the largest draw.
    keep = torch.where(present, draw, -1.0).argmax(0)
    kept = torch.zeros_like(hide).scatter_(0, keep.unsqueeze(0), True)
    hide = hide & ~(kept & ~(present & ~hide).any(0))
    assert hide.shape[1] == rows
    return Batch(
        batch.inputs, batch.index, batch.rows, batch.targets,
        {n: hide[i] for i, n in enumerate(model.names)}, batch.weight,
    )  # fmt: skip


def _present(batch: Batch, name: str) -> Tensor:
    found = batch.inputs[name].present()
    return found[batch.index[name]] if name in batch.index else found
