"""Paths in cells that start at another folder than the table's own."""

import os
from functools import partial
from pathlib import Path

from sensorium.media.locate import is_path_like
from sensorium.table.packed import Cell
from sensorium.table.table import Table


def anchored(table: Table, at: Path | None = None) -> Table:
    """The table with the paths of files below its folder made absolute, or made to start at another folder.

    Cells that name no file from the table's folder stay as they are.
    """
    folder = table.folder
    if folder is None or (at is not None and os.path.realpath(at) == os.path.realpath(folder)):
        return table
    for name in table.names:
        if table.on_disk(name):
            table = table.changed(name, partial(_moved, folder=folder, at=at), f"{folder} {at}")
            continue
        cells = table.column(name)
        if any(isinstance(cell, str | list) for cell in cells):
            placed = [_moved(cell, folder, at) for cell in cells]
            if any(new is not old for new, old in zip(placed, cells, strict=True)):
                table = table.with_column(name, placed)
    return table


def _moved(cell: Cell, folder: Path, at: Path | None) -> Cell:
    if isinstance(cell, list) and any(isinstance(one, str) for one in cell):
        placed = [_moved(one, folder, at) for one in cell]
        return cell if all(new is old for new, old in zip(placed, cell, strict=True)) else placed
    if isinstance(cell, str) and is_path_like(cell) and os.path.isfile(found := os.path.join(folder, cell)):
        return found if at is None else os.path.relpath(found, at)
    return cell
