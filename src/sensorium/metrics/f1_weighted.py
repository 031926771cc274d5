from sensorium.metrics._base import ConfusionMetric, Floats, Tally, ratio


class F1Weighted(ConfusionMetric):
    """The mean of the classes' F1 scores, each counting as many times as it is true."""

    kind, better, percent, shown = "labels", "high", True, "weighted F1"

    def score(self, tally: Tally) -> Floats:
        return ratio((tally.f1() * tally.true).sum(-1), tally.true.sum(-1))
