from typing import Annotated

import numpy as np
from pydantic import Field

from sensorium.decide._base import TINY, Decide, Voices
from sensorium.members._base import Floats


class Confidence(Decide):
    """The mean of probabilities, each member weighed in each row by how sure it is there.

    weight = (1 - H(p) / log K) ^ power, with H the entropy of the member's K probabilities. Weights from
    entropy are those of Misra, Bourlard and Tyagi (New entropy based combination rules in HMM/ANN
    multi-stream ASR, ICASSP 2003), who take 1 / H; here a member that knows nothing has none at all. Where
    all that answer know nothing, they count the same.

    Choices:
        power: How much sureness counts; 0 is the plain mean, and large ones let the surest decide alone.
    """

    kinds = ("classify",)

    def __init__(self, *, power: Annotated[float, Field(ge=0)] = 1.0) -> None:
        self.power = power

    def decide(self, voices: Voices) -> Floats:
        shares = voices.shares()
        entropy = -(shares * np.log(np.maximum(shares, TINY))).sum(2) / np.log(shares.shape[2])
        sure = np.clip(1 - entropy, 0.0, 1.0) ** self.power
        weights = np.where(voices.answered, sure, 0.0)
        nobody = weights.sum(0) < TINY
        weights = np.where(nobody, voices.answered.astype(np.float64), weights)
        return voices.goal.build().combine(list(voices.values), list(weights))
