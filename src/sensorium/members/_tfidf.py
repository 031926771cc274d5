"""TF-IDF of words and of characters inside words, fitted and evaluated from plain arrays.

Equal to scikit-learn's TfidfVectorizer with ``sublinear_tf`` and its smooth idf, for ``char_wb`` and for the
word pattern below; much quicker for characters, as each distinct word is cut once. Letters: N texts, V terms.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Literal, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sensorium.members._base import Arrays
from sensorium.types import Facts

WORD = re.compile(r"\w+|[^\w\s]")
"""A word, or one sign: question and exclamation marks carry feeling, signs carry units."""

Unit = Literal["words", "characters"]


@dataclass(frozen=True)
class Tfidf:
    """A fitted vocabulary. unit, low, high: n-grams of what and from which to which n. idf: float64 (V,)."""

    unit: Unit
    low: int
    high: int
    terms: tuple[str, ...]
    idf: NDArray[np.float64]

    @classmethod
    def fit(cls, texts: Sequence[str], unit: Unit, low: int, high: int, *, least: int, most: int) -> Self:
        """The terms of at least ``least`` texts, of which the ``most`` frequent, in alphabetical order."""
        found: Counter[str] = Counter()
        if unit == "words":
            for text in texts:
                found.update(set(_words(text, low, high)))
        else:
            holds, pieces = _pieces(texts)
            seen = (holds > 0).astype(np.int64)
            cuts, names = _cut(pieces, low, high, None)
            frequency = np.diff(((seen @ cuts) > 0).tocsc().indptr)
            found.update(dict(zip(names, frequency.tolist(), strict=True)))
        kept = sorted((t for t, n in found.items() if n >= least), key=lambda t: (-found[t], t))[:most]
        terms = tuple(sorted(kept))
        frequency = np.array([found[t] for t in terms], np.float64)
        return cls(unit, low, high, terms, np.log((1 + len(texts)) / (1 + frequency)) + 1)

    def transform(self, texts: Sequence[str | None]) -> sp.csr_matrix:
        """float64 sparse (N, V): rows of length 1, or empty for a missing text or one without known terms."""
        counts = self._counts([t or "" for t in texts])
        counts.data = (np.log(counts.data) + 1) * self.idf[counts.indices]
        lengths = np.sqrt(np.asarray(counts.multiply(counts).sum(1)).ravel())
        counts.data /= np.repeat(lengths, np.diff(counts.indptr))
        return counts

    def _counts(self, texts: Sequence[str]) -> sp.csr_matrix:
        known = self._places
        if self.unit == "words":
            lines = (_known(_words(text, self.low, self.high), known) for text in texts)
            return _matrix(lines, len(texts), len(self.terms))
        holds, pieces = _pieces(texts)
        cuts, _ = _cut(pieces, self.low, self.high, known)
        counts = sp.csr_matrix(holds @ cuts, dtype=np.float64)
        counts.sort_indices()
        return counts

    @cached_property
    def _places(self) -> dict[str, int]:
        return {t: i for i, t in enumerate(self.terms)}

    def state(self) -> tuple[Facts, Arrays]:
        """JSON and arrays: the terms are UTF-8 bytes one after another, with the end of each."""
        coded = [t.encode("utf-8", "surrogatepass") for t in self.terms]
        joined = np.frombuffer(b"".join(coded), np.uint8).copy()
        ends = np.cumsum([len(c) for c in coded], dtype=np.int64)
        facts: Facts = {"unit": self.unit, "low": self.low, "high": self.high}
        return facts, {"terms": joined, "ends": ends, "idf": self.idf}

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays) -> Self:
        """The reverse of ``state``."""
        joined, ends = arrays["terms"].astype(np.uint8).tobytes(), arrays["ends"].tolist()
        starts = [0, *ends[:-1]]
        terms = tuple(joined[a:b].decode("utf-8", "surrogatepass") for a, b in zip(starts, ends, strict=True))
        return cls(facts["unit"], facts["low"], facts["high"], terms, arrays["idf"].astype(np.float64))


def _words(text: str, low: int, high: int) -> Iterator[str]:
    tokens = WORD.findall(text.lower())
    for n in range(low, high + 1):
        yield from tokens if n == 1 else (" ".join(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def _grams(word: str, low: int, high: int) -> Iterator[str]:
    padded = f" {word} "
    for n in range(low, high + 1):
        yield padded[:n]
        yield from (padded[i : i + n] for i in range(1, len(padded) - n + 1))
        if n >= len(padded):
            return


def _pieces(texts: Sequence[str]) -> tuple[sp.csr_matrix, list[str]]:
    """How often each text holds each distinct piece between white space, and the pieces."""
    known: dict[str, int] = {}
    lines = ([known.setdefault(p, len(known)) for p in text.lower().split()] for text in texts)
    counted = _matrix(lines, len(texts), None)
    return counted, list(known)


def _cut(
    pieces: Sequence[str], low: int, high: int, known: dict[str, int] | None
) -> tuple[sp.csr_matrix, list[str]]:
    """How often each piece holds each n-gram (known ones, or all: then their names are returned)."""
    if known is not None:
        lines = (_known(_grams(piece, low, high), known) for piece in pieces)
        return _matrix(lines, len(pieces), len(known)), []
    found: dict[str, int] = {}
    every = ([found.setdefault(g, len(found)) for g in _grams(p, low, high)] for p in pieces)
    return _matrix(every, len(pieces), None), list(found)


def _known(grams: Iterator[str], known: dict[str, int]) -> list[int]:
    return [place for gram in grams if (place := known.get(gram)) is not None]


def _matrix(lines: Iterator[list[int]], rows: int, columns: int | None) -> sp.csr_matrix:
    """The counts of column numbers in each line."""
    every = list(lines)
    lengths = np.fromiter((len(line) for line in every), np.int64, rows)
    places = np.fromiter(chain.from_iterable(every), np.int64, int(lengths.sum()))
    width = columns if columns is not None else int(places.max(initial=-1)) + 1
    ends = np.concatenate([[0], np.cumsum(lengths)])
    counted = sp.csr_matrix((np.ones(len(places)), places, ends), shape=(rows, width))
    counted.sum_duplicates()
    return counted
