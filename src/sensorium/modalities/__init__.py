from typing import TYPE_CHECKING

from sensorium.family import Family

if TYPE_CHECKING:  # listing a family imports nothing heavy
    from sensorium.modalities._base import Modality

modalities: "Family[Modality]" = Family("modality", __name__, "Modality")
