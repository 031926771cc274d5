"""Answers with some inputs hidden: which sets are asked, and what a member says of each, no part asked twice.

Letters: N rows, M inputs, W numbers a row.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sensorium.chained import Chained, featured
from sensorium.members._base import Member, Numbers
from sensorium.members._pieces import said
from sensorium.members.decided import Decided
from sensorium.members.ensemble import Ensemble
from sensorium.members.mean import Mean
from sensorium.network import Network
from sensorium.table.prepared import Prepared

ALL_OF, DRAWN = 6, 64
"""Of so many inputs every subset is asked; of more, all without one or two, and so many drawn ones."""
MOST_ROWS = 1_000
"""Rows on which subsets are scored; a drawn part where there are more."""

Hidden = frozenset[str]
NOTHING: Hidden = frozenset()


def hidden_sets(inputs: Sequence[str], rng: np.random.Generator) -> list[Hidden]:
    """The sets of inputs to hide, few first: of M <= ALL_OF inputs all 2^M - 2 that leave some."""
    every = len(inputs) if len(inputs) <= ALL_OF else 3
    found = [frozenset(one) for size in range(1, every) for one in combinations(inputs, size)]
    known = set(found)
    while len(inputs) > ALL_OF and len(found) < len(known) + DRAWN:
        size = int(rng.integers(3, len(inputs)))
        one = frozenset(inputs[i] for i in rng.choice(len(inputs), size, replace=False))
        if one not in found:
            found.append(one)
    return found


class Asked:
    """What members say of some rows, with nothing or with inputs hidden.

    data: the rows. sets: those that will be asked for, so that networks encode the rows once for all.
    Members that stand in several others, or read nothing of what is hidden, are asked once.
    """

    def __init__(self, data: Prepared, sets: Iterable[Hidden] = ()) -> None:
        self.data, self.sets = data, tuple(sets)
        self._said: dict[tuple[int, Hidden], Numbers] = {}
        self._blind: dict[Hidden, Prepared] = {NOTHING: data}
        self._featured: dict[int, Asked] = {}

    def of(self, member: Member, hidden: Hidden = NOTHING) -> Numbers:
        """What a member says of the rows when these inputs are missing in all of them."""
        gone = hidden & frozenset(member.inputs)
        place = (id(member), gone)
        if place not in self._said:
            self._said[place] = self._ask(member, gone)
        return self._said[place]

    def _ask(self, member: Member, gone: Hidden) -> Numbers:
        if isinstance(member, Mean | Decided):
            return member.of({name: self.of(part, gone) for name, part in member.parts().items()})
        if isinstance(member, Ensemble):
            nowhere = np.zeros(len(self.data), bool)
            there = {n: nowhere if n in gone else self.data.present(n) for n in member.inputs}
            return member.of({name: self.of(part, gone) for name, part in member.parts().items()}, there)
        if isinstance(member, Network) and gone and len(member.inputs) > 1:
            self._encode_once(member, gone)
            return self._said[id(member), gone]
        if isinstance(member, Chained):
            known = self._featured.get(id(member))
            if known is None:
                known = self._featured[id(member)] = Asked(featured(member.networks, self.data), self.sets)
            return known.of(member.learner, gone)
        if gone not in self._blind:
            self._blind[gone] = self.data.hiding(sorted(gone))
        return said(member, self._blind[gone])

    def _encode_once(self, member: Network, gone: Hidden) -> None:
        inputs = frozenset(member.inputs)
        sets = [s for s in dict.fromkeys([gone, *(s & inputs for s in self.sets)]) if s]
        for one, numbers in zip(sets, member.hiding(self.data, sets), strict=True):
            self._said[id(member), one] = numbers


def drawn_rows(rows: int, rng: np.random.Generator, most: int = MOST_ROWS) -> NDArray[np.int64]:
    """The places of the rows on which subsets are scored, in order: all, or ``most`` drawn ones."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(rng.choice(rows, most, replace=False))
