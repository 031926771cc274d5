"""What makes two cells the same: keys of cells, codes of columns, contents of files."""

import hashlib
import os
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sensorium.table.packed import Cell

Codes = NDArray[np.int64]

WHOLE_BYTES = 1 << 24
"""Files up to this size are hashed whole; of longer ones the size, the first and the last half."""


def key(cell: Cell) -> Hashable:
    """A short value that is equal for equal cells: text and numbers themselves, media by digest."""
    if isinstance(cell, str | int | float | Path | None):
        return cell
    if isinstance(cell, bytes):
        return digest(cell)
    if isinstance(cell, np.ndarray):
        return (cell.dtype.str, cell.shape, digest(np.ascontiguousarray(cell).tobytes()))
    if isinstance(cell, list | tuple):
        return tuple(key(item) for item in cell)
    if isinstance(cell, dict):
        return tuple(sorted((str(name), repr(key(item))) for name, item in cell.items()))
    pixels = getattr(cell, "tobytes", None)  # a picture in memory
    if pixels is not None:
        return (getattr(cell, "mode", ""), getattr(cell, "size", 0), digest(pixels()))
    return repr(cell)


def digest(data: bytes) -> bytes:
    """16 bytes that tell contents apart."""
    return hashlib.blake2b(data, digest_size=16).digest()


def codes(cells: Iterable[Cell]) -> Codes:
    """int64 (N,): equal numbers for equal cells, in order of first appearance; -1 where a cell is missing."""
    seen: dict[Hashable, int] = {}
    found = [-1 if c is None else seen.setdefault(key(c), len(seen)) for c in cells]
    return np.array(found, np.int64)


def arrow_codes(data: pa.ChunkedArray) -> Codes | None:
    """The same for an Arrow column, without a step per row; None where Arrow cannot (nested types)."""
    kind = data.type
    if pa.types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType) or pa.types.is_null(kind):
        return None
    if pa.types.is_dictionary(kind):
        data = data.cast(kind.value_type)
    try:
        encoded = data.dictionary_encode().combine_chunks()
    except pa.ArrowNotImplementedError:
        return None
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0)
    indices: Codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    if pa.types.is_floating(kind):
        words = encoded.dictionary.to_numpy(zero_copy_only=False)
        nan = np.append(np.isnan(words), False)  # index -1 reads the last
        indices = np.where(nan[indices], -1, indices)
    return indices


def streamed_codes(pieces: Iterable[Sequence[Cell]]) -> Codes:
    """The same for cells that come some at a time: 8 bytes of each are kept, never the cell.

    Cells are told apart by 64 bits: among a million different ones two are taken for equal with a chance
    of 3 in 100 million.
    """
    return marked_codes(
        (
            np.fromiter(map(_mark, cells), np.int64, len(cells)),
            np.fromiter((c is not None for c in cells), bool, len(cells)),
        )
        for cells in pieces
    )


def marked_codes(pieces: Iterable[tuple[Codes, NDArray[np.bool_]]]) -> Codes:
    """Codes from 64 bits of each cell, and where there is a cell."""
    found, there = [np.zeros(0, np.int64)], [np.zeros(0, bool)]
    for mark, real in pieces:
        found.append(mark)
        there.append(real)
    real = np.concatenate(there)
    numbers = np.full(len(real), -1)
    numbers[real] = first_seen(np.concatenate(found)[real])[0]
    return numbers


def simple(kinds: Iterable[pa.DataType]) -> bool:
    """Whether ``marks`` can tell cells of these types."""
    t = pa.types
    return all(t.is_integer(k) or t.is_floating(k) or t.is_string(k) or t.is_large_string(k) for k in kinds)


def marks(array: pa.Array) -> tuple[Codes, NDArray[np.bool_]]:
    """int64 (N,): 64 bits of each cell of a ``simple`` type, or of none; bool (N,): where there is one."""
    there = array.is_valid().to_numpy(zero_copy_only=False).astype(bool)
    if pa.types.is_null(array.type):
        return np.zeros(len(array), np.int64), there
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return np.fromiter(map(hash, array.to_pylist()), np.int64, len(array)), there
    if pa.types.is_integer(array.type):
        return array.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64), there
    values = array.cast(pa.float64()).fill_null(0).to_numpy(zero_copy_only=False) + 0.0  # -0.0 is 0.0
    return values.view(np.int64), there & ~np.isnan(values)


def _mark(cell: Cell) -> int:
    """64 bits of a cell; Python's own hash takes -1 for -2."""
    if isinstance(cell, str | float | int):
        return hash(cell) if cell != -1 else _MINUS_ONE
    return hash(key(cell))


_MINUS_ONE = hash("-1 is not -2")


def first_seen(values: Codes) -> tuple[Codes, Codes]:
    """int64 (N,): equal numbers for equal values, as they appear; int64 (U,): where each came first."""
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[inverse], first[order]


def combined(parts: Sequence[Codes]) -> NDArray[np.uint64]:
    """uint64 (N,): one hash a row over the codes of several columns (splitmix64)."""
    mixed = np.zeros(len(parts[0]), np.uint64)
    for part in parts:
        mixed = mixed_in(mixed, part)
    return mixed


def mixed_in(mixed: NDArray[np.uint64], part: Codes) -> NDArray[np.uint64]:
    """The rows' hashes with the codes of one more column."""
    x = mixed ^ part.astype(np.uint64)
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def file_size(path: Path) -> int:
    """The size in bytes, -1 when the file cannot be looked at."""
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def file_digest(path: Path, size: int) -> bytes | None:
    """SHA-256 of a file's content, at most WHOLE_BYTES of it read; None when it cannot be read."""
    found = hashlib.sha256(str(size).encode())
    try:
        with path.open("rb") as file:
            if size <= WHOLE_BYTES:
                found.update(file.read(WHOLE_BYTES))
            else:
                found.update(file.read(WHOLE_BYTES // 2))
                file.seek(-(WHOLE_BYTES // 2), os.SEEK_END)
                found.update(file.read(WHOLE_BYTES // 2))
    except OSError:
        return None
    return found.digest()
