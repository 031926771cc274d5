"""Raw inputs as one wide sparse matrix for linear models.

Letters: N rows, F features.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp

from sensorium.members._base import Arrays
from sensorium.members._columns import codes_of, numbers_of, present
from sensorium.members._terms import Terms, prefixed, under
from sensorium.table.field import Field
from sensorium.table.prepared import Prepared
from sensorium.types import Facts

FAR = 8.0
"""Standardised numbers are cut here: one outlier must not rule a line."""
KNOTS, BENT = (0.25, 0.5, 0.75), 50
"""Quantiles at which a line may bend (house prices: error 33.4 -> 29.2 %), for at most so many numbers."""


@dataclass(frozen=True)
class Wide:
    """numbers: values with missing as 0, where they miss, and how far they are over each knot; codes:
    one of many, unknown as nothing, and where they miss; words: TF-IDF, and where the text misses.

    knots: {field of numbers: for each feature where its line may bend}.
    """

    fields: tuple[Field, ...]
    terms: dict[str, Terms]
    knots: dict[str, list[list[float]]]

    @classmethod
    def fit(cls, fields: Sequence[Field], data: Prepared, most: int) -> Self:
        """Vocabularies from ``data``, at most ``most`` terms each."""
        terms = {f.name: Terms.fit(data.texts[f.name], most) for f in fields if f.kind == "words"}
        numbers = [f for f in fields if f.kind == "numbers"]
        bends = sum(f.features for f in numbers) <= BENT
        return cls(tuple(fields), terms, {f.name: _knots(data, f) for f in numbers if bends})

    def matrix(self, data: Prepared) -> sp.csr_matrix:
        """float64 sparse (N, F)."""
        return sp.hstack([self._block(data, f) for f in self.fields], format="csr")

    def _block(self, data: Prepared, field: Field) -> sp.csr_matrix:
        if field.kind == "words":
            gone = sp.csr_matrix(~present(data, field)[:, None], dtype=np.float64)
            return sp.hstack([self.terms[field.name].transform(data.texts[field.name]), gone], format="csr")
        if field.kind == "codes":
            return _one_of_many(codes_of(data, field), field.sizes)
        values = numbers_of(data, field).astype(np.float64)
        gone = np.isnan(values)
        kept = np.clip(np.where(gone, 0.0, values), -FAR, FAR)
        knots = self.knots.get(field.name, [])
        over = [np.maximum(kept[:, place, None] - np.array(k), 0.0) for place, k in enumerate(knots)]
        return sp.csr_matrix(np.concatenate([kept, gone, *over], axis=1))

    def state(self) -> tuple[Facts, Arrays]:
        """JSON and arrays for ``restore``."""
        told: Facts = {"fields": [asdict(f) for f in self.fields], "terms": {}, "knots": self.knots}
        arrays: Arrays = {}
        for name, terms in self.terms.items():
            told["terms"][name], own = terms.state()
            arrays |= prefixed(own, f"{name}/")
        return told, arrays

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays) -> Self:
        """The reverse of ``state``."""
        terms = {n: Terms.restore(told, under(arrays, f"{n}/")) for n, told in facts["terms"].items()}
        return cls(fields_from(facts["fields"]), terms, facts["knots"])


def fields_from(told: Sequence[Facts]) -> tuple[Field, ...]:
    """Fields from their JSON form."""
    ranks = [tuple(tuple(r) for r in t.get("ranks", ())) for t in told]
    return tuple(
        Field(t["name"], t["kind"], t["features"], tuple(t["sizes"]), r)
        for t, r in zip(told, ranks, strict=True)
    )


def _one_of_many(
    codes: np.ndarray[tuple[int, ...], np.dtype[np.int64]], sizes: tuple[int, ...]
) -> sp.csr_matrix:
    """Columns 0..size-1 of each feature: 0 says missing, code c > 0 says c; the unknown code says nothing."""
    starts = np.concatenate([[0], np.cumsum(sizes)])
    inside = codes < np.array(sizes)
    places = np.where(codes < 0, 0, codes) + starts[:-1]
    rows, features = np.nonzero((codes != 0) & inside)
    columns = places[rows, features]
    return sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(codes), int(starts[-1])))


def _knots(data: Prepared, field: Field) -> list[list[float]]:
    """The quartiles of each feature's real values, equals once."""
    found = []
    for column in numbers_of(data, field).T:
        real = np.clip(column[~np.isnan(column)].astype(np.float64), -FAR, FAR)
        found.append(np.unique(np.quantile(real, KNOTS)).tolist() if len(real) else [])
    return found
