"""Prepared columns: what a modality makes of cells once, and what batches are cut from.

Letters: N table rows, U distinct records (several rows may share one medium), F features, T time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Cell: TypeAlias = object
"""A raw cell: None, bool, int, float, str, bytes, Path, datetime, list, numpy array or PIL image."""

PRESENT, MISSING, CORRUPT = 0, 1, 2

_LONG = 200
"""Steps a record on average from which on ``padded`` copies record by record."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One prepared column: fixed records (U, ...) or ragged ones (values + offsets).

    values: (U, ...) when offsets is None, else (total, ...) with record u at offsets[u]:offsets[u+1].
    status: uint8 (U,), PRESENT, MISSING or CORRUPT; records that are not PRESENT hold zeros or nothing.
    mask: bool like values, where single numbers of a record may be missing; None when they may not.
    times: float64 (total,) seconds for irregular signals, else None.
    reasons: {record: why it is corrupt}. index: int64 (N,), the record of each row; None: row = record.
    """

    values: NDArray[np.generic]
    status: NDArray[np.uint8]
    offsets: NDArray[np.int64] | None = None
    mask: NDArray[np.bool_] | None = None
    times: NDArray[np.float64] | None = None
    reasons: dict[int, str] = field(default_factory=dict)
    index: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.status) if self.index is None else len(self.index)

    def records(self) -> NDArray[np.int64]:
        """int64 (N,): the record of each row."""
        return np.arange(len(self.status)) if self.index is None else self.index

    def at(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64 (K,): the records of these rows."""
        return rows if self.index is None else self.index[rows]

    def shared(self) -> bool:
        """Whether some rows have the same record."""
        index = self.index
        return index is not None and len(index) > 1 and len(np.unique(index)) < len(index)

    def row_status(self) -> NDArray[np.uint8]:
        """uint8 (N,): PRESENT, MISSING or CORRUPT for each row."""
        return self.status if self.index is None else self.status[self.index]

    def row_reasons(self) -> dict[int, str]:
        """{row: why its cell is corrupt}, for every row that is."""
        rows = np.flatnonzero(self.row_status() == CORRUPT)
        records = self.records()
        return {int(r): self.reasons.get(int(records[r]), "cannot be read") for r in rows}

    def lengths(self) -> NDArray[np.int64]:
        """int64 (U,): the length of each record; 1 for fixed ones that are present, else 0."""
        if self.offsets is None:
            return np.asarray(self.status == PRESENT, np.int64)
        lengths: NDArray[np.int64] = np.diff(self.offsets)
        return lengths

    def sizes(self) -> NDArray[np.int64]:
        """int64 (U,): how many numbers each record is."""
        return self.lengths() * int(np.prod(self.values.shape[1:]))

    def rows(self, rows: NDArray[np.int64]) -> "Packed":
        """A view of some rows, in that order, over the same records: nothing is copied."""
        return Packed(
            self.values, self.status, self.offsets, self.mask, self.times, self.reasons,
            self.records()[rows],
        )  # fmt: skip

    def fixed(self, records: NDArray[np.int64]) -> NDArray[np.generic]:
        """(K, ...): these fixed-size records."""
        return self.values[records]

    def padded(
        self, records: NDArray[np.int64], longest: int | None = None
    ) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """(K, T, ...) and bool (K, T): these ragged records padded with zeros to their own longest.

        T is at least 1; a record longer than ``longest`` keeps its first ``longest`` steps.
        """
        steps = self._steps(records, longest)
        return self._laid(self.values, records, steps), steps

    def timed(
        self, records: NDArray[np.int64], longest: int | None = None
    ) -> tuple[NDArray[np.generic], NDArray[np.bool_], NDArray[np.float64] | None]:
        """As ``padded``, with bool (K, T, ...) where single numbers may be missing, and float64 (K, T) times.

        Where nothing is real values and times hold zeros; the times are None for signals without any.
        """
        steps = self._steps(records, longest)
        values = self._laid(self.values, records, steps)
        times = None if self.times is None else self._laid(self.times, records, steps).astype(np.float64)
        if self.mask is None:
            return values, steps, times
        mask = self._laid(self.mask, records, steps).astype(bool)
        return np.where(mask, values, np.zeros((), values.dtype)), mask, times

    def _steps(self, records: NDArray[np.int64], longest: int | None) -> NDArray[np.bool_]:
        """bool (K, T): the steps of these records, side by side; T is at least 1."""
        lengths = self.lengths()[records]
        if longest is not None:
            lengths = np.minimum(lengths, longest)
        found: NDArray[np.bool_] = np.arange(int(max(1, lengths.max(initial=0)))) < lengths[:, None]
        return found

    def _laid(
        self, ragged: NDArray[np.generic], records: NDArray[np.int64], steps: NDArray[np.bool_]
    ) -> NDArray[np.generic]:
        """(K, T, ...): what belongs to each step of these records, zeros behind their ends."""
        assert self.offsets is not None, "only ragged records are padded"
        starts, lengths = self.offsets[records], steps.sum(1)
        out = np.zeros((*steps.shape, *ragged.shape[1:]), ragged.dtype)
        if lengths.sum() > _LONG * len(records):  # copying runs is 10 times faster than gathering steps
            for row, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
                out[row, :length] = ragged[start : start + length]
        elif steps.any():
            out[steps] = ragged[(starts[:, None] + np.arange(steps.shape[1]))[steps]]
        return out


def absent(part: Packed) -> Packed:
    """A column of the same kind and length in which every cell is missing."""
    one = np.zeros((1, *part.values.shape[1:]), part.values.dtype)
    ragged = part.offsets is not None
    return Packed(
        one[:0] if ragged else one,
        np.ones(1, np.uint8),
        np.zeros(2, np.int64) if ragged else None,
        None if part.mask is None else np.zeros((0 if ragged else 1, *part.mask.shape[1:]), bool),
        None if part.times is None else np.zeros(0),
        {},
        np.zeros(len(part), np.int64),
    )


def concatenated(parts: Sequence[Packed]) -> Packed:
    """Chunks of one column, in order, as one column. The parts must not carry an index."""
    ragged = parts[0].offsets is not None
    reasons: dict[int, str] = {}
    start, offsets, base = 0, [np.zeros(1, np.int64)], 0
    for part in parts:
        assert part.index is None, "chunks are concatenated before rows share records"
        reasons |= {start + record: why for record, why in part.reasons.items()}
        start += len(part.status)
        if part.offsets is not None:
            offsets.append(part.offsets[1:] + base)
            base += int(part.offsets[-1])
    masked = any(p.mask is not None for p in parts)
    masks = [np.ones(p.values.shape, bool) if p.mask is None else p.mask for p in parts if masked]
    times = [p.times for p in parts if p.times is not None]
    return Packed(
        np.concatenate([p.values for p in parts]),
        np.concatenate([p.status for p in parts]),
        np.concatenate(offsets) if ragged else None,
        np.concatenate(masks) if masks else None,
        np.concatenate(times) if times else None,
        reasons,
    )


def flat(packed: Packed) -> Packed:
    """The same rows as records of their own, without an index."""
    if packed.index is None:
        return packed
    records, reasons = packed.index, packed.row_reasons()
    if packed.offsets is None:
        mask = None if packed.mask is None else packed.mask[records]
        return Packed(packed.values[records], packed.status[records], None, mask, None, reasons)
    lengths = packed.lengths()[records]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    steps = np.repeat(packed.offsets[records] - offsets[:-1], lengths) + np.arange(int(offsets[-1]))
    mask = None if packed.mask is None else packed.mask[steps]
    times = None if packed.times is None else packed.times[steps]
    return Packed(packed.values[steps], packed.status[records], offsets, mask, times, reasons)


def ragged(
    records: Sequence[NDArray[np.generic] | None],
    empty: NDArray[np.generic],
    *,
    reasons: dict[int, str] | None = None,
) -> Packed:
    """Pack arrays of different lengths; None is missing, or corrupt when ``reasons`` names it.

    empty: an array of length 0 with the dtype and trailing shape of the records.
    """
    why = reasons or {}
    status = np.array(
        [CORRUPT if i in why else MISSING if r is None else PRESENT for i, r in enumerate(records)],
        np.uint8,
    )
    lengths = [0 if r is None else len(r) for r in records]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    values = np.concatenate([empty, *(r for r in records if r is not None)]).astype(empty.dtype)
    return Packed(values, status, offsets, reasons=why)
