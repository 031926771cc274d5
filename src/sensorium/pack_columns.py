"""Which columns of a table hold media: files, bytes, pictures or arrays."""

import os
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from PIL import Image

from sensorium.infer_columns import SNIFFED, guess_modality, sample
from sensorium.media.several import opened
from sensorium.modalities import modalities
from sensorium.table.packed import Cell
from sensorium.table.table import Table

_FEW = 20
"""Cells that are not missing, of those looked at first, from which on no others are looked for."""


def media_columns(table: Table, notes: list[str] | None = None) -> dict[str, str]:
    """{column: its modality} of those whose cells are files, bytes, pictures or arrays.

    notes: gets a line for each column most of whose paths cannot be read.
    """
    found = {}
    for name in table.names:
        kinds = table.types(name)
        if kinds is not None and not any(map(_may_hold_media, kinds)):
            continue
        cells = looked_at(table, name)
        modality, _, reason = guess_modality(cells, table, name) if cells else (None, 0.0, "")
        if modality is None and "name files that cannot be read" in reason and notes is not None:
            notes.append(f"column {name!r} stays as it is: {reason}; --column packs it all the same")
        if modality is not None and modalities.get(modality).media and any(map(_is_file, opened(cells)[0])):
            found[name] = modality
    return found


def asked(table: Table, columns: Sequence[str]) -> dict[str, str]:
    """{column: its modality, or nothing where none is known} of those that the user names."""
    return {name: guess_modality(looked_at(table, name), table, name)[0] or "" for name in columns}


def looked_at(table: Table, name: str) -> list[Cell]:
    """Some cells that are not missing: of bytes the first ones, since rows in between must be read too."""
    kinds = table.types(name) or set()
    rows = np.arange(table.num_rows)
    few = rows[:: -(-len(rows) // (4 * SNIFFED))]
    if table.on_disk(name) and any(map(_holds_bytes, kinds)):
        few = rows[:SNIFFED]
    found = [cell for chunk in table.chunks(name, few) for cell in chunk if cell is not None][:SNIFFED]
    return found if len(found) >= _FEW or len(few) == len(rows) else sample(table, name, 0)


def _may_hold_media(kind: pa.DataType) -> bool:
    t = pa.types
    if t.is_dictionary(kind) or t.is_run_end_encoded(kind) or t.is_list(kind) or t.is_large_list(kind):
        return _may_hold_media(kind.value_type)
    text = t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind)
    return text or _holds_bytes(kind) or t.is_nested(kind)


def _holds_bytes(kind: pa.DataType) -> bool:
    t = pa.types
    if t.is_list(kind) or t.is_large_list(kind):
        return _holds_bytes(kind.value_type)
    whole = t.is_binary(kind) or t.is_large_binary(kind) or t.is_fixed_size_binary(kind)
    return bool(whole or t.is_binary_view(kind) or is_medium(kind))


def is_medium(kind: pa.DataType) -> bool:
    """Whether cells of a type are ``{bytes, path}``."""
    return bool(pa.types.is_struct(kind)) and {one.name for one in kind} == {"bytes", "path"}


def _is_file(cell: object) -> bool:
    """Whether a cell is a file, its bytes, a picture or an array, and no list or text of numbers."""
    if isinstance(cell, np.ndarray):
        return cell.ndim > 1
    if isinstance(cell, dict):
        return "array" in cell
    if isinstance(cell, str):
        return not cell.startswith(("[", "{"))
    return isinstance(cell, bytes | os.PathLike | Image.Image)
