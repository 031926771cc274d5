from sensorium.metrics._base import Floats, Ranked, RankMetric, ratio


class Auroc(RankMetric):
    """The area under the ROC curve: how often a positive row scores above a negative one, ties half.

    Two classes: of the second one. More: the plain mean of one class against the rest, over classes
    that are neither absent nor everywhere. nan when there is no such class.
    """

    kind, better, shown = "labels", "high", "AUROC"

    def binary(self, ranking: Ranked, positive: Floats, total: Floats) -> Floats:
        negative_below = ranking.below - ranking.positive_below
        negative_tied = ranking.through - ranking.below - ranking.positive
        won = (ranking.positive * (negative_below + negative_tied / 2)).sum(0)
        negative = total - positive
        return ratio(won, positive * (negative > 1e-12 * total) * negative)
