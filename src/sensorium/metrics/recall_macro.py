from sensorium.metrics._base import ConfusionMetric, Floats, Tally


class RecallMacro(ConfusionMetric):
    """The plain mean over classes of the share of true labels that are found; 0 for a class never true."""

    kind, better, percent, shown = "labels", "high", True, "macro recall"

    def score(self, tally: Tally) -> Floats:
        return tally.macro(tally.recall())
