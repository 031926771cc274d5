from typing import TYPE_CHECKING

from sensorium.family import Family

if TYPE_CHECKING:  # listing a family imports nothing heavy
    from sensorium.fusion._base import Fusion

fusions: "Family[Fusion]" = Family("fusion", __name__, "Fusion")
