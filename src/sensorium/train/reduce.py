"""From numbers and targets of a batch to the loss that is minimised: only here are rows summed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from sensorium.losses._base import Loss
from sensorium.plan import Plan
from sensorium.types import Arrays, Batch, Output

Rowwise = Callable[[Tensor, Arrays], Tensor]
"""Numbers and target -> one number per row (B,): a Loss, or something made of one."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a loss is made of. main: of the targets. penalties: of the fusion. solo: {input: the losses of
    its own head, one a target}, by the targets' weights."""

    main: Tensor
    penalties: list[Tensor]
    solo: dict[str, list[Tensor]]

    def usual(self, solo_loss: float) -> Tensor:
        """The loss with its auxiliary parts; solo_loss: the share of the inputs' own heads."""
        extra = list(self.penalties)
        if self.solo and solo_loss > 0:
            alone = [row for rows in self.solo.values() for row in rows]
            extra.append(solo_loss * torch.stack(alone).sum() / len(self.solo))
        return self.main + torch.stack(extra).sum() if extra else self.main


def reduced(
    loss: Rowwise, numbers: Tensor, target: Arrays, batch: Batch, seen_B: Tensor | None = None
) -> Tensor:
    """sum(weight x mask x loss) / sum(weight x mask) over the batch; 0 when no row counts.

    seen: the rows that count, or None: all. Mixed rows count for their own target by their share, and
    for their partner's target by the rest.
    """
    counts = target.mask if seen_B is None else target.mask & seen_B
    if batch.partner is None or batch.share is None:
        lost_B = loss(numbers.float(), target)
        count_B = counts.float() if batch.weight is None else counts * batch.weight
        return _sum(lost_B, counts, count_B) / count_B.sum().clamp(min=1e-12)
    rows_B = torch.arange(len(counts), device=counts.device)
    sides = [(rows_B, batch.share), (batch.partner, 1 - batch.share)]
    lost, total = [], []
    for side_B, share_B in sides:
        mask_B = counts[side_B]
        loss_B = loss(numbers.float(), Arrays(target.values[side_B], target.mask[side_B]))
        weight_B = share_B * mask_B if batch.weight is None else share_B * mask_B * batch.weight[side_B]
        lost.append(_sum(loss_B, mask_B, weight_B))
        total.append(weight_B.sum())
    return torch.stack(lost).sum() / torch.stack(total).sum().clamp(min=1e-12)


def _sum(loss_B: Tensor, mask_B: Tensor, weight_B: Tensor) -> Tensor:
    """Weighted losses added up; what a masked row says, which may be NaN, is left out."""
    return (torch.where(mask_B, loss_B, torch.zeros_like(loss_B)) * weight_B).sum()


def pieces_of(output: Output, batch: Batch, plan: Plan, losses: Mapping[str, Rowwise], solo: bool) -> Pieces:
    """What the loss of one batch is made of, in float32; solo: whether the inputs' own heads count."""
    main = [
        asked.weight * reduced(losses[name], output.numbers[name], batch.targets[name], batch)
        for name, asked in plan.targets.items()
    ]
    alone = solo_of(output, batch, plan, losses) if solo else {}
    return Pieces(torch.stack(main).sum(), [p.float().mean() for p in output.penalties.values()], alone)


def solo_of(
    output: Output, batch: Batch, plan: Plan, losses: Mapping[str, Rowwise]
) -> dict[str, list[Tensor]]:
    """{input: its own head's loss for each target, times the target's weight}, over the rows that show it."""
    found: dict[str, list[Tensor]] = {}
    for source, numbers in output.solo.items():
        seen = output.inputs[source].mask.any(1)
        found[source] = [
            asked.weight * reduced(losses[name], numbers[name], batch.targets[name], batch, seen)
            for name, asked in plan.targets.items()
        ]
    return found


def losses_of(output: Output, batch: Batch, plan: Plan, losses: Mapping[str, Loss]) -> tuple[Tensor, Tensor]:
    """(loss of the targets, loss with the auxiliary parts) of one batch, in float32."""
    pieces = pieces_of(output, batch, plan, losses, plan.train.solo_loss > 0)
    return pieces.main, pieces.usual(plan.train.solo_loss)
