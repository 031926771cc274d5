"""How members without an encoder read an input. Letters: U records, F features."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Field:
    """One input that members can read raw. features: F. sizes: categories of each code, unknown (0) included.

    ranks: for each feature the rank of each of its codes by the categories' own order (numbers by size, words
    by the alphabet), or empty: then codes are ranks.

    scaled: whether numbers lie about 0 with deviation 1; if not, linear models bring them there.

    ``numbers``: float (U, F) with mask; ``codes``: int (U, F) with mask, both as ``Prepared.plain`` gives
    them; ``words``: the strings of ``Prepared.texts``. Pooled features of an encoder are ``numbers``.
    """

    name: str
    kind: Literal["numbers", "codes", "words"]
    features: int = 1
    sizes: tuple[int, ...] = ()
    ranks: tuple[tuple[int, ...], ...] = ()
    scaled: bool = True
