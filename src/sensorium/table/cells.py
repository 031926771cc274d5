"""Arrow arrays as Python cells, one kind of type at a time."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sensorium.table.packed import Cell

Rows = NDArray[np.int64]


def cells_of(data: pa.ChunkedArray, rows: Rows | None = None) -> list[Cell]:
    """The cells of these rows (None: all), in that order.

    Null and NaN become None; infinities stay. Lists of numbers become numpy arrays (read-only views),
    dates and timestamps datetimes, durations seconds, decimals floats, fixed-shape tensors numpy
    arrays, and ``{bytes, path}`` structs the bytes or else the path.
    """
    if rows is None:
        return [cell for chunk in data.chunks for cell in chunk_cells(chunk)]
    if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
        return cells_of(data.slice(int(rows[0]), len(rows)))
    return _picked(data, rows)


def chunk_cells(array: pa.Array) -> list[Cell]:
    """The cells of one Arrow array."""
    for fits, convert in _CONVERTERS:
        if fits(array.type):
            return convert(array)
    return _plainly(array)


def _picked(data: pa.ChunkedArray, rows: Rows) -> list[Cell]:
    """Cells of scattered rows, chunk by chunk: Arrow would join the chunks first, which overflows."""
    starts = np.concatenate([[0], np.cumsum([len(chunk) for chunk in data.chunks])])
    chunk_of = np.searchsorted(starts, rows, side="right") - 1
    order = np.argsort(chunk_of, kind="stable")
    found: list[Cell] = []
    for number in np.unique(chunk_of):
        local = rows[chunk_of == number] - starts[number]
        found += chunk_cells(data.chunk(int(number)).take(pa.array(local)))
    out: list[Cell] = [None] * len(rows)
    for place, cell in zip(order.tolist(), found, strict=True):
        out[place] = cell
    return out


def _plainly(array: pa.Array) -> list[Cell]:
    found: list[Cell] = array.to_pylist()
    return found


def _floats(array: pa.Array) -> list[Cell]:
    values = array.to_numpy(zero_copy_only=False)
    found: list[Cell] = values.tolist()
    for place in np.flatnonzero(np.isnan(values)).tolist():
        found[place] = None
    return found


def _decimals(array: pa.Array) -> list[Cell]:
    return _floats(array.cast(pa.float64(), safe=False))


def _decoded(array: pa.Array) -> list[Cell]:
    """Cells of one word are one object."""
    words = np.empty(len(array.dictionary) + 1, object)
    words[:-1], words[-1] = chunk_cells(array.dictionary), None
    codes = array.indices.fill_null(len(array.dictionary)).to_numpy(zero_copy_only=False)
    found: list[Cell] = words[codes].tolist()
    return found


def _runs(array: pa.Array) -> list[Cell]:
    return chunk_cells(pc.run_end_decode(array))


def _moments(array: pa.Array) -> list[Cell]:
    if pa.types.is_date32(array.type):  # there is no direct way from days to microseconds
        array = array.cast(pa.date64())
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("ms"))
    kind = pa.timestamp("us", array.type.tz)
    try:
        cut = array.type.unit == "ns"  # datetime holds no more; every other loss is an error
        found: list[Cell] = array.cast(kind, safe=not cut).to_pylist()
    except (ValueError, OverflowError):  # a year that datetime cannot hold: that cell stays a number as text
        if len(array) == 1:
            return [str(array.cast(pa.int64())[0].as_py())]
        return [cell for row in range(len(array)) for cell in _moments(array.slice(row, 1))]
    return found


def _durations(array: pa.Array) -> list[Cell]:
    seconds = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[array.type.unit]
    return [None if n is None else n * seconds for n in array.cast(pa.int64()).to_pylist()]


def _lists(array: pa.Array) -> list[Cell]:
    """Lists of numbers are views of one numpy array; other lists are slices of converted cells."""
    lows, highs = _bounds(array)
    present = array.is_valid().to_numpy(zero_copy_only=False)
    if not present.any():
        return [None] * len(array)
    first, last = int(lows[present].min()), int(highs[present].max())
    inner = array.values.slice(first, last - first)
    lows, highs = np.where(present, lows - first, 0), np.where(present, highs - first, 0)
    values: Sequence[Cell] | NDArray[np.generic]
    if not (pa.types.is_integer(inner.type) or pa.types.is_floating(inner.type)):
        values, gaps = chunk_cells(inner), np.zeros(len(array), np.int64)
    else:
        nulls = np.concatenate([[0], np.cumsum(inner.is_null().to_numpy(zero_copy_only=False))])
        gaps = nulls[highs] - nulls[lows]
        values = (inner.fill_null(0) if inner.null_count else inner).to_numpy(zero_copy_only=False)
    found: list[Cell] = [None] * len(array)
    for row in np.flatnonzero(present).tolist():
        low, high = int(lows[row]), int(highs[row])
        found[row] = inner.slice(low, high - low).to_pylist() if gaps[row] else values[low:high]
    return found


def _bounds(array: pa.Array) -> tuple[Rows, Rows]:
    """int64 (N,) twice: where each list starts and ends in ``array.values``."""
    if pa.types.is_fixed_size_list(array.type):
        ends = (array.offset + np.arange(len(array) + 1)) * array.type.list_size
        return ends[:-1], ends[1:]
    offsets = array.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
    if pa.types.is_list_view(array.type) or pa.types.is_large_list_view(array.type):
        return offsets, offsets + array.sizes.to_numpy(zero_copy_only=False)
    return offsets[:-1], offsets[1:]


def _structs(array: pa.Array) -> list[Cell]:
    """A struct of bytes and path is how picture and sound columns are stored by several tools."""
    found = _plainly(array)
    if {field.name for field in array.type} != {"bytes", "path"}:
        return found
    return [medium(cell) if isinstance(cell, dict) else None for cell in found]


def medium(cell: dict[str, Cell]) -> Cell:
    """The bytes of a ``{bytes, path}`` pair, or else its path."""
    return cell["path"] if cell["bytes"] is None else cell["bytes"]


def _extensions(array: pa.Array) -> list[Cell]:
    if isinstance(array.type, pa.FixedShapeTensorType) and not array.null_count and len(array):
        return list(array.to_numpy_ndarray())
    return chunk_cells(array.storage)


def _is_list(kind: pa.DataType) -> bool:
    t = pa.types
    checks = (t.is_list, t.is_large_list, t.is_fixed_size_list, t.is_list_view, t.is_large_list_view)
    return any(check(kind) for check in checks)


def _is_moment(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _is_extension(kind: pa.DataType) -> bool:
    return isinstance(kind, pa.BaseExtensionType)


_CONVERTERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], list[Cell]]], ...] = (
    (_is_extension, _extensions),
    (pa.types.is_floating, _floats),
    (pa.types.is_decimal, _decimals),
    (pa.types.is_dictionary, _decoded),
    (pa.types.is_run_end_encoded, _runs),
    (_is_moment, _moments),
    (pa.types.is_duration, _durations),
    (_is_list, _lists),
    (pa.types.is_struct, _structs),
)
