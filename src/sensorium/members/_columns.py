"""Raw inputs of prepared rows as arrays, the same rows with some inputs hidden, and samples of rows.

Letters: N rows, F features, U records.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.members._base import Job, Rows
from sensorium.table.field import Field
from sensorium.table.packed import MISSING, PRESENT, Packed
from sensorium.table.prepared import Prepared
from sensorium.table.texts import Texts


def numbers_of(data: Prepared, field: Field) -> NDArray[np.float32]:
    """float32 (N, F): the values of a ``numbers`` field; what is not real is NaN."""
    parts = [_masked(part, np.float32(np.nan)) for part in data.plain(field.name)]
    values = np.concatenate(parts, axis=1)
    return np.where(np.isfinite(values), values, np.float32(np.nan))


def codes_of(data: Prepared, field: Field) -> NDArray[np.int64]:
    """int64 (N, F): the codes of a ``codes`` field; what is not real is -1."""
    parts = [_masked(part, np.int64(-1)) for part in data.plain(field.name)]
    return np.concatenate(parts, axis=1)


def words_of(data: Prepared, field: Field) -> list[str | None]:
    """The strings of a ``words`` field; None is missing."""
    return list(data.texts[field.name])


def present(data: Prepared, field: Field) -> NDArray[np.bool_]:
    """bool (N,): where the field has anything real."""
    if field.kind == "words":
        texts = data.texts[field.name]
        return texts.present() if isinstance(texts, Texts) else np.array([t is not None for t in texts], bool)
    return data.present(field.name)


def answerable(data: Prepared, fields: Sequence[Field]) -> NDArray[np.bool_]:
    """bool (N,): where any of the fields has anything real."""
    found = np.zeros(len(data), bool)
    for field in fields:
        found |= present(data, field)
    return found


def patterns(data: Prepared, fields: Sequence[Field]) -> NDArray[np.bool_]:
    """bool (N, I): which of the I inputs have anything real."""
    names = dict.fromkeys(f.name for f in fields)
    return np.stack([answerable(data, [f for f in fields if f.name == n]) for n in names], axis=1)


def usual(found: NDArray[np.bool_], share: float = 0.02) -> NDArray[np.bool_]:
    """bool (P, I): the patterns that at least this share of the rows have, and the one with everything."""
    different, counts = np.unique(found, axis=0, return_counts=True)
    often = different[counts >= share * len(found)]
    return np.unique(np.concatenate([often, np.ones((1, found.shape[1]), bool)]), axis=0)


def sampled(job: Job, rows: int) -> tuple[Rows, tuple[str, ...]]:
    """At most ``rows`` of the training rows that have something to read, in order, and what to tell of it."""
    useful = job.train[answerable(job.data.rows(job.train), job.fields)]
    if len(useful) <= rows:
        return useful, ()
    rng = seeds.generator(job.seed, "member rows")
    kept = np.sort(rng.choice(len(useful), rows, replace=False))
    return useful[kept], (f"trained on {rows:,} of {len(useful):,} rows",)


def copies(
    data: Prepared, fields: Sequence[Field], share: float, rng: np.random.Generator
) -> tuple[Rows, dict[str, NDArray[np.bool_]]]:
    """A ``share`` of the rows once more, each with some of its inputs hidden, never all.

    Returns the rows (n,) that are copied and for each input bool (n,), True where it is hidden. Rows
    with fewer than two inputs have no copy.
    """
    names = list(dict.fromkeys(f.name for f in fields))
    there = patterns(data, fields)
    rows = np.flatnonzero((there.sum(1) > 1) & (rng.random(len(data)) < share))
    there = there[rows]
    hidden = there & (rng.random(there.shape) < 0.5)
    draw = np.where(there, rng.random(there.shape), np.inf)
    line = np.arange(len(rows))
    hidden[line, draw.argmin(1)] = True
    hidden[line, np.where(there, draw, -np.inf).argmax(1)] = False
    return rows, {name: hidden[:, i] for i, name in enumerate(names)}


def with_copies(
    data: Prepared, fields: Sequence[Field], rows: Rows, hidden: dict[str, NDArray[np.bool_]]
) -> Prepared:
    """All rows of ``data`` and then ``rows`` of it with ``hidden`` inputs missing. Holds only the fields."""
    every = np.concatenate([np.arange(len(data)), rows])
    gone = {n: np.concatenate([np.zeros(len(data), bool), h]) for n, h in hidden.items()}
    inputs = {
        f.name: tuple(_hide(p.rows(every), gone[f.name]) for p in data.plain(f.name))
        for f in fields
        if f.kind != "words"
    }
    texts: dict[str, Sequence[str | None]] = {
        f.name: _blank(data.texts[f.name], every, gone[f.name]) for f in fields if f.kind == "words"
    }
    return Prepared(data.numbers[every], inputs, texts)


def folded(job: Job, rows: Rows, folds: int, use: str) -> NDArray[np.int64]:
    """int64 (n,): the fold of each of these rows; rows of one group share a fold."""
    rng = seeds.generator(job.seed, use)
    units = rows if job.groups is None else job.groups[rows]
    names, inverse = np.unique(units, return_inverse=True)
    places = np.arange(len(names)) % folds
    return rng.permutation(places)[inverse].astype(np.int64)


def _masked(part: Packed, missing: np.generic) -> NDArray[np.generic]:
    records = part.records()
    width = int(np.prod(part.values.shape[1:]))
    values = part.values[records].reshape(len(records), width).astype(missing.dtype)
    real = np.repeat((part.status[records] == PRESENT)[:, None], values.shape[1], axis=1)
    if part.mask is not None:
        real &= part.mask[records].reshape(real.shape)
    kept: NDArray[np.generic] = np.where(real, values, missing)
    return kept


def _hide(part: Packed, hidden: NDArray[np.bool_]) -> Packed:
    if len(part) < len(part.status):  # of a large table only the rows that are used
        used, index = np.unique(part.records(), return_inverse=True)
        mask = None if part.mask is None else part.mask[used]
        part = Packed(part.values[used], part.status[used], mask=mask, index=index)
    nothing = np.zeros((1, *part.values.shape[1:]), part.values.dtype)
    unmasked = None if part.mask is None else np.zeros((1, *part.mask.shape[1:]), bool)
    return Packed(
        np.concatenate([part.values, nothing]),
        np.append(part.status, np.uint8(MISSING)),
        mask=None if part.mask is None or unmasked is None else np.concatenate([part.mask, unmasked]),
        index=np.where(hidden, len(part.status), part.records()),
    )


def _blank(texts: Sequence[str | None], rows: Rows, hidden: NDArray[np.bool_]) -> list[str | None]:
    known = list(texts)
    return [None if gone else known[r] for r, gone in zip(rows, hidden, strict=True)]
