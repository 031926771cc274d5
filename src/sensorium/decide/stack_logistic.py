import warnings
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from sensorium.decide._base import TINY, Known
from sensorium.decide._stack import Fitted, Reads, Stacked
from sensorium.members._base import Arrays, Floats
from sensorium.members._grown import Table
from sensorium.members._outcome import Outcome, softmax
from sensorium.types import Facts

ABSENT = -20.0
"""The log-probability of a class that the rows do not have."""
STEPS = 1_000


class StackLogistic(Stacked):
    """Multinomial logistic regression on what the members say (stacking; Wolpert 1992, Ting and Witten 1999).

    Ting and Witten (Issues in stacked generalization, JAIR 10, 1999) found probabilities and a linear learner
    to be what makes stacking work; here it reads their logarithms, so that a product of experts is among what
    it can say. Columns are standardised; a member's mark lets the answer lean on the others where it
    abstains.

    Choices:
        inverse: The inverse of the ridge penalty; small ones trust all members alike.
        reads: Probabilities (shares) or their logarithms (logs).
        hide: The share of rows that are learned from a second time with some members silent.
    """

    kinds = ("classify",)

    def __init__(
        self,
        *,
        inverse: Annotated[float, Field(gt=0)] = 1.0,
        reads: Reads = "logs",
        hide: Annotated[float, Field(ge=0, le=1)] = 0.3,
    ) -> None:
        super().__init__(reads, hide)
        self.inverse = inverse

    def learn(self, table: Table, outcome: Outcome, known: Known) -> Fitted:  # noqa: ARG002
        centre = table.x.mean(0, dtype=np.float64)
        scale = table.x.std(0, dtype=np.float64)
        scale = np.where(scale > 1e-9, scale, 1.0)
        model = LogisticRegression(C=self.inverse, max_iter=STEPS, tol=1e-6)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # 1,000 steps say what there is to say
            model.fit((table.x - centre) / scale, table.lesson.values, table.lesson.weight)
        weights, bias = model.coef_, model.intercept_
        if len(weights) == 1:
            weights, bias = np.concatenate([0 * weights, weights]), np.array([0.0, bias[0]])
        weights = weights / scale
        return _Coefficients(
            weights.T, bias - weights @ centre, model.classes_.astype(np.int64), outcome.classes
        )

    def restored(self, facts: Facts, arrays: Arrays) -> Fitted:
        return _Coefficients.restore(facts, arrays)


@dataclass(frozen=True)
class _Coefficients:
    """Scores x @ weights + bias of the C classes that were met. weights: float64 (F, C). width: K."""

    weights: Floats
    bias: Floats
    classes: NDArray[np.int64]
    width: int

    def say(self, x: NDArray[np.float32]) -> Floats:
        scores = x @ self.weights + self.bias
        said = np.full((len(x), self.width), ABSENT)
        said[:, self.classes] = np.log(np.maximum(softmax(scores), TINY))
        return said

    def state(self) -> tuple[Facts, Arrays]:
        return {"width": self.width}, {"weights": self.weights, "bias": self.bias, "classes": self.classes}

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays) -> Self:
        weights, bias = arrays["weights"].astype(np.float64), arrays["bias"].astype(np.float64)
        return cls(weights, bias, arrays["classes"].astype(np.int64), int(facts["width"]))
