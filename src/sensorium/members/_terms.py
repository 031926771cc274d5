"""The TF-IDF of one text input: words 1-2 and characters 2-5 side by side.

Letters: N texts, V terms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import scipy.sparse as sp

from sensorium.members._base import Arrays
from sensorium.members._tfidf import Tfidf, Unit
from sensorium.types import Facts

LONGEST = 10_000
"""Characters of one text that are read."""
ALL = 20_000_000
"""Characters of all texts that are read; longer tables read less of each text."""
UNITS: tuple[tuple[Unit, int, int, int], ...] = (("words", 1, 2, 1), ("characters", 2, 5, 2))
"""Unit, lowest and highest n, and the number of texts that a term must be in."""


@dataclass(frozen=True)
class Terms:
    """Fitted vocabularies. longest: how many characters of a text are read."""

    tables: tuple[Tfidf, ...]
    longest: int

    @classmethod
    def fit(cls, texts: Sequence[str | None], most: int, least: int = 0) -> Self:
        """At most ``most`` terms in each vocabulary, each in at least ``least`` texts (0: as UNITS says)."""
        real = [t for t in texts if t]
        longest = min(LONGEST, max(100, ALL // max(1, len(real))))
        cut = [t[:longest] for t in real]
        tables = []
        for unit, low, high, usual in UNITS:
            needed = min(least or usual, max(1, len(cut) // 2))
            tables.append(Tfidf.fit(cut, unit, low, high, least=needed, most=most))
        return cls(tuple(tables), longest)

    def transform(self, texts: Sequence[str | None]) -> sp.csr_matrix:
        """float64 sparse (N, V of all vocabularies); empty rows for missing texts."""
        cut = [t and t[: self.longest] for t in texts]
        return sp.hstack([t.transform(cut) for t in self.tables], format="csr")

    def width(self) -> int:
        """V of all vocabularies."""
        return sum(len(t.terms) for t in self.tables)

    def state(self) -> tuple[Facts, Arrays]:
        """JSON and arrays for ``restore``."""
        told: list[Facts] = []
        arrays: Arrays = {}
        for i, table in enumerate(self.tables):
            facts, own = table.state()
            told.append(facts)
            arrays |= prefixed(own, f"{i}/")
        return {"longest": self.longest, "tables": told}, arrays

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays) -> Self:
        """The reverse of ``state``."""
        tables = [Tfidf.restore(told, under(arrays, f"{i}/")) for i, told in enumerate(facts["tables"])]
        return cls(tuple(tables), facts["longest"])


def under(arrays: Arrays, prefix: str) -> Arrays:
    """The arrays whose name starts with the prefix, without it."""
    return {n[len(prefix) :]: a for n, a in arrays.items() if n.startswith(prefix)}


def prefixed(arrays: Arrays, prefix: str) -> Arrays:
    """The same arrays with the prefix before their names."""
    return {prefix + n: a for n, a in arrays.items()}
