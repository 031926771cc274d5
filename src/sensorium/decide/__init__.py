from typing import TYPE_CHECKING

from sensorium.family import Family

if TYPE_CHECKING:  # listing a family imports nothing heavy
    from sensorium.decide._base import Decide

decisions: "Family[Decide]" = Family("decision", __name__, "Decide")
