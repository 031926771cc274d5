"""Plain features for the baselines, in numpy: log-mel, HOG, small pictures, histograms of colour."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from PIL import Image

Floats: TypeAlias = NDArray[np.float64]


def filterbank(rate: int, bins: int, bands: int) -> Floats:
    """Triangular mel filters (bins, bands), HTK scale, from 0 Hz to half the rate."""
    mels = np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), bands + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    frequencies = np.linspace(0, rate / 2, bins)[:, None]
    rise = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    triangles: Floats = np.clip(np.minimum(rise, fall), 0, None)
    return triangles


def logmel(wave: Floats, rate: int, *, bands: int = 40, window_seconds: float = 0.032) -> Floats:
    """Log-mel frames (T, bands) of a wave, Hann window, half overlap, at least one frame."""
    size = 2 ** round(np.log2(window_seconds * rate))
    hop = size // 2
    if len(wave) < size:
        wave = np.pad(wave, (0, size - len(wave)))
    frames = np.lib.stride_tricks.sliding_window_view(wave, size)[::hop] * np.hanning(size)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    result: Floats = np.log(power @ filterbank(rate, size // 2 + 1, bands) + 1e-6)
    return result


def trimmed(wave: Floats, share: float = 0.02) -> Floats:
    """The wave without its quiet start and end, peak 1."""
    peak = np.abs(wave).max(initial=0)
    if peak == 0:
        return wave
    loud = np.flatnonzero(np.abs(wave) > share * peak)
    whole: Floats = wave[loud[0] : loud[-1] + 1] / peak
    return whole


def stretched(frames: Floats, steps: int) -> Floats:
    """The frames (T, F) resampled in time to (steps, F) by linear interpolation."""
    at = np.linspace(0, len(frames) - 1, steps)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, len(frames) - 1)
    result: Floats = frames[low] + (at - low)[:, None] * (frames[high] - frames[low])
    return result


def moments(frames: Floats) -> Floats:
    """Moments, quantiles and steps of every column of frames (T, F): one vector for a long sound."""
    steps = np.diff(frames, axis=0, prepend=frames[:1])
    quantiles = np.quantile(frames, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    skew = ((frames - frames.mean(0)) ** 3).mean(0) / (frames.std(0) + 1e-3) ** 3
    return np.concatenate(
        [frames.mean(0), frames.std(0), *quantiles, np.abs(steps).mean(0), steps.std(0), skew]
    )


def sound_statistics(frames: Floats) -> Floats:
    """Moments of log-mel frames (T, bands) and of their cepstrum, the level's quantiles and its rhythm."""
    frames = np.maximum(frames, frames.max() - 12)
    cepstrum = scipy.fft.dct(frames, axis=1, norm="ortho")[:, :25]
    level = frames.max(1)
    rhythm = np.abs(np.fft.rfft(stretched(frames.mean(1)[:, None] - frames.mean(), 128)[:, 0]))[:40]
    loudness = np.append(np.quantile(level, [0.1, 0.3, 0.5, 0.7, 0.9]), np.abs(np.diff(level)).mean())
    return np.concatenate([moments(frames), moments(cepstrum), loudness, rhythm])


def hog(pictures_BHW: NDArray[np.generic], *, cell: int = 4, bins: int = 9, block: int = 2) -> Floats:
    """Histograms of oriented gradients (B, F), unsigned, block-normalised (Dalal and Triggs, 2005)."""
    pictures = pictures_BHW.astype(np.float64)
    down, right = np.gradient(pictures, axis=1), np.gradient(pictures, axis=2)
    length = np.hypot(down, right)
    angle = np.arctan2(down, right) % np.pi / np.pi * bins
    low = np.floor(angle).astype(int) % bins
    share = angle - np.floor(angle)
    rows, columns = pictures.shape[1] // cell, pictures.shape[2] // cell
    histogram = np.zeros((len(pictures), rows, columns, bins))
    for number in range(bins):
        votes = length * ((low == number) * (1 - share) + ((low + 1) % bins == number) * share)
        votes = votes[:, : rows * cell, : columns * cell]
        histogram[..., number] = votes.reshape(len(pictures), rows, cell, columns, cell).sum((2, 4))
    blocks = [
        histogram[:, i : rows - block + 1 + i, j : columns - block + 1 + j]
        for i in range(block)
        for j in range(block)
    ]
    joined = np.concatenate(blocks, -1)
    joined /= np.linalg.norm(joined, axis=-1, keepdims=True) + 1e-3 * 255
    return joined.reshape(len(pictures), -1)


def small(pictures: Sequence[Image.Image], side: int) -> NDArray[np.uint8]:
    """The pictures as (B, side, side, 3), areas averaged."""
    return np.stack(
        [np.asarray(p.convert("RGB").resize((side, side), Image.Resampling.BOX)) for p in pictures]
    )


def colours(pictures_BHWC: NDArray[np.uint8], levels: int = 4) -> Floats:
    """Joint colour histograms (B, levels ** 3), each summing to 1."""
    codes = pictures_BHWC.astype(int) * levels // 256
    flat = (codes[..., 0] * levels + codes[..., 1]) * levels + codes[..., 2]
    counts = [np.bincount(f.ravel(), minlength=levels**3) for f in flat]
    shares: Floats = np.stack(counts) / flat[0].size
    return shares
