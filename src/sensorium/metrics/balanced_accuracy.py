import numpy as np

from sensorium.metrics._base import ConfusionMetric, Floats, Tally, ratio


class BalancedAccuracy(ConfusionMetric):
    """The plain mean of the recalls of the classes that are true somewhere."""

    kind, better, percent, shown = "labels", "high", True, "balanced accuracy"

    def score(self, tally: Tally) -> Floats:
        true = tally.true > 0
        return ratio(np.where(true, tally.recall(), 0.0).sum(-1), true.sum(-1).astype(np.float64))
