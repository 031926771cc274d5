"""Hostile cells, made from a seed out of real ones: cut off, flipped, spliced, bent, huge, empty, wrong.

A mutation knows kinds of Python values, never modalities: a new modality is attacked without being named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from benchmarks._bombs import WORDS, WRONG, bombs
from sensorium.table.packed import Cell


@dataclass(frozen=True, slots=True)
class Hostile:
    """A cell that somebody broke. how: by which mutation. empty: it holds nothing, so it must be missing.

    broken: no medium can be read from it, so it must not be present in a column of media.
    """

    cell: Cell
    how: str
    empty: bool = False
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Attack:
    """What a mutation is made of: chance, a real cell, and media of other columns."""

    rng: np.random.Generator
    cell: Any
    others: Sequence[bytes]

    def one(self, found: Sequence[Any]) -> Any:
        """One of these."""
        return found[int(self.rng.integers(len(found)))]

    def number(self, low: int, high: int) -> int:
        """A whole number from low to below high, which it is at least 1 above."""
        return int(self.rng.integers(low, max(low + 1, high)))


def hostile(
    rng: np.random.Generator, cells: Sequence[Cell], others: Sequence[bytes], count: int
) -> list[Hostile]:
    """So many hostile cells. cells: real ones of the column. others: media of other columns, to mix in."""
    made = []
    for number in range(count):
        attack = Attack(rng, cells[int(rng.integers(len(cells)))], others)
        known = [makers for kind, makers in BY_KIND if isinstance(attack.cell, kind)]
        # Every second cell is a bent real one: what nearly fits gets furthest.
        maker = attack.one(known[0] if known and number % 2 else ANY)
        made.append(maker(attack))
    return made


def cut(a: Attack) -> Hostile:
    """The end is gone."""
    return Hostile(a.cell[: a.number(1, len(a.cell))], "cut off")


def head(a: Attack) -> Hostile:
    """Only a few first bytes are left."""
    return Hostile(a.cell[: a.number(1, 24)], "first bytes only", broken=True)


def flipped(a: Attack) -> Hostile:
    """Some bits are turned, anywhere or in the header."""
    data, early = bytearray(a.cell), bool(a.rng.integers(2))
    for place in a.rng.integers(0, min(len(data), 64) if early else len(data), a.number(1, 40)):
        data[place] ^= 1 << int(a.rng.integers(8))
    return Hostile(bytes(data), "bits flipped in the header" if early else "bits flipped")


def spliced(a: Attack) -> Hostile:
    """A piece of another medium stands in it."""
    data, other = bytearray(a.cell), a.one(a.others)
    start, place = a.number(0, len(other)), a.number(0, len(data))
    piece = other[start : start + a.number(1, 400)]
    data[place : place + len(piece)] = piece
    return Hostile(bytes(data), "spliced with another medium")


def grown(a: Attack) -> Hostile:
    """Rubbish follows its end."""
    return Hostile(a.cell + a.rng.bytes(a.number(1, 5000)), "rubbish after the end")


def extreme(a: Attack) -> Hostile:
    """Words of the header are extreme: sizes, rates, counts, offsets."""
    data = bytearray(a.cell)
    for _ in range(a.number(1, 5)):
        place = a.number(0, min(len(data), 128) - 4)
        data[place : place + 4] = a.one((bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"))
    return Hostile(bytes(data), "extreme sizes in the header")


def respelled(a: Attack) -> Hostile:
    """Some letters of a text are others, from anywhere in Unicode."""
    letters = list(a.cell) or [" "]
    for _ in range(a.number(1, 4)):
        letters[a.number(0, len(letters))] = chr(a.number(1, 0x10000))
    return Hostile("".join(letters), "letters changed")


def repeated(a: Attack) -> Hostile:
    """A text many thousand times."""
    return Hostile((a.cell or "x") * a.number(1_000, 20_000), "huge")


def bent_number(a: Attack) -> Hostile:
    """A number of another size, in other words, or of another type."""
    x = a.cell
    found = (
        x * 1e30, -x, x + 10**18, f"{x} apples", f" {x}\t", f"{x}{x}", f"{x},{x}", str(x)[::-1], [x], (x, x),
        {"value": x}, complex(x, 1), np.float16(x), np.array(x), Decimal(str(x)), f"{x}e999",
        f"\N{MINUS SIGN}{x}", str(x).encode(),
    )  # fmt: skip
    return Hostile(a.one(found), "a number, bent")


def bent_array(a: Attack) -> Hostile:
    """An array with holes, of another shape or type, or shorter."""
    x = np.array(a.cell)
    wide = x.astype(np.float64) if x.dtype.kind in "iuf" and x.size else np.ones((2, 2))
    holes = wide.copy()
    holes.reshape(-1)[a.rng.integers(0, holes.size, max(1, holes.size // 5))] = a.one(
        (np.nan, np.inf, -np.inf)
    )
    with np.errstate(all="ignore"):
        found = (
            holes, wide * 1e300, wide[..., None], wide[:0], wide.reshape(-1), x.astype(object), x.tobytes(),
            wide.astype(complex), x.tolist(), [x.tolist(), 3], x.astype(str), wide[: len(wide) // 2],
            wide * np.nan, np.concatenate([wide, wide]), np.moveaxis(wide, 0, -1),
            wide.astype(np.float16), wide > 0,
        )  # fmt: skip
    return Hostile(a.one(found), "an array, bent")


def bent_list(a: Attack) -> Hostile:
    """A list that is shorter, longer, deeper, or of other things."""
    x, n = list(a.cell), len(a.cell)
    found = (
        x[: n // 2], [*x, None], [*x, "x"], [x], [*x, *x], x * 2000, [None] * n, [float("nan")] * n,
        [10**400] * n, ["\0"], [[]], [{}], [object()], [b"x"], tuple(x), set(map(str, x)), [x, x[: n // 2]],
    )  # fmt: skip
    return Hostile(a.one(found), "a list, bent")


def bent_moment(a: Attack) -> Hostile:
    """A moment at the ends of time, of another type, or badly spelled."""
    x = a.cell
    found = (
        datetime.min, datetime.max, datetime.max.replace(tzinfo=UTC), x.date(), x.time(), x.isoformat()[:7],
        timedelta(days=10**6), -(10**18), 10**25, "0000-00-00", "2020-02-30", "31/31/2020",
        "99999-01-01T00:00:00Z", "now", "T", f"{x} nowhere/city", 1e308, "1e12", np.datetime64("-9999-01-01"),
    )  # fmt: skip
    return Hostile(a.one(found), "a moment, bent")


def bent_mapping(a: Attack) -> Hostile:
    """A mapping with fewer, other or empty values."""
    x, keys = dict(a.cell), list(a.cell)
    found = (
        {k: x[k] for k in keys[1:]}, {**x, "more": object()}, dict.fromkeys(keys), [x],
        x | {k: str(x[k]) for k in keys},
        {k: [x[k]] for k in keys}, dict.fromkeys(keys, float("nan")), dict.fromkeys(keys, b""),
    )  # fmt: skip
    return Hostile(a.one(found), "a mapping, bent")


def nothing(a: Attack) -> Hostile:
    """Nothing, in one of its spellings."""
    spelled = (None, float("nan"), np.float32("nan"), np.datetime64("NaT"), Decimal("NaN"))
    return Hostile(a.one(spelled), "nothing", empty=True)


def no_bytes(a: Attack) -> Hostile:
    """Bytes of which there are none."""
    return Hostile(a.one((b"", bytearray(), memoryview(b""))), "no bytes", broken=True)


def noise(a: Attack) -> Hostile:
    """Random bytes."""
    return Hostile(a.rng.bytes(a.number(1, 3000)), "random bytes")


def foreign(a: Attack) -> Hostile:
    """The medium of another column."""
    return Hostile(a.one(a.others), "another column's medium")


def wrong(a: Attack) -> Hostile:
    """Some other type."""
    return Hostile(a.one(WRONG), "a wrong type")


def words(a: Attack) -> Hostile:
    """Words that mean harm."""
    return Hostile(a.one(WORDS), "hostile words")


def bomb(a: Attack) -> Hostile:
    """A medium that declares far more than it holds."""
    name = a.one(sorted(bombs()))
    return Hostile(bombs()[name], f"a bomb: {name}", broken=True)


Maker = Callable[[Attack], Hostile]
BY_KIND: list[tuple[type | tuple[type, ...], list[Maker]]] = [
    (bytes, [cut, cut, head, flipped, flipped, spliced, grown, extreme]),
    (str, [cut, respelled, repeated]),
    (datetime, [bent_moment]),
    ((int, float), [bent_number]),
    (np.ndarray, [bent_array]),
    (list, [bent_list]),
    (dict, [bent_mapping]),
]
ANY: list[Maker] = [nothing, no_bytes, noise, foreign, wrong, wrong, words, words, bomb]
