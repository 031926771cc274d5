from sensorium.metrics._base import Floats, Ranked, RankMetric, ratio


class AveragePrecision(RankMetric):
    """The sum of (recall_i - recall_i-1) x precision_i over the thresholds, not interpolated.

    Two classes: of the second one. More: the plain mean of one class against the rest, over classes
    that are true somewhere. nan when there is no such class.
    """

    kind, better, shown = "labels", "high", "average precision"

    def binary(self, ranking: Ranked, positive: Floats, total: Floats) -> Floats:
        above = total - ranking.below
        right = positive - ranking.positive_below
        precision = ratio(right, above, 0.0)
        return ratio((ranking.positive * precision).sum(0), positive)
