from sensorium.metrics._base import ConfusionMetric, Floats, Tally


class F1Macro(ConfusionMetric):
    """The plain mean of the F1 scores of the classes that are true or said somewhere."""

    kind, better, percent, shown = "labels", "high", True, "macro F1"

    def score(self, tally: Tally) -> Floats:
        return tally.macro(tally.f1())
