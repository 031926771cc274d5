"""Late fusion as rungs: decision rules over what single inputs' members say.

Letters: n training rows, W numbers a row.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sensorium.chained import Chained
from sensorium.decide import decisions
from sensorium.decide._base import Known
from sensorium.errors import DataError
from sensorium.members._base import Member, Numbers, Rows
from sensorium.members._outcome import lesson
from sensorium.members.decided import Decided, Rule
from sensorium.members.linear import Linear
from sensorium.members.trees import Trees
from sensorium.network import Network
from sensorium.train.climb import Candidate, Climb, Climbed
from sensorium.train.rungs import FEATURES_SHARE, LATE, NO_TIME, num_folds
from sensorium.types import Facts

TOO_FEW = "fewer than two inputs have a candidate of their own"
AGAIN = (Network, Linear, Trees)
"""What can be trained again on folds, for answers out of fold."""


def best_of_each(done: Climbed, kinds: tuple[type[Member], ...] = (Member,)) -> dict[str, Candidate]:
    """{input: its best candidate by the validation rows}, among those whose member is of one of the kinds."""
    best: dict[str, Candidate] = {}
    for candidate in done.candidates.values():
        if candidate.single is None or not isinstance(candidate.member, kinds):
            continue
        known = best.get(candidate.single)
        if known is None or candidate.rank() > known.rank():
            best[candidate.single] = candidate
    return best


@dataclass(slots=True)
class Late:
    """Climbs the rungs ``late (rule)`` of one ladder; what its rules that learn share is made once.

    held: {candidate: what members like it say of the training rows, each row by one that did not learn from
    it}.
    """

    ask: Climb
    done: Climbed
    held: dict[str, Numbers] = field(default_factory=dict)

    def climbed(self, name: str) -> Candidate | str:
        """The rule over the best member of each input, or why there is none.

        A rule that learns does so from answers out of fold (design promise 3); like every rung it is scored
        on the validation rows, by members that learned from all training rows.
        """
        began, history = time.monotonic(), list[Facts]()
        learns = decisions.get(name).learns
        best = best_of_each(self.done, AGAIN if learns else (Member,))
        if len(best) < 2:
            return TOO_FEW
        parts = {c.name: c.member for c in best.values()}
        goals, known = self.ask.member_job(()).goals, None
        if learns:
            said = self._held(best, history)
            if isinstance(said, str):
                return said
            known = {target: self._known(said, target) for target in goals}
        member = Decided.made(parts, goals, Rule(name, {}), known)
        heard = member.of({c.name: c.val for c in best.values()})
        return self.ask.candidate(LATE.format(name), member, began, said=heard, history=history)

    def _known(self, said: Mapping[str, Numbers], target: str) -> tuple[dict[str, Numbers], Known]:
        """What is said of the training rows whose target is not missing, and the target there."""
        job = self.ask.member_job(())
        labels = job.goals[target].build().trees == "classify"
        taught = lesson(job, target, job.train, "classify" if labels else "regress")
        rows = taught.rows
        heard = {n: Numbers({target: s.values[target][rows]}, s.answered[rows]) for n, s in said.items()}
        return heard, Known(job.train[rows], taught.values, taught.weight, self.ask.plan.seed)

    def _held(self, best: Mapping[str, Candidate], history: list[Facts]) -> dict[str, Numbers] | str:
        """{candidate: numbers of the training rows, out of fold}, or why there are none."""
        try:
            parts = self.ask.folds(num_folds(self.ask.plan))
        except DataError as error:
            return str(error)
        for candidate in best.values():
            if candidate.name in self.held:
                continue
            grown = 0.0 if isinstance(candidate.member, Network) else candidate.seconds * len(parts)
            if not self.ask.budget.holds(2 * grown):  # no clock stops such a learner once it has begun
                return NO_TIME
            found: list[Numbers] = []
            for place, (learn, held) in enumerate(parts):
                if self.ask.budget.spent():
                    return NO_TIME
                member = self._again(candidate, place, learn, history)
                found.append(member.numbers(self.ask.data.rows(self.ask.train[held])))
            back = np.argsort(np.concatenate([held for _, held in parts]))
            values = {t: np.concatenate([f.values[t] for f in found])[back] for t in found[0].values}
            self.held[candidate.name] = Numbers(values, np.concatenate([f.answered for f in found])[back])
        return {c.name: self.held[c.name] for c in best.values()}

    def _again(self, candidate: Candidate, place: int, learn: Rows, history: list[Facts]) -> Member:
        """A member like the candidate's that learned from the training rows at these places only."""
        member, rows = candidate.member, (self.ask.train[learn], self.ask.val)
        if not isinstance(member, Network):
            assert isinstance(member, Linear | Trees), "only these are trained again"
            fields = [f for f in self.ask.fields() if f.name in member.inputs]
            return type(member).fit(self.ask.member_job(fields, rows=rows))
        (name,) = member.inputs
        known = self._of_features(place, name)
        if known is not None:
            return known
        done = self.ask.network(f"features {place}: {name}", [name], rows, share=FEATURES_SHARE)
        history += done.history
        return done.network

    def _of_features(self, place: int, name: str) -> Network | None:
        """The network over an input that the rung ``features`` trained on the same fold."""
        climbed = self.done.candidates.get("features")
        pair = None if climbed is None else climbed.member.parts().get(str(place))
        return pair.networks.get(name) if isinstance(pair, Chained) else None
