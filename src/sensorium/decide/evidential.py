from typing import Annotated

import numpy as np
from pydantic import Field

from sensorium.decide._base import TINY, Decide, Voices
from sensorium.members._base import Floats


class Evidential(Decide):
    """Members' opinions, each with what it leaves open, joined by Dempster's rule.

    Trusted multi-view classification (TMC; Han, Zhang, Fu and Zhou, ICLR 2021): evidence e (K) is a Dirichlet
    distribution with alpha = e + 1 and S = sum alpha, an opinion with belief b = e / S in each class and
    uncertainty u = K / S. Two opinions join (Definition 3.1) to b = (b1 b2 + b1 u2 + b2 u1) / (1 - C) and
    u = u1 u2 / (1 - C), where C, the conflict, sums b1_i b2_j over i != j. The answer is the mean of
    the joined Dirichlet, b + u / K. A member that abstains has no evidence (u = 1) and changes nothing.

    In the paper networks are trained to give evidence. The members here are not: they give probabilities p,
    from which no amount of evidence follows. It is taken to be e = evidence x (1 - H(p) / log K) x p, with H
    the entropy: a member that says nothing has none, one that is certain as much as that many observed rows.
    So uncertainty is only what the probabilities show, and a member that is sure and wrong is believed.

    Choices:
        evidence: What a member that is certain counts, in observed rows.
    """

    kinds = ("classify",)

    def __init__(self, *, evidence: Annotated[float, Field(gt=0, le=1e6)] = 10.0) -> None:
        self.evidence = evidence

    def decide(self, voices: Voices) -> Floats:
        shares = voices.shares()
        classes = shares.shape[2]
        entropy = -(shares * np.log(np.maximum(shares, TINY))).sum(2, keepdims=True) / np.log(classes)
        given = self.evidence * np.clip(1 - entropy, 0.0, 1.0) * shares
        given = np.where(voices.answered[:, :, None], given, 0.0)
        total = given.sum(2, keepdims=True) + classes
        beliefs, open_ = given / total, classes / total
        belief, left = np.zeros(shares.shape[1:]), np.ones((shares.shape[1], 1))
        for one, free in zip(beliefs, open_, strict=True):
            agreed = belief * one + belief * free + one * left
            whole = agreed.sum(1, keepdims=True) + left * free  # 1 - C
            belief, left = agreed / whole, left * free / whole
        return voices.spoken(belief + left / classes)
