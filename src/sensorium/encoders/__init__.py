from typing import TYPE_CHECKING

from sensorium.family import Family

if TYPE_CHECKING:  # listing a family imports nothing heavy
    from sensorium.encoders._base import Encoder

encoders: "Family[Encoder]" = Family("encoder", __name__, "Encoder")
