from typing import TYPE_CHECKING

from sensorium.family import Family

if TYPE_CHECKING:  # listing a family imports nothing heavy
    from sensorium.metrics._base import Metric

metrics: "Family[Metric]" = Family("metric", __name__, "Metric")
