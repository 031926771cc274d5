"""Raw inputs as one wide sparse matrix for linear models.

Letters: N rows, F features.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp

from sensorium.members._base import Arrays, Field
from sensorium.members._columns import codes_of, numbers_of, present
from sensorium.members._terms import Terms, prefixed, under
from sensorium.table.prepared import Prepared
from sensorium.types import Facts

FAR = 8.0
"""Standardised numbers are cut here: one outlier must not rule a line."""


@dataclass(frozen=True)
class Wide:
    """numbers: values with missing as 0, and where they miss; codes: one of many, unknown and missing
    as nothing, and where they miss; words: TF-IDF, and where the text misses."""

    fields: tuple[Field, ...]
    terms: dict[str, Terms]

    @classmethod
    def fit(cls, fields: Sequence[Field], data: Prepared, most: int) -> Self:
        """Vocabularies from ``data``, at most ``most`` terms each."""
        terms = {f.name: Terms.fit(data.texts[f.name], most) for f in fields if f.kind == "words"}
        return cls(tuple(fields), terms)

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
        return sp.csr_matrix(np.concatenate([np.clip(np.where(gone, 0.0, values), -FAR, FAR), gone], axis=1))

    def state(self) -> tuple[Facts, Arrays]:
        """JSON and arrays for ``restore``."""
        told: Facts = {"fields": [asdict(f) for f in self.fields], "terms": {}}
        arrays: Arrays = {}
        for name, terms in self.terms.items():
            told["terms"][name], own = terms.state()
            arrays |= prefixed(own, f"{name}/")
        return told, arrays

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays) -> Self:
        """The reverse of ``state``."""
        terms = {n: Terms.restore(told, under(arrays, f"{n}/")) for n, told in facts["terms"].items()}
        return cls(fields_from(facts["fields"]), terms)


def fields_from(told: Sequence[Facts]) -> tuple[Field, ...]:
    """Fields from their JSON form."""
    return tuple(Field(t["name"], t["kind"], t["features"], tuple(t["sizes"])) for t in told)


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
