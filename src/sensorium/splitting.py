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
from sensorium.pack_table import write_table
from sensorium.splitting_ties import Together, pairs_of, ties_of
from sensorium.table.anchored import Anchor
from sensorium.table.near import linked
from sensorium.table.split import PARTS, Kind, Split, divide, find_split_column
from sensorium.table.table import Table
from sensorium.tasks import tasks
from sensorium.types import Json

Ints: TypeAlias = NDArray[np.int64]
How = Literal["random", "stratified", "group", "time"]

SHARES = (0.7, 0.15, 0.15)
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
    anchor = Anchor(table.folder or out.parent, out.parent)
    write_table(anchor.of(table).with_column(column, made.words()), out)
    if replaced:
        made = replace(made, notes=(*made.notes, f"column {column!r} was a split and is replaced"))
    if not anchor.moved or table.folder is None or table.folder.is_relative_to(os.path.abspath(out.parent)):
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
    ties = None if tied == "no" else ties_of(table, guesses, tied, by=by, seed=seed, notes=notes)
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
    one, other = pairs_of(ties), pairs_of(groups)
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
