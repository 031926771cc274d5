from sensorium.metrics._base import Floats, Tally
from sensorium.metrics._sets import LabelsMetric


class F1MacroSets(LabelsMetric):
    """The plain mean of the F1 scores of the labels that are true or said somewhere."""

    better, percent, shown = "high", True, "macro F1 of labels"

    def score(self, tally: Tally) -> Floats:
        return tally.macro(tally.f1())
