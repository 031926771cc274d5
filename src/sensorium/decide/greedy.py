from typing import Annotated

import numpy as np
from pydantic import Field

from sensorium.decide._base import Known, Learned, Voices
from sensorium.members._base import Arrays, Floats, Numbers
from sensorium.members._greedy import greedy
from sensorium.types import Facts

TARGET = "target"


class Greedy(Learned):
    """Weights for members, found by adding the one that helps most, with replacement.

    Ensemble selection (Caruana, Niculescu-Mizil, Crew and Ksikes, Ensemble selection from libraries of
    models, ICML 2004) by the target's own score, averaged over bootstraps of the rows; the weights of members
    that abstain fall to the others. A TrainingError tells when the goal has no score.

    Choices:
        bags: Bootstraps of the rows whose weights are averaged; 0 selects once, on all rows.
    """

    def __init__(self, *, bags: Annotated[int, Field(ge=0)] = 10) -> None:
        self.bags = bags
        self.weights: dict[str, float] = {}

    def fit(self, voices: Voices, known: Known) -> None:
        heard = zip(voices.names, voices.values, voices.answered, strict=True)
        said = {name: Numbers({TARGET: v}, a) for name, v, a in heard}
        self.weights = greedy(said, TARGET, voices.goal, known.rows, bags=self.bags, seed=known.seed)

    def decide(self, voices: Voices) -> Floats:
        """Members without a weight answer, evenly, the rows that those with one abstain from."""
        weights = np.array([self.weights.get(name, 0.0) for name in voices.names])[:, None] * voices.answered
        nobody = weights.sum(0) == 0
        weights = np.where(nobody, voices.answered.astype(np.float64), weights)
        return voices.goal.build().combine(list(voices.values), list(weights))

    def state(self) -> tuple[Facts, Arrays]:
        return {"weights": self.weights}, {}

    def load(self, facts: Facts, arrays: Arrays) -> None:  # noqa: ARG002
        self.weights = {name: float(weight) for name, weight in facts["weights"].items()}
