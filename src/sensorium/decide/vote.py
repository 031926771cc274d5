from typing import Annotated

import numpy as np
from pydantic import Field

from sensorium.decide._base import Decide, Voices
from sensorium.members._base import Floats


class Vote(Decide):
    """Each member gives one vote to its likeliest class; the most votes win, ties by the mean probability.

    Majority vote (Kittler et al., On combining classifiers, IEEE TPAMI 20(3), 1998). The
    probability of a class is (votes + tie x mean probability) / (members + tie): with a tie below 1 no
    probability ever outweighs a vote. Of a member's equally likely classes it votes for the first.

    Choices:
        tie: What the mean probability counts, in votes: it decides ties and keeps all classes above 0.
    """

    kinds = ("classify",)

    def __init__(self, *, tie: Annotated[float, Field(gt=0, lt=1)] = 0.5) -> None:
        self.tie = tie

    def decide(self, voices: Voices) -> Floats:
        shares, heard = voices.shares(), voices.answered[:, :, None]
        votes = np.where(heard, np.eye(shares.shape[2])[shares.argmax(2)], 0.0).sum(0)
        members = voices.answered.sum(0)[:, None]
        mean = np.where(heard, shares, 0.0).sum(0) / members
        return voices.spoken((votes + self.tie * mean) / (members + self.tie))
