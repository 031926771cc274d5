from typing import TYPE_CHECKING

from sensorium.family import Family

if TYPE_CHECKING:  # listing a family imports nothing heavy
    from sensorium.losses._base import Loss

losses: "Family[Loss]" = Family("loss", __name__, "Loss")
