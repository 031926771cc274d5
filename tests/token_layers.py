"""Layers over tokens of one row, written out with torch's own attention."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.nn.cross import CrossAttention, CrossBlock
from sensorium.types import Tokens


def shaken(net: nn.Module) -> Any:
    """The module in use, with every weight random: no zeros or ones hide a mistake."""
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn_like(p) * 0.5)
    return net.eval()


def tokens(rows: int, steps: int, lengths: list[int]) -> Tokens:
    return Tokens(torch.randn(rows, steps, 8), torch.arange(steps) < torch.tensor(lengths)[:, None])


def given() -> dict[str, Tokens]:
    """Row 0 has both inputs, row 1 lacks b."""
    return {"a": tokens(2, 3, [2, 3]), "b": tokens(2, 4, [4, 0])}


def torchs(attention: CrossAttention) -> nn.MultiheadAttention:
    """torch's own attention with the same weights."""
    dim = attention.q.in_features
    theirs = nn.MultiheadAttention(dim, attention.heads, add_bias_kv=True, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([attention.q.weight, attention.kv.weight]))
        theirs.in_proj_bias.copy_(torch.cat([attention.q.bias, attention.kv.bias]))
        assert theirs.bias_k is not None
        assert theirs.bias_v is not None
        theirs.bias_k.copy_(attention.always_2D[0].view(1, 1, dim))
        theirs.bias_v.copy_(attention.always_2D[1].view(1, 1, dim))
        theirs.out_proj.load_state_dict(attention.out.state_dict())
    return theirs.eval()


def crossed(block: CrossBlock, x_TD: Tensor, y_SD: Tensor) -> Tensor:
    """A cross layer of one row without masks, with torch's attention."""
    read = block.norm_read(y_SD)[None]
    asked, _ = torchs(block.attention)(block.norm_asking(x_TD)[None], read, read)
    x_TD = x_TD + asked[0]
    return x_TD + block.mlp.down(F.gelu(block.mlp.up(block.norm_mlp(x_TD))))


def selfed(block: Any, x_TD: Tensor) -> Tensor:
    """A self-attention layer of one row without masks, with torch's attention."""
    h, attention = block.norm_attention(x_TD), block.attention
    q, k, v = attention.qkv(h).view(len(h), 3, attention.heads, -1).permute(1, 2, 0, 3)
    mixed = F.scaled_dot_product_attention(q, k, v).transpose(0, 1).flatten(1)
    x_TD = x_TD + attention.out(mixed)
    return x_TD + block.mlp.down(F.gelu(block.mlp.up(block.norm_mlp(x_TD))))


def marked(net: Any, place: int, values_TD: Tensor) -> Tensor:
    found: Tensor = net.marked.norms[place](values_TD) + net.marked.kind_MD[place]
    return found


def both(net: Any, inputs: dict[str, Tokens]) -> tuple[Tensor, Tensor]:
    """Row 0's marked real tokens of a and b."""
    return marked(net, 0, inputs["a"].values[0, :2]), marked(net, 1, inputs["b"].values[0])


def near(one: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
