"""Raw inputs as one wide sparse matrix for linear models.

Letters: N rows, F features.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sensorium.members._base import Arrays
from sensorium.members._columns import codes_of, numbers_of, present
from sensorium.members._terms import Terms, prefixed, under
from sensorium.table.field import Field
from sensorium.table.prepared import Prepared
from sensorium.types import Facts

TINY = 1e-9
FAR = 8.0
"""Standardised numbers are cut here: one outlier must not rule a line."""
KNOTS, BENT = (0.25, 0.5, 0.75), 50
"""Quantiles at which a line may bend (house prices: error 33.4 -> 29.2 %), for at most so many numbers."""


@dataclass(frozen=True)
class Wide:
    """numbers: values with missing as 0, where they miss, and how far they are over each knot; codes:
    one of many, unknown as nothing, and where they miss; words: TF-IDF, and where the text misses.

    knots: {field of numbers: for each feature where its line may bend}. scales: {field of numbers that come
    as they are: mean and deviation of each feature}.
    """

    fields: tuple[Field, ...]
    terms: dict[str, Terms]
    knots: dict[str, list[list[float]]]
    scales: dict[str, list[list[float]]]

    @classmethod
    def fit(cls, fields: Sequence[Field], data: Prepared, most: int) -> Self:
        """Vocabularies from ``data``, at most ``most`` terms each."""
        terms = {f.name: Terms.fit(data.texts[f.name], most) for f in fields if f.kind == "words"}
        numbers = [f for f in fields if f.kind == "numbers"]
        bends = sum(f.features for f in numbers) <= BENT
        scales = {f.name: _scale(data, f) for f in numbers if not f.scaled}
        knots = {f.name: _knots(_scaled(data, f, scales)) for f in numbers if bends}
        return cls(tuple(fields), terms, knots, scales)

    def matrix(self, data: Prepared) -> sp.csr_matrix:
        """float64 sparse (N, F)."""
        return sp.hstack([self._block(data, f) for f in self.fields], format="csr")

    def _block(self, data: Prepared, field: Field) -> sp.csr_matrix:
        if field.kind == "words":
            gone = sp.csr_matrix(~present(data, field)[:, None], dtype=np.float64)
            return sp.hstack([self.terms[field.name].transform(data.texts[field.name]), gone], format="csr")
        if field.kind == "codes":
            return _one_of_many(codes_of(data, field), field.sizes)
        values = _scaled(data, field, self.scales)
        gone = np.isnan(values)
        if not field.scaled:  # statistics of one thing miss together
            gone = gone.all(1, keepdims=True)
        kept = np.clip(np.where(np.isnan(values), 0.0, values), -FAR, FAR)
        knots = self.knots.get(field.name, [])
        over = [np.maximum(kept[:, place, None] - np.array(k), 0.0) for place, k in enumerate(knots)]
        return sp.csr_matrix(np.concatenate([kept, gone, *over], axis=1))

    def state(self) -> tuple[Facts, Arrays]:
        """JSON and arrays for ``restore``."""
        told: Facts = {"fields": [asdict(f) for f in self.fields], "terms": {}}
        told |= {"knots": self.knots, "scales": self.scales}
        arrays: Arrays = {}
        for name, terms in self.terms.items():
            told["terms"][name], own = terms.state()
            arrays |= prefixed(own, f"{name}/")
        return told, arrays

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays) -> Self:
        """The reverse of ``state``."""
        terms = {n: Terms.restore(told, under(arrays, f"{n}/")) for n, told in facts["terms"].items()}
        return cls(fields_from(facts["fields"]), terms, facts["knots"], facts.get("scales", {}))


def fields_from(told: Sequence[Facts]) -> tuple[Field, ...]:
    """Fields from their JSON form."""
    ranks = [tuple(tuple(r) for r in t.get("ranks", ())) for t in told]
    return tuple(
        Field(t["name"], t["kind"], t["features"], tuple(t["sizes"]), r, t.get("scaled", True))
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


def _scale(data: Prepared, field: Field) -> list[list[float]]:
    """Mean and deviation of each feature's real values; 0 and 1 where there are none."""
    values = numbers_of(data, field).astype(np.float64)
    real = ~np.isnan(values)
    count = np.maximum(real.sum(0), 1)
    mean = np.where(real, values, 0).sum(0) / count
    spread = np.sqrt((np.where(real, values - mean, 0) ** 2).sum(0) / count)
    return [mean.tolist(), np.where(spread > TINY, spread, 1.0).tolist()]


def _scaled(data: Prepared, field: Field, scales: dict[str, list[list[float]]]) -> NDArray[np.float64]:
    """float64 (N, F): the field's numbers about 0 with deviation 1; NaN where they miss."""
    values = numbers_of(data, field).astype(np.float64)
    if field.name not in scales:
        return values
    mean, spread = (np.array(part) for part in scales[field.name])
    scaled: NDArray[np.float64] = (values - mean) / spread
    return scaled


def _knots(values: NDArray[np.float64]) -> list[list[float]]:
    """The quartiles of each feature's real values, equals once."""
    found = []
    for column in values.T:
        real = np.clip(column[~np.isnan(column)].astype(np.float64), -FAR, FAR)
        found.append(np.unique(np.quantile(real, KNOTS)).tolist() if len(real) else [])
    return found
