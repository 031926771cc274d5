"""Mean, deviation and rank of the numbers of vectors, in one pass; arrays as short JSON.

Letters: F numbers of a vector.
"""

import base64
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

_TINY = 1e-12


class Moments:
    """Sums over vectors (T, F): as they come, and of their signed logarithm, which ranks counts."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._shift = np.zeros(width)
        self._count = np.zeros(width)
        self._sums = np.zeros((2, width))
        self._squares = np.zeros((2, width))
        self._negative = False
        self._seen = 0

    def add(self, vectors: Floats) -> None:
        """Some vectors (T, F), NaN where a number misses."""
        wide = vectors.astype(np.float64)
        real = ~np.isnan(wide)
        wide = np.where(real, wide, 0.0)
        new = (self._count == 0) & real.any(0)
        if new.any():  # sums of what is left after a first value: large means cost no digits
            first = wide[real.argmax(0), np.arange(self.width)]
            self._shift = np.where(new, first, self._shift)
        self._count += real.sum(0)
        self._seen += len(wide)
        self._negative |= bool((wide < 0).any())
        for place, x in enumerate((wide - self._shift, np.sign(wide) * np.log1p(np.abs(wide)))):
            x = np.where(real, x, 0.0)
            self._sums[place] += x.sum(0)
            self._squares[place] += (x**2).sum(0)

    def scale(self, how: Literal["each", "whole", "none"]) -> tuple[Floats, Floats]:
        """Mean and deviation of each number; of all numbers; or 0 and 1."""
        count = np.maximum(self._count, 1)
        left = self._sums[0] / count
        mean = self._shift + left
        variance = np.maximum(self._squares[0] / count - left**2, 0)
        if how == "none":
            mean, deviation = np.zeros(self.width), np.ones(self.width)
        elif how == "whole":
            share = self._count / max(1.0, self._count.sum())
            middle = float((share * mean).sum())
            whole = float((share * (variance + (mean - middle) ** 2)).sum()) ** 0.5
            mean, deviation = np.full(self.width, middle), np.full(self.width, whole)
        else:
            deviation = np.sqrt(variance)
        flat = deviation <= _TINY * np.maximum(np.abs(mean), 1e-300)
        return mean.astype(np.float32), np.where(flat, 1.0, deviation).astype(np.float32)

    def ranked(self, most: int, among: Places | None = None) -> Places:
        """The ``most`` numbers that vary most, in their order; numbers that are never negative (counts) by
        their logarithm. among: only these; then places among them are returned."""
        place = 0 if self._negative else 1
        count = np.maximum(self._count, 1)
        variance = self._squares[place] / count - (self._sums[place] / count) ** 2
        variance = variance if among is None else variance[among]
        found: Places = np.sort(np.argsort(-variance, kind="stable")[:most]).astype(np.int64)
        return found

    def missing(self) -> float:
        """The share of numbers that miss."""
        return float(1 - self._count.sum() / max(1, self._seen * self.width))


def packed_floats(values: Floats) -> str:
    """float32 numbers as base64: 20,000 of them are 107 kB of JSON instead of 400."""
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode("ascii")


def unpacked_floats(text: str) -> Floats:
    """The reverse of ``packed_floats``."""
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float32)


def packed_places(places: Places) -> str:
    """Whole numbers of 32 bits as base64."""
    return base64.b64encode(np.ascontiguousarray(places, "<i4").tobytes()).decode("ascii")


def unpacked_places(text: str) -> Places:
    """The reverse of ``packed_places``."""
    return np.frombuffer(base64.b64decode(text), "<i4").astype(np.int64)
