"""Attention from one set of tokens to another.

Letters: B rows, T tokens that ask, S tokens that are read, D dim, H heads, E dim of a head; 2: key and value.
"""

import torch
from torch import Tensor, nn

from sensorium.nn.attention import Mlp, attended, check_heads


class CrossAttention(nn.Module):
    """Multi-head attention of x to the real tokens of y (Vaswani 2017, section 3.2.2): -> (B, T, D).

    One learned key and value are always read too, as in ``nn.MultiheadAttention(add_bias_kv=True)``: a row
    whose y has no real token stays finite, and with a single real token there is still a weight to learn
    (softmax over one key is always 1). Masked values of y must be finite.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        check_heads("cross attention", dim, heads)
        self.heads = heads
        self.q, self.kv, self.out = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)
        self.always_2D = nn.Parameter(torch.randn(2, dim) * dim**-0.5)

    def forward(self, x_BTD: Tensor, y_BSD: Tensor, mask_BS: Tensor) -> Tensor:
        kv_BS2D = self.kv(y_BSD).view(*mask_BS.shape, 2, x_BTD.shape[2])
        first_B12D = self.always_2D.to(kv_BS2D.dtype).expand(kv_BS2D.shape[0], 1, -1, -1)
        k_BSD, v_BSD = torch.cat([first_B12D, kv_BS2D], 1).unbind(2)
        q_BHTE, k_BHSE, v_BHSE = (self._heads(x) for x in (self.q(x_BTD), k_BSD, v_BSD))
        seen_BS = nn.functional.pad(mask_BS, (1, 0), value=True)
        y_BHTE = attended(q_BHTE, k_BHSE, v_BHSE, seen_BS[:, None, None, :])
        y_BTD: Tensor = self.out(y_BHTE.transpose(1, 2).flatten(2))
        return y_BTD

    def _heads(self, x_BTD: Tensor) -> Tensor:
        """(B, H, T, E)."""
        rows, steps, dim = x_BTD.shape
        return x_BTD.view(rows, steps, self.heads, dim // self.heads).transpose(1, 2)


class CrossBlock(nn.Module):
    """One pre-norm layer in which x reads y: attention, then MLP, each added to x; y stays as it is.

    layers: how many such layers follow each other; what they add starts scaled by 1 / sqrt(2 layers)
    (Radford 2019, section 2.3).
    """

    def __init__(self, dim: int, heads: int, *, layers: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm_asking, self.norm_read = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.norm_mlp = nn.LayerNorm(dim)
        self.attention, self.mlp = CrossAttention(dim, heads), Mlp(dim, 4 * dim)
        self.dropout = nn.Dropout(dropout)
        with torch.no_grad():
            for last in (self.attention.out, self.mlp.down):
                last.weight.mul_((2 * layers) ** -0.5)

    def forward(self, x_BTD: Tensor, y_BSD: Tensor, mask_BS: Tensor) -> Tensor:
        read_BTD = self.attention(self.norm_asking(x_BTD), self.norm_read(y_BSD), mask_BS)
        x_BTD = x_BTD + self.dropout(read_BTD)
        y_BTD: Tensor = x_BTD + self.dropout(self.mlp(self.norm_mlp(x_BTD)))
        return y_BTD
