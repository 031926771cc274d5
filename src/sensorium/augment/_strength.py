"""How much an augmentation changes: one way for all of them."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

Strength: TypeAlias = Literal["gentle", "medium", "strong"] | Annotated[float, Field(gt=0, le=6)]
"""A name, or a number: 1 is gentle, 2 medium, 3 strong."""

NAMES = ("gentle", "medium", "strong")


def amounts(strength: Strength, named: Mapping[str, Sequence[float]]) -> tuple[float, ...]:
    """The amounts of a strength. named: those of gentle, medium and strong.

    A number between two names lies between their amounts, in proportion; below 1 it goes down to nothing,
    above 3 up in proportion to strong.
    """
    if isinstance(strength, str):
        return tuple(named[strength])
    levels = [[0.0] * len(named["gentle"]), *([float(a) for a in named[name]] for name in NAMES)]
    for place, (low, high) in enumerate(pairwise(levels)):
        if strength <= place + 1:
            return tuple(a + (strength - place) * (b - a) for a, b in zip(low, high, strict=True))
    return tuple(a * strength / len(NAMES) for a in levels[-1])
