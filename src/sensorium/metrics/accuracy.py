from sensorium.metrics._base import ConfusionMetric, Floats, Tally


class Accuracy(ConfusionMetric):
    """The share of rows whose most probable label is the true one."""

    kind, better, percent, shown = "labels", "high", True, "accuracy"

    def score(self, tally: Tally) -> Floats:
        right: Floats = tally.right.sum(-1) / tally.rows.clip(min=1e-300)
        return right
