from typing import TYPE_CHECKING

from sensorium.family import Family

if TYPE_CHECKING:  # listing a family imports nothing heavy
    from sensorium.decoders._base import Decoder

decoders: "Family[Decoder]" = Family("decoder", __name__, "Decoder")
