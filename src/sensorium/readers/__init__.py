from typing import TYPE_CHECKING

from sensorium.family import Family

if TYPE_CHECKING:  # listing a family imports nothing heavy
    from sensorium.readers._base import Reader

readers: "Family[Reader]" = Family("reader", __name__, "Reader")
