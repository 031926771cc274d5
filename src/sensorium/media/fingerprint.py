"""Fingerprints: 256 bits that stay nearly the same when a medium is re-encoded, scaled or lightly edited.

Letters: H, W height and width of a map; S pieces of a text.
"""

import re
import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sensorium.media import image

SIDE = 16
BYTES = SIDE * SIDE // 8
PIXELS = 64
FLAT = 2.0
"""Grey levels (of 255) of deviation below which a picture has nothing to tell it by."""
PIECE = 4
LIMITS = image.Limits()
LONGEST = 20_000
"""Characters of a text that are read."""

_SIGNS = re.compile(r"[\W_]+")
_FLIP, _LEFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_RIGHT = np.uint64(0x94D049BB133111EB)


def of_map(values_HW: NDArray[np.floating]) -> bytes:
    """The signs of the lowest 16 x 16 cosine frequencies of a map, the constant one left out.

    Perceptual hashing by the cosine transform (Zauner 2010), with signs in place of a median and 16 x 16
    frequencies in place of 8 x 8: 64 bits take hundreds of different handwritten digits for one.
    """
    rows, columns = values_HW.shape
    waves = _cosines(rows) @ (values_HW - values_HW.mean()) @ _cosines(columns).T
    bits = waves > 0
    bits[0, 0] = False
    return np.packbits(bits).tobytes()


def of_picture(cell: object, limits: image.Limits = LIMITS) -> bytes | None:
    """A picture's fingerprint, by its shades of grey; None for one of a single shade. Raises CorruptCell."""
    grey_HW = image.decode(cell, PIXELS, 1, "stretch", limits)[0].astype(np.float64)
    return None if grey_HW.std() < FLAT else of_map(grey_HW)


def of_text(text: str) -> bytes | None:
    """A text's fingerprint, by which pieces of four letters it holds; None where it holds no letter.

    SimHash (Charikar 2002): each piece votes for 256 random signs. Case, punctuation and white space do not
    count.
    """
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).casefold()
    letters = np.frombuffer(_SIGNS.sub(" ", plain).strip().encode("utf-32-le"), np.uint32).astype(np.uint64)
    if not len(letters):
        return None
    letters = np.pad(letters, (0, max(0, PIECE - len(letters))))
    count = len(letters) - PIECE + 1
    pieces_S = np.zeros(count, np.uint64)
    for place in range(PIECE):
        pieces_S = _mixed(pieces_S ^ letters[place : place + count])
    pieces_S = np.unique(pieces_S)
    votes = np.zeros(8 * BYTES, np.int64)
    for start in range(0, len(pieces_S), 4096):
        some = pieces_S[start : start + 4096]
        words = np.stack([_mixed(some + np.uint64(word)) for word in range(1, BYTES // 8 + 1)], 1)
        votes += np.unpackbits(words.astype("<u8").view(np.uint8), axis=1).sum(0, dtype=np.int64)
    return np.packbits(2 * votes > len(pieces_S)).tobytes()


@lru_cache(maxsize=8)
def _cosines(length: int) -> NDArray[np.float64]:
    """(16, length): the first rows of the cosine transform (DCT-II); zeros beyond its own length."""
    k, n = np.arange(SIDE)[:, None], np.arange(length)
    return np.where(k < length, np.cos(np.pi * k * (2 * n + 1) / (2 * length)), 0.0)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64: every bit of the result depends on every bit of x."""
    x = x + _FLIP
    x = (x ^ (x >> np.uint64(30))) * _LEFT
    x = (x ^ (x >> np.uint64(27))) * _RIGHT
    return x ^ (x >> np.uint64(31))
