from typing import Literal

import numpy as np

from sensorium.decide._base import Decide, Voices
from sensorium.members._base import Floats


class LogitSum(Decide):
    """The sum of the members' log-probabilities: logits added up, as late fusion of networks often does.

    A product of experts (Hinton, Training products of experts by minimizing contrastive divergence, Neural
    Computation 14(8), 2002, equation 1): every member may veto, and members that agree make each other
    surer, which counts the classes' frequencies once for each of them (``product`` counts them once). Being a
    sum it cannot learn what only inputs together tell (exclusive or).

    Choices:
        pool: sum, or mean: the geometric mean of probabilities (logarithmic opinion pool, Genest and Zidek
            1986), which makes nobody surer.
    """

    kinds = ("classify",)

    def __init__(self, *, pool: Literal["sum", "mean"] = "sum") -> None:
        self.pool = pool

    def decide(self, voices: Voices) -> Floats:
        logs = np.where(voices.answered[:, :, None], voices.logs(), 0.0).sum(0)
        if self.pool == "mean":
            logs = logs / voices.answered.sum(0)[:, None]
        return voices.spoken(np.exp(logs - logs.max(1, keepdims=True)))
