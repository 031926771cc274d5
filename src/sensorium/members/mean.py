"""Decision-level fusion with equal weights."""

from collections.abc import Mapping
from typing import Self

from sensorium.members._base import Arrays, Goal, Member, Numbers
from sensorium.members._mix import Weights, mixed, needed, read_by
from sensorium.table.prepared import Prepared
from sensorium.types import Facts


class Mean(Member):
    """The plain mean of its members' answers, over those that do not abstain.

    members: usually one for each input. goals: the targets that all of them answer.
    """

    def __init__(self, members: Mapping[str, Member], goals: Mapping[str, Goal]) -> None:
        self.members, self.goals = dict(members), dict(goals)
        self.inputs = read_by(self.members)

    def numbers(self, data: Prepared) -> Numbers:
        """The mean of every row; rows that every member abstains from hold the prior and abstain."""
        return self.of({name: member.numbers(data) for name, member in self.members.items()})

    def of(self, said: Mapping[str, Numbers]) -> Numbers:
        """The same from what the members have said already."""
        weights: Weights = {target: dict.fromkeys(self.members, 1.0) for target in self.goals}
        return mixed(said, weights, self.goals)

    def parts(self) -> dict[str, Member]:
        """The members."""
        return dict(self.members)

    def state(self) -> tuple[Facts, Arrays]:
        """The members' names and the goals."""
        return {"members": list(self.members), "goals": {n: g.to_json() for n, g in self.goals.items()}}, {}

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays, parts: dict[str, Member] | None = None) -> Self:
        """The reverse of ``state``, with the restored members. Raises BundleError when one is not given."""
        goals = {n: Goal.from_json(told) for n, told in facts["goals"].items()}
        return cls(needed(parts, facts["members"], "mean"), goals)
