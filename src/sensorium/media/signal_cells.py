"""A cell of any kind -> named arrays: lists, arrays, dicts of lists, lists of dicts, files, bytes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensorium.errors import CorruptCell
from sensorium.media import magic
from sensorium.media.cells import shown
from sensorium.media.locate import parted
from sensorium.media.signal_files import FAILURES, NPY, ZIP, Limits, Shelf, npy_array, npz_arrays
from sensorium.media.signal_table import text_columns

Fields = dict[str, object]
"""Arrays (T,) or (T, C) by name, "" for the only one of a cell that names nothing; texts and numbers too."""

TIMES = frozenset(
    "t ts time times timestamp timestamps time_s time_ms seconds secs ms datetime date_time clock".split()
)
"""Names that say that a field holds times, in lower case."""

_SHELF = Shelf()
_BRACKETS = {"[": "]", "{": "}"}


def fields(cell: object, limits: Limits, time: str | None = None) -> Fields:
    """What a cell holds, the limits checked before anything is decoded. Raises CorruptCell.

    time: the name of the field with times, None: one of TIMES. Of an archive that is named with a key, this
    field comes along.
    """
    if isinstance(cell, bytearray | memoryview):
        cell = bytes(cell)
    if isinstance(cell, str):
        cell = parsed(cell)
    try:
        if isinstance(cell, Path):
            return _of_path(cell, limits, time)
        if isinstance(cell, bytes):
            return _of_bytes(cell, limits)
    except FAILURES as why:
        raise CorruptCell(_broken(why)) from None
    if isinstance(cell, Mapping):
        return {str(name): _array(value, limits) for name, value in cell.items() if value is not None}
    if isinstance(cell, list | tuple) and len(cell) and all(isinstance(step, Mapping) for step in cell):
        return _of_steps(cell, limits)
    if isinstance(cell, list | tuple | np.ndarray):
        return {"": _array(cell, limits)}
    raise CorruptCell(f"expected a signal, got {shown(cell)}")


def is_time(name: str, time: str | None) -> bool:
    """Whether a field holds the times of the others."""
    return name == time if time is not None else name.lower() in TIMES


def parsed(text: str) -> object:
    """A text such as ``[1, 2]``, ``{"x": [1, 2]}`` or ``[1. 2.]`` as what it means. Raises CorruptCell."""
    tidy = text.strip()
    if not tidy or _BRACKETS.get(tidy[0]) != tidy[-1]:
        raise CorruptCell(f"expected a signal, got {shown(text)}")
    try:
        found: object = json.loads(tidy)
        return found
    except RecursionError:
        raise CorruptCell("the value is nested too deeply to be read") from None
    except ValueError:
        pass
    if "..." in tidy:
        raise CorruptCell(f"the list was shortened to '...' when it was written: {shown(text)}")
    words = tidy.strip("[]").replace(",", " ").split()
    try:
        return np.array(words, np.float64)
    except ValueError:
        raise CorruptCell(f"{shown(text)} is no list of numbers") from None


def _of_path(path: Path, limits: Limits, time: str | None) -> Fields:
    file, key, row = parted(path)
    if (key, row) != (None, None):
        return _part(file, key, row, limits, time)
    if file.is_dir():
        raise CorruptCell("expected a signal, got a folder")
    first = magic.head(file)
    if first.startswith(NPY):
        return {"": npy_array(file, limits)}
    if first.startswith(ZIP):
        return _named(npz_arrays(file, limits))
    _check_kind(first)
    limits.check((), file.stat().st_size)
    return _of_bytes(file.read_bytes(), limits)


def _of_bytes(data: bytes, limits: Limits) -> Fields:
    if not data:
        raise CorruptCell("the file is empty (0 bytes)")
    if data.startswith(NPY):
        return {"": npy_array(data, limits)}
    if data.startswith(ZIP):
        return _named(npz_arrays(data, limits))
    _check_kind(data[: magic.HEAD])
    return dict(text_columns(data, limits))


def _check_kind(first: bytes) -> None:
    """Raises CorruptCell for what is plainly of another kind, before more of it is read."""
    found = magic.kind(first)
    if found is not None:
        raise CorruptCell(f"not a signal: the content is {found[0]} ({found[1]})")
    if b"\0" in first:
        raise CorruptCell("neither npy, npz nor a text table: the content is of an unknown kind")


def _part(file: Path, key: str | None, row: int | None, limits: Limits, time: str | None) -> Fields:
    """An array of an archive, or a row of one, with its times where the archive has an array of them."""
    whole = _SHELF.array(file, key, limits)
    found: Fields = {"": _row(whole, row, limits)}
    if key is not None and (name := _times_of(file, key, time)) is not None:
        times = _SHELF.array(file, name, limits)
        steps = whole.shape[: 1 if row is None else 2]
        if times.shape == steps:
            found[name] = _row(times, row, limits)
    return found


def _row(whole: NDArray[np.generic], row: int | None, limits: Limits) -> NDArray[np.generic]:
    if row is not None and (whole.ndim == 0 or row >= len(whole)):
        rows = 0 if whole.ndim == 0 else len(whole)
        raise CorruptCell(f"row {row} is not there: the array has {rows:,} rows, counted from 0")
    shape = whole.shape if row is None else whole.shape[1:]
    limits.check(shape, int(np.prod(shape, dtype=np.float64)) * whole.itemsize)
    return np.array(whole if row is None else whole[row])


def _times_of(file: Path, key: str, time: str | None) -> str | None:
    """The key of the times beside an array of an archive."""
    known = _SHELF.keys(file)
    return next((name for name in known if name != key and is_time(name, time)), None)


def _named(arrays: dict[str, NDArray[np.generic]]) -> Fields:
    return {"": next(iter(arrays.values()))} if len(arrays) == 1 else dict(arrays)


def _of_steps(steps: Sequence[Mapping[str, object]], limits: Limits) -> Fields:
    """A list with a dict for each step: an absent name is a gap."""
    names = dict.fromkeys(str(name) for step in steps for name in step)
    limits.check((len(steps),), 8.0 * len(steps) * len(names))
    return {name: _array([step.get(name) for step in steps], limits) for name in names}


def _array(value: object, limits: Limits) -> object:
    """Lists as arrays, NaN where a number is missing; what holds no numbers stays as it is."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = value.tolist()
    if isinstance(value, np.ndarray):
        limits.check(value.shape, value.nbytes)
        return value
    if not isinstance(value, list | tuple):
        return value
    limits.check((len(value),), 8.0 * len(value))
    try:
        found = np.array(value, np.float64)
    except (ValueError, TypeError, OverflowError):
        if any(isinstance(part, list | tuple | np.ndarray) for part in value):
            raise CorruptCell("expected a signal, got lists of different lengths or of no numbers") from None
        return list(value)
    limits.check(found.shape, found.nbytes)
    return found


def _broken(why: BaseException) -> str:
    if isinstance(why, OSError) and why.strerror:
        return f"the file cannot be read: {why.strerror}"
    said = str(why).strip().partition("\n")[0][:120] or type(why).__name__
    return f"the signal is broken: {said}"
