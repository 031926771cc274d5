"""Columns by pattern: ``img_*`` names every column of the table that it fits."""

import re
from collections.abc import Collection, Sequence


def expanded(listed: Sequence[str], known: Sequence[str] | None, reserved: Collection[str] = ()) -> list[str]:
    """The listed names, a pattern in place as the columns that it fits, in the table's order.

    ``*`` stands for any text, ``?`` for any one sign; a name that a column has is no pattern. known: the
    table's columns; None: nothing can be fitted. reserved: columns that only their own name stands for
    (targets, weight, split). A pattern that fits nothing stays, so that it is told like a wrong name.
    """
    if known is None:
        return list(listed)
    found: list[str] = []
    for name in listed:
        fits = [] if name in known or not set("*?") & set(name) else _fitting(name, known, reserved)
        found += [one for one in fits if one not in listed and one not in found] or ([] if fits else [name])
    return found


def _fitting(pattern: str, known: Sequence[str], reserved: Collection[str]) -> list[str]:
    plain = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return [name for name in known if name not in reserved and re.fullmatch(plain, name, re.DOTALL)]
