"""Stochastic depth. Letters: B rows."""

from torch import Tensor, nn


class DropPath(nn.Module):
    """Leaves a whole branch out of a row with this chance, in training (Huang 2016, section 3): x -> x.

    What stays is scaled by 1 / (1 - rate), so that the mean is kept. x: (B, ...).
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(rate)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.dropout.p == 0:
            return x
        kept: Tensor = x * self.dropout(x.new_ones(len(x), *(1 for _ in x.shape[1:])))
        return kept


def rates(most: float, blocks: int) -> list[float]:
    """Rates of blocks one after another, from 0 at the first to ``most`` at the last (Huang 2016, eq. 4)."""
    return [most * place / max(1, blocks - 1) for place in range(blocks)]
