import numpy as np

from sensorium.metrics._base import ConfusionMetric, Floats, Tally, ratio


class Mcc(ConfusionMetric):
    """Matthews' correlation of true and said labels, -1 to 1; 0 when either is constant.

    Source: Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation
    coefficient", eq. 8.
    """

    kind, better, shown = "labels", "high", "MCC"

    def score(self, tally: Tally) -> Floats:
        rows = np.where(tally.rows > 0, tally.rows, 1.0)
        true, said = tally.true / rows[..., None], tally.said / rows[..., None]
        shared = tally.right.sum(-1) / rows - (true * said).sum(-1)
        spread = (1 - (true**2).sum(-1)) * (1 - (said**2).sum(-1))
        constant = (true.max(-1) > 1 - 1e-12) | (said.max(-1) > 1 - 1e-12)
        spread = np.where(constant, 0.0, spread.clip(min=0))
        return ratio(shared, np.sqrt(spread), 0.0)
