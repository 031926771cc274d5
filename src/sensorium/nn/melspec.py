"""Log-mel spectrograms in plain torch, the same for a row whatever it is padded with.

Letters: B rows, T samples, W frames, N samples of a window, K frequencies, M mel bands.
"""

import math
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Scale = Literal["slaney", "htk"]

SPREAD = 4.0
"""What bands that are not levelled are divided by."""
_FLOOR = 1e-7
"""Mean power under which a band counts as silent (full scale is 1)."""


def to_mel(hertz: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    """Hertz as mel: HTK's 2595 log10(1 + f / 700), or Slaney's (linear to 1 kHz, then logarithmic)."""
    if scale == "htk":
        return np.asarray(2595 * np.log10(1 + hertz / 700))
    bent = 15 + np.log(np.maximum(hertz, 1e-9) / 1000) / (math.log(6.4) / 27)
    return np.where(hertz < 1000, hertz * 3 / 200, bent)


def to_hertz(mel: NDArray[np.float64], scale: Scale) -> NDArray[np.float64]:
    """Mel as hertz: the reverse of ``to_mel``."""
    if scale == "htk":
        return np.asarray(700 * (10 ** (mel / 2595) - 1))
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * math.log(6.4) / 27))


def filterbank(
    rate: int, size: int, mels: int, *, low: float = 20.0, high: float | None = None, scale: Scale = "slaney"
) -> NDArray[np.float64]:
    """Triangles (K, M) over the K = size / 2 + 1 frequencies of a transform; each sums to one.

    A band narrower than the spacing of the frequencies takes the nearest one.
    """
    ends = to_mel(np.array([low, high or rate / 2]), scale)
    points = to_hertz(np.linspace(ends[0], ends[1], mels + 2), scale)
    hertz_K1 = np.linspace(0, rate / 2, size // 2 + 1)[:, None]
    left, middle, right = points[:-2], points[1:-1], points[2:]
    rising, falling = (hertz_K1 - left) / (middle - left), (right - hertz_K1) / (right - middle)
    bank_KM = np.maximum(0, np.minimum(rising, falling))
    empty = bank_KM.sum(0) < 1e-9
    bank_KM[np.abs(hertz_K1 - middle).argmin(0)[empty], np.flatnonzero(empty)] = 1
    return np.asarray(bank_KM / bank_KM.sum(0))


class LogMel(nn.Module):
    """Sound (B, T) as log-mel bands over time (B, M, W) with the mask of its frames (B, W).

    rate: samples a second. window, hop: samples. mels: M. level: whether each row is brought to mean 0 and
    deviation 1 over its own frames (else by constants). Frame w is centred on sample w x hop; what lies
    outside a row's own samples is zero, so that padding and neighbours change nothing. Bands hold the
    natural logarithm of the mean power; masked frames hold 0. No weights.
    """

    window_N: Tensor
    bank_MK: Tensor

    def __init__(
        self, rate: int, *, window: int, hop: int, mels: int = 64, scale: Scale = "slaney", level: bool = True
    ) -> None:
        super().__init__()
        self.window, self.hop, self.level = window, hop, level
        self.size = max(_power_of_two(window), _power_of_two(rate / 20))
        hann = torch.hann_window(window, periodic=True, dtype=torch.float64)
        bank = torch.from_numpy(filterbank(rate, self.size, mels, scale=scale))
        self.register_buffer("window_N", (hann / hann.square().sum().sqrt()).float(), persistent=False)
        self.register_buffer("bank_MK", bank.T.float().contiguous(), persistent=False)

    def frames(self, samples: int) -> int:
        """How many frames a sound of so many samples has: one per started hop."""
        return -(-samples // self.hop)

    def forward(self, wave_BT: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        scale = 1 / 32768 if wave_BT.dtype == torch.int16 else 1.0
        wave_BT = torch.where(mask_BT, wave_BT.float() * scale, 0.0)
        count = self.frames(wave_BT.shape[1])
        after = (count - 1) * self.hop + self.size // 2 - wave_BT.shape[1]
        padded = nn.functional.pad(wave_BT, (self.size // 2, max(0, after)))
        with torch.autocast(wave_BT.device.type, enabled=False):
            complex_BKW = torch.stft(
                padded,
                self.size,
                self.hop,
                self.window,
                self.window_N,
                center=False,
                return_complex=True,
            )[..., :count]
            power_BKW = complex_BKW.real.square() + complex_BKW.imag.square()
            log_BMW = (self.bank_MK @ power_BKW + _FLOOR).log()
        lengths_B = mask_BT.sum(1)
        starts_W = torch.arange(count, device=wave_BT.device) * self.hop
        mask_BW = starts_W < lengths_B[:, None]
        return _scaled(log_BMW, mask_BW, self.level), mask_BW


def _power_of_two(least: float) -> int:
    return int(2 ** math.ceil(math.log2(least)))


def levelled(bands_BMW: Tensor, mask_BW: Tensor, least: float = 0.5) -> Tensor:
    """Each row's bands (B, M, W) at mean 0 and deviation 1 over its own real frames; masked frames hold 0.

    least: a smaller deviation counts as this one, so that silence is not blown up.
    """
    mask_B1W = mask_BW[:, None]
    total_B11 = (mask_BW.sum(1).clamp(min=1) * bands_BMW.shape[1])[:, None, None]
    mean = torch.where(mask_B1W, bands_BMW, 0.0).sum((1, 2), keepdim=True) / total_B11
    square = torch.where(mask_B1W, (bands_BMW - mean).square(), 0.0).sum((1, 2), keepdim=True)
    scaled = (bands_BMW - mean) / (square / total_B11).sqrt().clamp(min=least)
    return torch.where(mask_B1W, scaled, 0.0)


def _scaled(log_BMW: Tensor, mask_BW: Tensor, level: bool) -> Tensor:
    """Around zero: by each row's own real frames, or by constants that suit speech."""
    if level:
        return levelled(log_BMW, mask_BW)
    return torch.where(mask_BW[:, None], (log_BMW + 9.0) / SPREAD, 0.0)
