from typing import Annotated

import numpy as np
from pydantic import Field

from sensorium.decide._base import Decide, Voices
from sensorium.members._base import Floats


class Product(Decide):
    """A product of experts with the prior counted once: exact where inputs are independent given the class.

    log p(k | all) = sum over members log p(k | one) - (members - 1) log p(k) + constant: the product rule
    (Kittler, Hatef, Duin and Matas, On combining classifiers, IEEE TPAMI 20(3), 1998, in posteriors), which
    divides a product of experts (Hinton, Neural Computation 14(8), 2002) by the prior that each of them
    holds. Members that abstain are no factor. The prior is that of the training labels.

    Choices:
        least: A member's probabilities are kept at least this high, so that a wrong one alone cannot veto.
    """

    kinds = ("classify",)

    def __init__(self, *, least: Annotated[float, Field(gt=0, lt=0.5)] = 1e-4) -> None:
        self.least = least

    def decide(self, voices: Voices) -> Floats:
        logs = np.log(np.maximum(voices.shares(), self.least))
        summed = np.where(voices.answered[:, :, None], logs, 0.0).sum(0)
        prior = np.log(np.maximum(voices.prior_shares(), self.least))
        logs = summed - (voices.answered.sum(0)[:, None] - 1) * prior
        return voices.spoken(np.exp(logs - logs.max(1, keepdims=True)))
