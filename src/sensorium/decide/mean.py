import numpy as np

from sensorium.decide._base import Decide, Voices
from sensorium.members._base import Floats


class Mean(Decide):
    """Every member that answers a row counts the same: the mean of their probabilities or values.

    The sum rule (Kittler, Hatef, Duin and Matas, On combining classifiers, IEEE TPAMI 20(3), 1998) with its
    prior left out, as it is used: the linear opinion pool with equal weights.
    """

    def decide(self, voices: Voices) -> Floats:
        weights = voices.answered.astype(np.float64)
        return voices.goal.build().combine(list(voices.values), list(weights))
