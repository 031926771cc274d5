"""Residual blocks over maps whose columns may be masked. Letters: B rows, C channels, H height, W width."""

from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.nn.norm import MaskedBatchNorm


def halved(mask_BW: Tensor | None, stride: int) -> Tensor | None:
    """The mask after a padded convolution of this stride: column j is real when column j * stride was."""
    return mask_BW if mask_BW is None or stride == 1 else mask_BW[:, ::stride]


class ConvNorm(nn.Module):
    """Convolution without bias, padded to keep its size over stride, then batch normalisation."""

    def __init__(self, channels: int, out: int, *, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")
        self.norm = MaskedBatchNorm(out)

    def forward(self, x_BCHW: Tensor, mask_BW: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Masked columns of the input must be zero; those of the result are."""
        mask_BW = halved(mask_BW, self.stride)
        return self.norm(self.conv(x_BCHW), mask_BW), mask_BW


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (He 2016, fig. 2; option B where the shape changes)."""

    def __init__(self, channels: int, out: int, *, stride: int = 1) -> None:
        super().__init__()
        self.first = ConvNorm(channels, out, stride=stride)
        self.second = ConvNorm(out, out)
        same = channels == out and stride == 1
        self.shortcut = None if same else ConvNorm(channels, out, kernel=1, stride=stride)

    def forward(self, x_BCHW: Tensor, mask_BW: Tensor | None) -> tuple[Tensor, Tensor | None]:
        kept = x_BCHW if self.shortcut is None else self.shortcut(x_BCHW, mask_BW)[0]
        h, mask = self.first(x_BCHW, mask_BW)
        h, mask = self.second(F.relu(h), mask)
        return F.relu(h + kept), mask


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions, the last four times as wide, and a shortcut (He 2016, fig. 5 right).

    The 3x3 convolution takes the stride (Goyal 2017, section 5.1), not the first as in He 2016.
    """

    WIDER = 4

    def __init__(self, channels: int, out: int, *, stride: int = 1) -> None:
        super().__init__()
        wide = out * self.WIDER
        self.first = ConvNorm(channels, out, kernel=1)
        self.second = ConvNorm(out, out, stride=stride)
        self.third = ConvNorm(out, wide, kernel=1)
        same = channels == wide and stride == 1
        self.shortcut = None if same else ConvNorm(channels, wide, kernel=1, stride=stride)

    def forward(self, x_BCHW: Tensor, mask_BW: Tensor | None) -> tuple[Tensor, Tensor | None]:
        kept = x_BCHW if self.shortcut is None else self.shortcut(x_BCHW, mask_BW)[0]
        h, mask = self.first(x_BCHW, mask_BW)
        h, mask = self.second(F.relu(h), mask)
        h, mask = self.third(F.relu(h), mask)
        return F.relu(h + kept), mask
