"""What a metric is: true answers and given answers -> one number."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Metric(ABC):
    """truth (N,), answer (N,) or (N, K), weight (N,) -> float; nan when it is not defined.

    ``kind`` says what it compares: ``labels``: truth int64 class numbers, answer probabilities (N, K);
    ``numbers``: truth and answer float64 in the column's own units.
    """

    kind: ClassVar[str]
    better: ClassVar[Literal["high", "low"]]
    percent: ClassVar[bool] = False
    """Shown times 100."""

    @abstractmethod
    def value(self, truth: NDArray[np.generic], answer: Floats, weight: Floats) -> float: ...


class RowMetric(Metric):
    """A metric that is a function of sums over rows: its bootstrap resamples the sums' terms."""

    @abstractmethod
    def rows(self, truth: NDArray[np.generic], answer: Floats) -> Floats:
        """(N, S): each row's terms."""

    @abstractmethod
    def reduce(self, sums: Floats) -> Floats:
        """(..., S) weighted sums of the terms -> (...) values. The first term is 1 for every row."""

    def value(self, truth: NDArray[np.generic], answer: Floats, weight: Floats) -> float:
        return float(self.reduce(weight @ self.rows(truth, answer)))
