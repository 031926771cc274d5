"""A table's rows into train, val and test, copies of one row never in two of them.

Letters: N rows, U different cells.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args

import numpy as np
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.errors import DataError, PlanError, nearest
from sensorium.infer import guess
from sensorium.infer_columns import ColumnGuess
from sensorium.inspect_looks import compared, looks_of, together
from sensorium.pack_table import write_table
from sensorium.table import hashes
from sensorium.table.anchored import anchored
from sensorium.table.leaks import content_codes
from sensorium.table.near import linked
from sensorium.table.split import PARTS, Kind, Split, divide, find_split_column
from sensorium.table.table import Table
from sensorium.tasks import tasks
from sensorium.types import Json

Ints: TypeAlias = NDArray[np.int64]
How = Literal["random", "stratified", "group", "time"]
Together = Literal["same", "near", "no"]

SHARES = (0.7, 0.15, 0.15)
PLACEHOLDER = 0.1
"""A medium that more than this share of the rows hold stands for nothing: it ties no rows together."""
MANY_TIED = 0.5
"""Above this share of tied rows whole groups are placed; below, the first of each and the rest with it."""


@dataclass(frozen=True, slots=True)
class Division:
    """A division of a table. part: int64 (N,), 0 train, 1 val, 2 test, -1 in none. told: how, in words.

    notes: what to know beside it.
    """

    part: Ints
    told: str
    notes: tuple[str, ...] = ()

    def words(self) -> list[str | None]:
        """The split column's cells."""
        names = (*PARTS, None)
        return [names[part] for part in self.part.tolist()]

    def counts(self) -> dict[str, Json]:
        """{part: rows}."""
        return {name: int((self.part == place).sum()) for place, name in enumerate(PARTS)}


def division_to_file(
    table: Table, out: Path, words: Mapping[str, str | None], *, column: str, target: str | None,
    by: str | None, seed: int,
) -> Division:  # fmt: skip
    """Divide a table as words ask, and write it with a column of train, val and test.

    words: how, together and shares, as ``split_table`` takes them. Paths of media start at the written
    table's folder. Raises as ``split_table`` and ``write_table`` do, and
    PlanError for a word that is none of the choices and a column that is there and is no split.
    """
    how = _one_of("how", words.get("how"), get_args(How))
    tied = _one_of("together", words.get("together") or "same", get_args(Together))
    shares = _numbers(words.get("shares") or ",".join(map(str, SHARES)))
    replaced = column in table.names
    if replaced and find_split_column(table) != column:
        raise PlanError(f"column: the table has {column!r}, which is no split; call the new one otherwise.")
    made = split_table(
        table,
        cast(How | None, how),
        target=target,
        by=by,
        shares=shares,
        tied=cast(Together, tied),
        seed=seed,
    )
    moved = anchored(table, out.parent)
    write_table(moved.with_column(column, made.words()), out)
    if replaced:
        made = replace(made, notes=(*made.notes, f"column {column!r} was a split and is replaced"))
    if moved is table or table.folder is None or table.folder.is_relative_to(os.path.abspath(out.parent)):
        return made
    note = f"media paths now start at {out.parent}; read the table with --root {table.folder}"
    return replace(made, notes=(*made.notes, note))


def _one_of(name: str, word: str | None, words: Sequence[str]) -> str | None:
    if word is not None and word not in words:
        raise PlanError(f"{name}: expected {', '.join(words)}; got {word!r}.{nearest(word, words)}")
    return word


def _numbers(shares: str) -> list[float]:
    try:
        return [float(one) for one in shares.split(",")]
    except ValueError:
        raise PlanError(f"shares: expected three numbers such as 0.7,0.15,0.15; got {shares!r}.") from None


def split_table(
    table: Table, how: How | None = None, *, target: str | None = None, by: str | None = None,
    shares: Sequence[float] = SHARES, tied: Together = "same", seed: int = 0,
) -> Division:  # fmt: skip
    """Divide the rows of a table.

    how: None stratifies by the target where one is named and divides at random else, or by group or time
    where ``by`` names a column: then say which. by: the groups or the times. shares: of train, val and
    test, in any unit; 0 leaves a part empty. tied: ``same`` keeps rows together whose inputs are equal or
    that share a medium (by content), ``near`` also those whose media or texts look nearly the same, ``no``
    none; times are never moved. Raises DataError when there are too few rows, groups or times, PlanError
    for columns that are not there and for what does not go together.
    """
    how = _checked(table, how, target, by)
    guesses = guess(table, () if target is None else (target,), seed=seed)
    kind = _kind(guesses) if target is not None else None
    rng = seeds.generator(seed, "split")
    notes: list[str] = []
    ties = None if tied == "no" else _ties(table, guesses, tied, seed, by, notes)
    if ties is None or how == "time":
        made = divide(table, how, by, shares, rng, target=target, kind=kind)
        if ties is not None:
            notes += _across(ties, made, table.num_rows)
        return Division(_parts(made, table.num_rows), made.how, tuple(notes))
    return _tied(table, how, by, (shares, rng, target, kind), ties, notes)


def _checked(table: Table, how: How | None, target: str | None, by: str | None) -> How:
    for name in (target, by):
        if name is not None:
            table.codes(name)
    if how is None:
        if by is not None:
            raise PlanError(f"by: column {by!r} is named; say whether how is group or time.")
        return "random" if target is None else "stratified"
    if how in ("group", "time") and by is None:
        raise PlanError(f"how: {how} needs the column that says the {how}s; name it as by.")
    if how not in ("group", "time") and by is not None:
        raise PlanError(
            f"by: column {by!r} is named, but rows are divided {how}: expected how group or time."
        )
    if how == "stratified" and target is None:
        raise PlanError(
            "how: stratified needs the column whose values every part gets evenly; name a target."
        )
    return how


def _kind(guesses: Sequence[ColumnGuess]) -> Kind | None:
    """What the target is stratified as: classes or numbers; None where it can be neither."""
    found = next((one.modality for one in guesses if one.role == "target"), None)
    trees = None if found is None else tasks.get(found).trees
    return trees if trees in ("classify", "regress") else None


def _ties(
    table: Table, guesses: Sequence[ColumnGuess], tied: Together, seed: int, by: str | None, notes: list[str]
) -> Ints | None:
    """int64 (N,): one number for rows that stay together; None where no two do."""
    inputs = [one for one in guesses if one.role == "input" and one.column != by]
    pairs: list[tuple[Ints, Ints]] = []
    mixed, present = np.zeros(table.num_rows, np.uint64), np.zeros(table.num_rows, bool)
    for one in inputs:
        codes, medium, complete = content_codes(table, one.column)
        mixed, present = hashes.mixed_in(mixed, codes), present | (codes >= 0)
        if not complete:
            notes.append(f"column {one.column!r}: too many bytes to compare every file; some by path only")
        if medium:
            pairs.append(_pairs(_shared(one.column, codes, notes)))
    rows = np.unique(mixed, return_inverse=True)[1].astype(np.int64)
    pairs.append(_pairs(np.where(present, rows, -1)))
    if tied == "near":
        looks = [looks_of(table, one, seed) for one in inputs if compared(one, table) is None]
        pairs.append(_pairs(together(table, looks, [])))
    first, second = (np.concatenate(side) for side in zip(*pairs, strict=True))
    found = linked(table.num_rows, first, second)
    return found if len(np.unique(found)) < table.num_rows else None


def _shared(column: str, codes: Ints, notes: list[str]) -> Ints:
    """The codes of a column's media, -1 for one that so many rows hold that it says nothing of them."""
    counts = np.bincount(codes[codes >= 0], minlength=1)
    common = np.flatnonzero(counts > max(2, PLACEHOLDER * len(codes)))
    if len(common):
        rows = int(counts[common].sum())
        notes.append(
            f"column {column!r}: {rows:,} rows hold a medium that more than {PLACEHOLDER:.0%} of all rows "
            "share, such as a placeholder; it keeps no rows together"
        )
    return np.where(np.isin(codes, common), -1, codes)


def _pairs(codes: Ints) -> tuple[Ints, Ints]:
    """Each row that has a code with the first row of that code."""
    rows = np.flatnonzero(codes >= 0)
    _, start, of = np.unique(codes[rows], return_index=True, return_inverse=True)
    return rows, rows[start[of]]


def _tied(
    table: Table, how: How, by: str | None,
    asked: tuple[Sequence[float], np.random.Generator, str | None, Kind | None], ties: Ints, notes: list[str],
) -> Division:  # fmt: skip
    """Rows that belong together as one: few of them follow the first, many are placed as groups."""
    shares, rng, target, kind = asked
    if how == "group" and by is not None:
        ties = linked(table.num_rows, *_joined(ties, table.codes(by)))
    sizes = np.bincount(ties)
    several = int(sizes[sizes > 1].sum())
    joined = f"{several:,} rows in {int((sizes > 1).sum()):,} sets of copies or shared media stay together"
    if how == "group" or several > MANY_TIED * table.num_rows:
        needed = sum(share > 0 for share in shares)
        if len(sizes) < needed:
            raise DataError(
                f"{table.source}: copies and shared media tie all rows to {len(sizes)} sets; {needed} parts "
                "(train, val, test) need at least one each. Ask for fewer ties with together: no, or set a "
                "share to 0."
            )
        column, whole = "stays together", table.with_column("stays together", ties.tolist())
        target = None if how == "random" else target
        made = divide(whole, "group", column, shares, rng, target=target, kind=kind)
        if how == "group":
            told = made.how.replace(repr(column), repr(by))
            return Division(_parts(made, table.num_rows), told, (*notes, *_merged(table, by, ties)))
        told = made.how.replace(f"by group of {column!r}", f"{how}, copies as one")
        return Division(_parts(made, table.num_rows), told, (*notes, joined))
    _, first, of = np.unique(ties, return_index=True, return_inverse=True)
    made = divide(table.take(first), how, None, shares, rng, target=target, kind=kind)
    part = _parts(made, len(first))[of]
    counts = ", ".join(f"{int((part == place).sum()):,} {name}" for place, name in enumerate(PARTS))
    return Division(part, f"{made.how.partition(':')[0]}: {counts} rows", (*notes, joined))


def _joined(ties: Ints, groups: Ints) -> tuple[Ints, Ints]:
    one, other = _pairs(ties), _pairs(groups)
    return np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])


def _merged(table: Table, by: str | None, ties: Ints) -> list[str]:
    """What to tell of groups that copies link to one."""
    groups = table.codes(str(by))
    known = groups >= 0
    lost = len(np.unique(groups[known])) - len(np.unique(ties[known]))
    return (
        [f"{lost:,} groups of {by!r} share copies or media with another and are kept with it"] if lost else []
    )


def _across(ties: Ints, made: Split, rows: int) -> list[str]:
    """What to tell of copies that a division by time parts."""
    part = _parts(made, rows)
    told = []
    for place, name in enumerate(PARTS[1:], 1):
        twins = int(np.isin(ties[part == place], ties[(part >= 0) & (part < place)]).sum())
        if twins:
            told.append(
                f"{twins:,} {name} rows have a copy, or share a medium, with earlier rows: time parts them, "
                "and what is measured on them flatters"
            )
    return told


def _parts(made: Split, rows: int) -> Ints:
    part = np.full(rows, -1)
    for place, held in enumerate((made.train, made.val, made.test)):
        part[held] = place
    return part
