"""What the cells of a column look, sound or read like: one fingerprint for each different cell.

Letters: N rows.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from sensorium import seeds
from sensorium.errors import CorruptCell
from sensorium.fit_facts import placed
from sensorium.infer_columns import ColumnGuess
from sensorium.media.cells import is_missing
from sensorium.media.several import held, sign_of
from sensorium.modalities import modalities
from sensorium.modalities._base import Modality
from sensorium.progress import Progress
from sensorium.table.near import Near, linked, near
from sensorium.table.packed import Cell
from sensorium.table.table import Table

Ints = NDArray[np.int64]

REPEATS = 0.5
"""Texts of which more than this share repeat are values, not copies of each other."""
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class Looks:
    """A column's looks. row: int64 (N,), the look of each row, -1: none. cell: int64 (N,), equal for equal
    cells. near: pairs of looks. most_bits: in how many they may differ. asked: how many different cells
    there are, and compared: how many had a look.
    """

    row: Ints
    cell: Ints
    near: Near
    most_bits: int
    asked: int
    compared: int

    def groups(self) -> Ints:
        """int64 (N,): one number for rows whose looks are equal or linked by near pairs; -1: none."""
        many = int(self.near.look.max(initial=-1)) + 1
        group = linked(many, self.near.first, self.near.second)
        return np.where(self.row >= 0, group[self.row] if many else -1, -1)


def compared(one: ColumnGuess, table: Table) -> str | None:
    """Why a column's cells are not compared; None when they are."""
    if one.role != "input" or one.modality is None:
        return "no input reads it"
    kind = modalities.get(one.modality)
    if not kind.near_bits:
        return f"cells of the kind {one.modality} have no fingerprint"
    if kind.media:
        return None
    codes = table.codes(one.column)
    present, different = int((codes >= 0).sum()), len(np.unique(codes[codes >= 0]))
    if different < (1 - REPEATS) * present:
        return (
            f"its cells repeat ({different:,} different ones in {present:,} rows): they are values, no copies"
        )
    return None


def looks_of(table: Table, one: ColumnGuess, seed: int, most_cells: int | None = None) -> Looks:
    """Fingerprints of a column's different cells, and which of them are nearly the same.

    most_cells: of more different cells a sample is compared. Media are decoded in threads.
    """
    codes = table.codes(one.column)
    kind = modalities.get(str(one.modality))
    cells, first = np.unique(codes, return_index=True)
    first = first[cells >= 0]
    asked = len(first)
    if most_cells is not None and asked > most_cells:
        rng = seeds.generator(seed, f"near sample {one.column}")
        first = np.sort(rng.choice(first, most_cells, replace=False))
    first = np.sort(first)
    prints = fingerprints(kind(), table, one.column, first)
    found = near(prints, kind.near_bits, seeds.generator(seed, f"near {one.column}"))
    of_cell = np.full(int(codes.max(initial=-1)) + 2, -1)
    of_cell[codes[first]] = found.look
    return Looks(of_cell[codes], codes, found, kind.near_bits, asked, int((found.look >= 0).sum()))


def fingerprints(modality: Modality, table: Table, column: str, rows: Ints) -> list[bytes | None]:
    """The fingerprint of each of these rows' cells; None where there is none. Of several media in one cell
    the first one stands for all."""
    made: list[bytes | None] = []
    pool = ThreadPoolExecutor(torch.get_num_threads()) if modality.media else nullcontext()
    with Progress() as progress, pool as threads:
        chunks = table.chunks(column, rows, size=_CHUNK)
        for cells in progress.over(chunks, f"comparing {column}", -(-len(rows) // _CHUNK)):
            if modality.holds_several():
                sign = sign_of(cells)
                cells = [next(iter(held(cell, sign) or [cell])) for cell in cells]
            if modality.media:
                cells = placed(modality, cells, table)
            each = map if threads is None else threads.map
            made += each(lambda cell: _print(modality, cell), cells)
    return made


def _print(modality: Modality, cell: Cell) -> bytes | None:
    if is_missing(cell) or isinstance(cell, CorruptCell):
        return None
    try:
        return modality.fingerprint(cell)
    except CorruptCell:
        return None
