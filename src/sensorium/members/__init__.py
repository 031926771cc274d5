from typing import TYPE_CHECKING

from sensorium.family import Family

if TYPE_CHECKING:  # listing a family imports nothing heavy
    from sensorium.members._base import Member

members: "Family[Member]" = Family("member", __name__, "Member")
