"""Normalisation that counts present rows and cells only.

Letters: N rows, C channels, L length, H height, W width.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MaskedBatchNorm(nn.Module):
    """Batch normalisation whose statistics are those of present rows and cells (Ioffe 2015, algorithm 1).

    x: (N, C), (N, C, L) or (N, C, H, W). mask: None (all is present), (N,), or, over the last axis,
    (N, L) or (N, W); True is real. Returns the shape of x, exactly zero where the mask is False. With
    everything present it equals torch's BatchNorm. With fewer than two values a channel there is no
    variance: the running statistics are used instead and stay as they are.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, *, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.momentum, self.epsilon = momentum, epsilon
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None or (self.training and bool(mask.all())):
            return self._normalised(x)
        if self.training:
            return self._gathered(x, _cells(x, mask))
        wide = _wide(x, mask)
        clean = torch.where(wide, x, torch.zeros((), dtype=x.dtype, device=x.device))
        y = self._normalised(clean)
        return torch.where(wide, y, torch.zeros((), dtype=y.dtype, device=y.device))

    def _normalised(self, x: Tensor) -> Tensor:
        batch = self.training and x.numel() // x.shape[1] > 1
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias,
            batch, self.momentum if batch else 0.0, self.epsilon,
        )  # fmt: skip

    def _gathered(self, x: Tensor, cells: Tensor) -> Tensor:
        """Normalise the present cells as rows of their own, and lay them back among zeros."""
        last = x.movedim(1, -1)
        flat = last.reshape(-1, x.shape[1])
        where = cells.flatten().nonzero().squeeze(1)
        y = self._normalised(flat.index_select(0, where))
        out = torch.zeros_like(flat, dtype=y.dtype).index_copy(0, where, y)
        return out.view(last.shape).movedim(-1, 1)


def _cells(x: Tensor, mask: Tensor) -> Tensor:
    """The mask of every cell (N, ...) without the channel axis."""
    return _wide(x, mask).squeeze(1).expand(x.shape[0], *x.shape[2:])


def _wide(x: Tensor, mask: Tensor) -> Tensor:
    """The mask with axes of one, so that it broadcasts against x."""
    if mask.ndim == 1:
        return mask.view(-1, *(1 for _ in x.shape[1:]))
    return mask.view(mask.shape[0], *(1 for _ in x.shape[1:-1]), mask.shape[1])
