"""The networks of benchmarks/speed_train.py as one would write them by hand, without masks or columns.

They have the layers of the library's resnet (depth 8) and transformer (learned places) and, which the
benchmark checks, the same number of weights.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv(channels: int, out: int, stride: int, kernel: int = 3) -> nn.Sequential:
    """Convolution and batch normalisation."""
    layer = nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(out))


class PlainBlock(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.first, self.second = conv(channels, out, stride), conv(out, out, 1)
        self.shortcut = nn.Identity() if channels == out and stride == 1 else conv(channels, out, stride, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


class PlainResnet(nn.Module):
    """uint8 pictures (B, C, H, W) -> logits (B, K): half-resolution stem, three stages, mean and maximum."""

    def __init__(
        self, channels: int, classes: int, dim: int, mean: float, std: float, width: int = 32
    ) -> None:
        super().__init__()
        self.mean, self.std = mean, std
        self.stem = conv(channels, width, 2)
        self.stages = nn.Sequential(
            PlainBlock(width, width, 1), PlainBlock(width, 2 * width, 2), PlainBlock(2 * width, 4 * width, 2)
        )
        self.out, self.norm = nn.Linear(8 * width, dim), nn.LayerNorm(dim)
        self.dropout, self.map = nn.Dropout(0.1), nn.Linear(dim, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = ((x.float() / 255 - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        x = self.stages(F.relu(self.stem(x)))
        pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
        logits: Tensor = self.map(self.dropout(self.norm(self.out(self.dropout(pooled)))))
        return logits


class PlainLayer(nn.Module):
    """One pre-norm Transformer layer."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_mlp = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.project = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        parts = self.qkv(self.norm_attention(x)).view(*mask.shape, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        with torch.autocast(x.device.type, enabled=False):
            q, k, v = parts.float()
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :]).to(parts.dtype)
        x = x + self.dropout(self.project(y.transpose(1, 2).flatten(2)))
        mixed: Tensor = x + self.dropout(self.down(F.gelu(self.up(self.norm_mlp(x)))))
        return mixed


class PlainTransformer(nn.Module):
    """ids (B, T) and mask -> logits (B, K): two layers, learned places, attention pooling."""

    def __init__(self, vocabulary: int, longest: int, classes: int, dim: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.table, self.places = nn.Embedding(vocabulary, dim), nn.Embedding(longest, dim)
        self.layers = nn.ModuleList(PlainLayer(dim, heads) for _ in range(2))
        self.norm, self.score = nn.LayerNorm(dim), nn.Linear(dim, heads, bias=False)
        self.out, self.norm_out = nn.Linear(dim, dim), nn.LayerNorm(dim)
        self.dropout, self.map = nn.Dropout(0.1), nn.Linear(dim, classes)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        x = self.dropout(self.table(ids) + self.places.weight[: ids.shape[1]])
        for layer in self.layers:
            x = layer(x, mask)
        x = self.norm(x)
        scores = self.score(x).float().masked_fill(~mask.unsqueeze(-1), -1e9).softmax(1)
        pooled = (x.view(*mask.shape, self.heads, -1) * scores.unsqueeze(-1).to(x.dtype)).sum(1).flatten(1)
        logits: Tensor = self.map(self.dropout(self.norm_out(self.out(pooled))))
        return logits
