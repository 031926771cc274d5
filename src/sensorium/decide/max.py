import numpy as np

from sensorium.decide._base import Decide, Voices
from sensorium.members._base import Floats


class Max(Decide):
    """The surest member decides: of each class the highest probability that any member gives it.

    The max rule (Kittler, Hatef, Duin and Matas, On combining classifiers, IEEE TPAMI 20(3), 1998) for equal
    priors; the maxima are divided by their sum, which keeps their order.
    """

    kinds = ("classify",)

    def decide(self, voices: Voices) -> Floats:
        return voices.spoken(np.where(voices.answered[:, :, None], voices.shares(), 0.0).max(0))
