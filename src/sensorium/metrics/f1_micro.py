from sensorium.metrics._base import Floats, Tally, ratio
from sensorium.metrics._sets import LabelsMetric


class F1Micro(LabelsMetric):
    """The F1 score of all labels of all rows together: 2 right / (true + said); 0 when nothing is either."""

    better, percent, shown = "high", True, "micro F1"

    def score(self, tally: Tally) -> Floats:
        return ratio(2 * tally.right.sum(-1), tally.true.sum(-1) + tally.said.sum(-1), 0.0)
