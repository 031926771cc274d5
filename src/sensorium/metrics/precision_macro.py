from sensorium.metrics._base import ConfusionMetric, Floats, Tally


class PrecisionMacro(ConfusionMetric):
    """The plain mean over classes of the share of said labels that are right; 0 for a class never said."""

    kind, better, percent, shown = "labels", "high", True, "macro precision"

    def score(self, tally: Tally) -> Floats:
        return tally.macro(tally.precision())
