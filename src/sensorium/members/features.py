"""Trees on pooled features of encoders and on raw columns.

Letters: N rows, D features of an encoder.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Limit

from sensorium import seeds
from sensorium.errors import ShapeError
from sensorium.members._base import Job, Numbers
from sensorium.members._grown import Boosting, Grown, Table, boosted
from sensorium.members._outcome import Outcome
from sensorium.members._stand import stand
from sensorium.members._wood import Ground, Wood
from sensorium.table.field import Field
from sensorium.table.packed import MISSING, PRESENT, Packed
from sensorium.table.prepared import Prepared


class Features(Wood):
    """Boosted or averaged trees on pooled features, which stand in a prepared table as inputs of numbers.

    The features must be out-of-fold for the training rows: made by an encoder that has not seen them.
    """

    @classmethod
    def fit(
        cls,
        job: Job,
        features: Mapping[str, NDArray[np.float32]],
        *,
        grow: Literal["boosted", "averaged"] = "averaged",
        trees: Annotated[int, Limit(ge=1)] = 200,
        directions: Annotated[int, Limit(ge=0)] = 60,
        hide: Annotated[float, Limit(ge=0, le=1)] = 0.1,
        rows: Annotated[int, Limit(ge=2)] = 20_000,
    ) -> Self:
        """Fit every goal that trees can learn; the job's fields are the raw columns used beside the features.

        features: {input: float32 (N, D)} for all rows of the job's table, NaN rows where missing.
        grow: boosted trees, or the mean of extremely randomised ones.
        trees: how many are averaged.
        directions: leading directions of each raw text's TF-IDF that become columns.
        hide: the share of rows that are learned from a second time with some inputs missing.
        rows: at most this many training rows, sampled.
        """
        pooled = tuple(Field(name, "numbers", values.shape[1]) for name, values in features.items())
        job = replace(job, fields=(*job.fields, *pooled), data=with_features(job.data, features))
        categories = sum(f.features for f in job.fields if f.kind == "codes")
        how = Boosting(0.05, 500, 16, share=0.3, patience=30)

        def grown(train: Table, check: Table, outcome: Outcome, name: str) -> Grown:
            if grow == "averaged":
                return stand(train, check, outcome, job, name, trees, (1, 3, 8), 0.3)
            return boosted(train, check, outcome, categories, how, seeds.number(job.seed, f"features {name}"))

        return cls._grown(job, Ground(directions, 5, hide, rows), grown)

    def numbers_from(self, data: Prepared, features: Mapping[str, NDArray[np.float32]]) -> Numbers:
        """Numbers of every row from features {input: float32 (N, D)} and the raw columns of ``data``."""
        return self.numbers(with_features(data, features))


def with_features(data: Prepared, features: Mapping[str, NDArray[np.float32]]) -> Prepared:
    """The same rows with pooled features (N, D) in the place of these inputs; rows of NaN are missing.

    Raises ShapeError when an input's features are not one row of numbers for each row of the table.
    """
    inputs = dict(data.inputs)
    for name, values in features.items():
        if values.ndim != 2 or len(values) != len(data):
            raise ShapeError(
                f"features of {name!r}: expected ({len(data)}, D), one row for each row of the table, "
                f"got {tuple(values.shape)}. Give the features of the same rows."
            )
        real = np.isfinite(values)
        status = np.where(real.any(1), PRESENT, MISSING).astype(np.uint8)
        kept = np.where(real, values, 0).astype(np.float32)
        inputs[name] = (Packed(kept, status, mask=real),)
    return replace(data, inputs=inputs)
