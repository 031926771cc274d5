from typing import TYPE_CHECKING

from sensorium.family import Family

if TYPE_CHECKING:  # listing a family imports nothing heavy
    from sensorium.augment._base import Augment

augments: "Family[Augment]" = Family("augmentation", __name__, "Augment")
