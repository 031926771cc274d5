"""What trees and linear models read of a signal: fixed numbers about every channel and every pair of them.

Letters: K records of a block, T steps, C channels, V channels and the lengths of threes, P pairs of channels,
N points of a transform.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

QUANTILES = {"min": 0.0, "10%": 0.1, "25%": 0.25, "median": 0.5, "75%": 0.75, "90%": 0.9, "max": 1.0}
LAGS = (1, 2, 4, 8, 16)
SPANS = 5
"""Equal parts of the length, each with its own mean and deviation."""
OCTAVES = 6
"""Bands of frequency, each half as wide as the one above it; the lowest reaches down to 0."""
BASIC = ("mean", "deviation", "min", "median", "max", "slope", "change", "crossings", "real")
SHAPE = (
    *("10%", "25%", "75%", "90%", "spread", "energy", "skewness", "largest change"),
    *(f"repeat {lag}" for lag in LAGS),
    *(f"fifth {number + 1} {what}" for number in range(SPANS) for what in ("mean", "deviation")),
    *(f"octave {number + 1}" for number in range(OCTAVES)),
    *("middle frequency", "strongest frequency"),
)
WHOLE = ("steps", "seconds")
MOST_PAIRED, MOST_SHAPED = 16, 32
"""Channels up to which pairs are compared, and up to which each has SHAPE beside BASIC."""
_LARGEST, _FLAT = 1e30, 1e-7
"""Where numbers are held; the deviation, as a share of the largest number, under which a channel is flat."""


def names(channels: int) -> list[str]:
    """What each number is about, in order: ``mean of 3``, ``energy of three 1``, ``1 with 2``, ``steps``.

    For every channel and, where channels come in threes (as x, y, z do), for the length of every three: mean,
    deviation, min, max, quantiles, ``spread`` (median absolute deviation), ``energy`` (root mean square),
    skewness, slope over the whole length, mean and largest ``change`` from step to step, share of steps that
    are ``crossings`` of the mean, autocorrelation (``repeat`` after so many steps), mean and deviation of
    each fifth, amplitude in octaves of frequency (1 is the highest), the mean and the strongest frequency (in
    turns a step), and the share of steps that are ``real``. For every pair of channels their correlation. For
    the whole its ``steps`` and ``seconds``. Above 32 channels only BASIC of each, above 16 no pairs.
    """
    own = [str(place + 1) for place in range(channels)]
    own += [f"three {place + 1}" for place in range(_threes(channels))]
    left, right = _pairs(channels)
    pairs = [f"{a + 1} with {b + 1}" for a, b in zip(left, right, strict=True)]
    return [f"{kind} of {name}" for kind in _kinds(channels) for name in own] + pairs + list(WHOLE)


def numbers(x: Floats, mask: Bools, steps: NDArray[np.int64], seconds: Floats, longest: int) -> Floats:
    """The numbers (K, S) of padded signals (K, T, C), in the order of ``names``; NaN where not defined.

    mask: bool (K, T, C). steps, seconds: (K,), how long each is. longest: steps that no signal passes.
    """
    block = _Block(x, mask, steps, longest)
    found = [block.kind(kind) for kind in _kinds(x.shape[2])]
    whole = np.stack([steps, seconds], 1).astype(np.float64)
    every: Floats = np.concatenate([*found, block.correlations(), whole], 1)
    every[~np.isfinite(every)] = np.nan
    return np.clip(every, -_LARGEST, _LARGEST)


def _kinds(channels: int) -> tuple[str, ...]:
    return (*BASIC, *SHAPE) if channels <= MOST_SHAPED else BASIC


def _threes(channels: int) -> int:
    return channels // 3 if channels % 3 == 0 and channels <= MOST_SHAPED else 0


def _pairs(channels: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.triu_indices(channels if channels <= MOST_PAIRED else 0, 1)


class _Block:
    """Some records, padded. Every number is NaN where nothing defines it. x: (K, T, C). steps: (K,)."""

    def __init__(self, x: Floats, mask: Bools, steps: NDArray[np.int64], longest: int) -> None:
        self.steps, self.channels, self.longest = steps, x.shape[2], max(longest, x.shape[1])
        x = np.where(mask, x, 0.0)
        if threes := _threes(self.channels):
            lengths = np.sqrt(np.square(x.reshape(*x.shape[:2], threes, 3)).sum(3))
            x = np.concatenate([x, lengths], 2)
            mask = np.concatenate([mask, mask.reshape(*mask.shape[:2], threes, 3).all(3)], 2)
        self.mask, self.count = mask, mask.sum(1)
        self.x = np.where(mask, x, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.mean = self.x.sum(1) / self.count
            self.c = np.where(mask, self.x - self.mean[:, None], 0.0)
            self.deviation = np.sqrt(np.square(self.c).sum(1) / self.count)
        self.flat = ~(self.deviation > _FLAT * np.abs(self.x).max(1))
        self.sorted = np.sort(np.where(mask, self.x, np.inf), axis=1)
        self.pair = mask[:, 1:] & mask[:, :-1]
        self._spectrum: tuple[Floats, Floats] | None = None

    def kind(self, name: str) -> Floats:
        """(K, V): one kind of number of every channel."""
        word, _, rest = name.partition(" ")
        with np.errstate(invalid="ignore", divide="ignore"):
            if name in _SIMPLE:
                return _SIMPLE[name](self)
            if name in QUANTILES:
                return _quantile(self.sorted, self.count, QUANTILES[name])
            if word == "repeat":
                return self._repeat(int(rest))
            if word == "octave":
                return self._octave(int(rest))
            return self._span(int(rest.split()[0]) - 1, rest.endswith("mean"))

    def _repeat(self, lag: int) -> Floats:
        """Autocorrelation over the pairs of real steps that lie so far apart."""
        if lag >= self.x.shape[1]:
            return np.full(self.mean.shape, np.nan)
        both = self.mask[:, lag:] & self.mask[:, :-lag]
        product = np.where(both, self.c[:, lag:] * self.c[:, :-lag], 0.0).sum(1)
        found = product / both.sum(1) / np.square(self.deviation)
        return np.where(self.flat, np.nan, found)

    def _span(self, place: int, mean_only: bool) -> Floats:
        """Mean or deviation of the real steps of one of SPANS equal parts of each record."""
        number = np.arange(self.x.shape[1]) * SPANS // np.maximum(self.steps, 1)[:, None]
        inside = self.mask & (number == place)[:, :, None]
        count = inside.sum(1)
        mean: Floats = np.where(inside, self.x, 0.0).sum(1) / count
        if mean_only:
            return mean
        off = np.where(inside, self.x - mean[:, None], 0.0)
        return np.asarray(np.sqrt(np.square(off).sum(1) / count))

    def spectrum(self) -> tuple[Floats, Floats]:
        """Power (K, N / 2 + 1, V), whose sum is about the variance, and frequencies in turns a step.

        N depends on the longest of all records only, so that a record's neighbours change nothing.
        """
        if self._spectrum is None:
            points = 1 << max(4, (self.longest - 1).bit_length())
            power = np.square(np.abs(np.fft.rfft(self.c, points, axis=1)))
            power[:, 1 : points // 2] *= 2
            turns = np.arange(points // 2 + 1) / points
            self._spectrum = power / (points * self.count[:, None]), turns
        return self._spectrum

    def _octave(self, number: int) -> Floats:
        power, frequency = self.spectrum()
        low = 0.0 if number == OCTAVES else 0.5 ** (number + 1)
        inside = (frequency > low) & (frequency <= 0.5**number)
        return np.asarray(np.sqrt(power[:, inside].sum(1)))

    def correlations(self) -> Floats:
        """(K, P): over the steps at which both channels of a pair are real."""
        left, right = _pairs(self.channels)
        with np.errstate(invalid="ignore", divide="ignore"):
            z = np.where(self.mask, self.c / self.deviation[:, None], 0.0)[:, :, : self.channels]
            real = self.mask[:, :, : self.channels].astype(np.float64)
            z = np.where(self.flat[:, None, : self.channels], np.nan, z)
            product = np.matmul(z.transpose(0, 2, 1), z) / np.matmul(real.transpose(0, 2, 1), real)
        return np.asarray(np.clip(product[:, left, right], -1.0, 1.0))


def _quantile(ordered: Floats, count: NDArray[np.int64], share: float) -> Floats:
    """(K, V): a quantile of the real steps, which come first in order; between two of them by a line."""
    place = share * np.maximum(count - 1, 0)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    a, b = (np.take_along_axis(ordered, at[:, None], 1)[:, 0] for at in (low, high))
    found = a + (place - low) * np.where(high > low, b - a, 0.0)
    return np.where(count > 0, found, np.nan)


def _spread(block: _Block) -> Floats:
    middle = _quantile(block.sorted, block.count, 0.5)
    off = np.sort(np.where(block.mask, np.abs(block.x - middle[:, None]), np.inf), axis=1)
    return _quantile(off, block.count, 0.5)


def _skewness(block: _Block) -> Floats:
    z = np.where(block.mask, block.c / block.deviation[:, None], 0.0)
    return np.where(block.flat, np.nan, (z**3).sum(1) / block.count)


def _slope(block: _Block) -> Floats:
    """Least squares, from the first step to the last."""
    along = np.arange(block.x.shape[1]) / np.maximum(block.steps - 1, 1)[:, None]
    place = np.where(block.mask, along[:, :, None], 0.0)
    off = np.where(block.mask, place - (place.sum(1) / block.count)[:, None], 0.0)
    return np.asarray((off * block.c).sum(1) / np.square(off).sum(1))


def _changes(block: _Block) -> Floats:
    return np.where(block.pair, np.abs(np.diff(block.x, axis=1)), 0.0)


def _crossings(block: _Block) -> Floats:
    above = block.c > 0
    return np.asarray(((above[:, 1:] != above[:, :-1]) & block.pair).sum(1) / block.pair.sum(1))


def _middle_frequency(block: _Block) -> Floats:
    power, frequency = block.spectrum()
    found = (power * frequency[:, None]).sum(1) / power.sum(1)
    return np.where(block.flat, np.nan, found)


def _strongest_frequency(block: _Block) -> Floats:
    power, frequency = block.spectrum()
    return np.where(block.flat, np.nan, frequency[power.argmax(1)])


def _largest_change(block: _Block) -> Floats:
    return np.where(block.pair.any(1), _changes(block).max(1, initial=0.0), np.nan)


_SIMPLE: dict[str, Callable[[_Block], Floats]] = {
    "mean": lambda block: block.mean,
    "deviation": lambda block: block.deviation,
    "energy": lambda block: np.sqrt(np.square(block.x).sum(1) / block.count),
    "real": lambda block: block.count / np.maximum(block.steps, 1)[:, None],
    "change": lambda block: _changes(block).sum(1) / block.pair.sum(1),
    "largest change": _largest_change,
    "spread": _spread,
    "skewness": _skewness,
    "slope": _slope,
    "crossings": _crossings,
    "middle frequency": _middle_frequency,
    "strongest frequency": _strongest_frequency,
}
