"""Decision-level (late) fusion by any rule of the family ``decide``.

Letters: N rows, n rows that a rule learns from, W numbers a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from sensorium.decide import decisions
from sensorium.decide._base import Decide, Known, Learned, Voices
from sensorium.errors import BundleError, PlanError
from sensorium.members._base import Arrays, Goal, Member, Numbers
from sensorium.members._mix import needed, read_by
from sensorium.members._terms import prefixed, under
from sensorium.options import build
from sensorium.table.prepared import Prepared
from sensorium.types import Facts, Json


@dataclass(frozen=True, slots=True)
class Rule:
    """A decision rule by name with the user's choices; ``built`` checks them."""

    name: str
    choices: dict[str, Json]

    def built(self) -> Decide:
        """The rule for one target, not fitted. Raises PlanError for a name or a choice that is wrong."""
        where = f"decide {self.name}"
        return build(decisions.get(self.name, where), choices=self.choices, where=where)


class Decided(Member):
    """What a decision rule makes of its members' answers; rows that all of them abstain from abstain.

    members: usually one for each input. goals: the targets. rule: its name and choices. rules: the rule of
    each target, fitted where it learns.
    """

    def __init__(
        self,
        members: Mapping[str, Member],
        goals: Mapping[str, Goal],
        rule: Rule,
        rules: Mapping[str, Decide],
    ) -> None:
        self.members, self.goals, self.rule, self.rules = dict(members), dict(goals), rule, dict(rules)
        self.inputs = read_by(self.members)

    @classmethod
    def made(
        cls, members: Mapping[str, Member], goals: Mapping[str, Goal], rule: Rule,
        held: Mapping[str, tuple[Mapping[str, Numbers], Known]] | None = None,
    ) -> Self:  # fmt: skip
        """Build the rule of each target, and fit it where it learns.

        held: {target: what members like these say of n rows that they have not learned from, and what is
        known of these rows}; a rule that learns needs it. Raises PlanError for a target that the rule
        cannot decide.
        """
        rules = {}
        for target, goal in goals.items():
            check(rule.name, target, goal.build().trees)
            made = rule.built()
            if isinstance(made, Learned):
                assert held is not None, "a rule that learns is given what to learn from"
                said, known = held[target]
                made.fit(Voices.of({name: said[name] for name in members}, target, goal), known)
            rules[target] = made
        return cls(members, goals, rule, rules)

    def numbers(self, data: Prepared) -> Numbers:
        """What the rule makes of what the members say."""
        return self.of({name: member.numbers(data) for name, member in self.members.items()})

    def of(self, said: Mapping[str, Numbers]) -> Numbers:
        """The same from what the members have said already."""
        heard = {name: said[name] for name in self.members}
        voices = {target: Voices.of(heard, target, goal) for target, goal in self.goals.items()}
        answered = np.any([v.answered.any(0) for v in voices.values()], axis=0)
        return Numbers({target: self.rules[target].numbers(v) for target, v in voices.items()}, answered)

    def with_members(self, members: Mapping[str, Member]) -> "Decided":
        """The same rule over other members of the same names."""
        return Decided(members, self.goals, self.rule, self.rules)

    def parts(self) -> dict[str, Member]:
        """The members."""
        return dict(self.members)

    def state(self) -> tuple[Facts, Arrays]:
        """The rule, what it learned of each target, the members' names and the goals."""
        learned: Facts = {}
        arrays: Arrays = {}
        for number, (target, rule) in enumerate(self.rules.items()):
            if isinstance(rule, Learned):
                learned[target], own = rule.state()
                arrays |= prefixed(own, f"{number}/")
        facts: Facts = {
            "members": list(self.members), "goals": {n: g.to_json() for n, g in self.goals.items()},
            "rule": {"name": self.rule.name, "choices": self.rule.choices}, "learned": learned,
        }  # fmt: skip
        return facts, arrays

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays, parts: dict[str, Member] | None = None) -> Self:
        """The reverse of ``state``, with the restored members. BundleError when one lacks."""
        rule = Rule(facts["rule"]["name"], facts["rule"]["choices"])
        if rule.name not in decisions.names():
            raise BundleError(
                f"decided: no decision rule is named {rule.name!r}. Install or register what brings it."
            )
        goals = {n: Goal.from_json(told) for n, told in facts["goals"].items()}
        rules = {target: rule.built() for target in goals}
        for number, (target, made) in enumerate(rules.items()):
            if isinstance(made, Learned):
                made.load(facts["learned"][target], under(arrays, f"{number}/"))
        return cls(needed(parts, facts["members"], "decided"), goals, rule, rules)


def check(name: str, target: str, kind: str | None, where: str = "") -> None:
    """Raises PlanError when a rule cannot decide this kind of answer (``Task.trees``); it names others."""
    kinds = decisions.get(name, where).kinds
    if kinds is None or kind in kinds:
        return
    kinds_of = {"classify": "a label", "regress": "a number", "labels": "any number of labels"}
    what = kinds_of.get(kind or "", "neither of them")
    able = [n for n in decisions.names() if (k := decisions.get(n).kinds) is None or kind in k]
    words = {"classify": "labels", "regress": "numbers"}
    decides = " and ".join(words[one] for one in kinds)
    raise PlanError(
        f"{where or 'decide'}: {name} decides {decides}, but target {target!r} is {what}. "
        f"Choose one of {', '.join(able)}."
    )
