"""Cells that cannot be read: listed with their place, counted in words, written as JSON, or an error."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from sensorium.errors import DataError
from sensorium.media.locate import is_path_like
from sensorium.modalities import modalities
from sensorium.plan import Plan
from sensorium.table.table import Table
from sensorium.types import Json

Corrupt: TypeAlias = Sequence[tuple[str, int, str]]
"""(column, row of the table, reason)."""

NAMED = 5
"""So many cells are named in an error."""


def places(found: Corrupt, table: Table, plan: Plan) -> list[dict[str, Json]]:
    """Each cell as ``{"table", "column", "row", "path", "reason"}``: the table's first row is 1.

    path: the file that the cell names, as the table says it; null where it names none.
    """
    media = _media_columns(plan)
    paths: dict[tuple[str, int], str] = {}
    for column, those in _by_column(found).items():
        rows = [row for row, _ in those]
        cells = (cell for chunk in table.chunks(column, np.array(rows, np.int64)) for cell in chunk)
        for row, cell in zip(rows, cells, strict=True):
            if isinstance(cell, str | Path) and _names_a_file(str(cell), column in media):
                paths[column, row] = str(cell)
    made: list[dict[str, Json]] = []
    for column, row, why in found:
        source, number = table.place(row)
        path = paths.get((column, row))
        made.append({"table": source, "column": column, "row": number, "path": path, "reason": why})
    return made


def write_cells(path: Path, told: Sequence[dict[str, Json]]) -> None:
    """Write ``cells.jsonl``: one corrupt cell a line, as ``places`` tells it; empty when there is none."""
    if not path.parent.is_dir():
        raise DataError(
            f"{path}: the folder {path.parent} does not exist. Create it or choose another place."
        )
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for cell in told:
            file.write(json.dumps(cell, ensure_ascii=False) + "\n")


def stop(found: Corrupt, table: Table, plan: Plan, remedy: str) -> None:
    """Raise DataError that names the first corrupt cells and says how many more there are.

    remedy: what to do besides mending them.
    """
    if not found:
        return
    named = []
    for cell in places(found[:NAMED], table, plan):
        source = f"{cell['table']} " if len(table.parts) > 1 else ""
        path = f" ({cell['path']})" if cell["path"] is not None else ""
        named.append(f"column {cell['column']!r}, {source}row {cell['row']}{path}: {cell['reason']}")
    if len(found) == 1:
        raise DataError(f"{named[0]}. Mend the cell, or {remedy}.")
    more = [f"- and {len(found) - NAMED:,} more"] if len(found) > NAMED else []
    lines = [*(f"- {one}" for one in named), *more]
    raise DataError(
        f"{table.source}: {len(found):,} cells cannot be read.\n"
        + "\n".join(lines)
        + f"\nMend them, or {remedy}."
    )


def in_words(found: Corrupt, table: Table, dropped: bool = False) -> list[str]:
    """One sentence a column: how many cells are corrupt, what becomes of them, and the first."""
    said = []
    for column, those in _by_column(found).items():
        row, why = those[0]
        if len(those) == 1:
            fate = "its row is left out" if dropped else "counts as missing"
            many = f"1 cell is corrupt and {fate}"
        else:
            fate = "their rows are left out" if dropped else "count as missing"
            many = f"{len(those):,} cells are corrupt and {fate}"
        said.append(f"column {column!r}: {many}; the first, {table.row_number(row)}: {why}")
    return said


def counted(found: Corrupt) -> dict[str, Json]:
    """{column: how many of its cells are corrupt}."""
    return {column: len(those) for column, those in _by_column(found).items()}


def _by_column(found: Corrupt) -> dict[str, list[tuple[int, str]]]:
    cells: dict[str, list[tuple[int, str]]] = {}
    for column, row, why in found:
        cells.setdefault(column, []).append((row, why))
    return cells


def _media_columns(plan: Plan) -> set[str]:
    return {c for one in plan.inputs.values() if modalities.get(one.modality.name).media for c in one.columns}


def _names_a_file(text: str, medium: bool) -> bool:
    """Whether a cell names a file: any string of a medium's column but ``data:`` addresses does."""
    return (medium and not text.startswith("data:")) or is_path_like(text)
