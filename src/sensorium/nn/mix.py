"""What ends encoders of a table's features."""

from torch import Tensor, nn
from torch.nn import functional as F


class Mix(nn.Module):
    """Affine, ReLU, dropout, affine, beside one affine shortcut: (B, wide) -> (B, dim)."""

    def __init__(self, wide: int, hidden: int, dim: int, dropout: float) -> None:
        super().__init__()
        self.skip, self.up, self.down = nn.Linear(wide, dim), nn.Linear(wide, hidden), nn.Linear(hidden, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.skip(x) + self.down(self.dropout(F.relu(self.up(x))))
        return y
