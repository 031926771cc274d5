"""Cells that nobody meant: no modality may raise, shift a row, or change another row's answer."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sensorium.errors import CorruptCell
from sensorium.modalities import modalities
from sensorium.modalities._base import Modality
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell
from sensorium.types import Facts

NAMES = modalities.names()
FAKES = {name: modalities.get(name).fake(np.random.default_rng(1), 40) for name in NAMES}
MEDIA = [cell for name in NAMES for cell in FAKES[name][:2] if isinstance(cell, bytes)]


def _fitted(name: str) -> tuple[Modality, Facts]:
    modality = modalities.get(name)()
    return modality, modality.fit([FAKES[name]], np.random.default_rng(0))


FITTED = {name: _fitted(name) for name in NAMES}


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real medium cut off, with bits flipped, or with bytes from elsewhere in it."""
    data = bytearray(draw(st.sampled_from(MEDIA)))
    for _ in range(draw(st.integers(0, 6))):
        data[draw(st.integers(0, min(len(data), 200) - 1))] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data) - 1)) :]
    return bytes(data)


ODD: list[Cell] = [
    object(),
    [],
    {},
    [[1, 2], [3]],
    {"array": None},
    {"array": [1.0], "sampling_rate": -1},
    (1, 2),
    {1, 2},
    3 + 4j,
    Path("no/such/file.png"),
    Path("."),
    Path("a\0b"),
    np.zeros((0, 0)),
    np.array("x"),
    np.array([None, object()]),
    np.full((3, 3), np.nan),
    np.full(5000, np.inf),
    np.zeros((2, 2, 2, 2)),
    Image.new("RGB", (1, 1)),
    Image.new("I;16", (5, 900)),
    b"",
    "",
    " ",
    "\0",
    "\ud800",
    "x" * 100_000,
    "9" * 5000,
    "1e999",
    "-inf",
    "nan",
    10**400,
    -(10**18),
    1e308,
    5e-324,
    Decimal("NaN"),
    Decimal("1e5000"),
    True,
    np.bool_(False),
    np.float16(2),
    datetime(2020, 1, 1, tzinfo=UTC),
    CorruptCell("no such file"),
    float("inf"),
    float("nan"),
    None,
    bytearray(b"RIFF"),
    memoryview(b"\x89PNG"),
    slice(1),
    ...,
    int,
    np.datetime64("2020-01-01"),
]

CELLS = st.one_of(
    st.sampled_from(ODD),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
    damaged(),
    st.lists(st.floats() | st.text() | st.none(), max_size=4),
)


@pytest.mark.parametrize("name", NAMES)
@given(cells=st.lists(CELLS, max_size=8), data=st.data())
def test_no_cell_raises_shifts_a_row_or_changes_another(name: str, cells: list[Cell], data: Any) -> None:
    modality, facts = FITTED[name]
    good = FAKES[name][:3]
    places = sorted(data.draw(st.lists(st.integers(0, len(cells)), min_size=3, max_size=3)))
    mixed, at = list(cells), []
    for number, (place, cell) in enumerate(zip(places, good, strict=True)):
        mixed.insert(place + number, cell)
        at.append(place + number)
    packed = modality.prepare(mixed, facts)
    assert len(packed) == len(mixed)
    status = packed.row_status()
    assert set(packed.row_reasons()) == set(np.flatnonzero(status == CORRUPT))
    assert all(status[place] == PRESENT for place in at)
    for place, cell in enumerate(mixed):
        if cell is None or (isinstance(cell, float) and cell != cell):
            assert status[place] == MISSING
    (joined,) = modality.join([packed])
    (alone,) = modality.join([modality.prepare(good, facts)])
    for layout in modality.layouts:
        front = modality.front([facts], layout)
        records = joined.records()
        answers = front(modality.arrays(joined, records[at], layout))
        whole = front(modality.arrays(joined, records, layout))
        clean = front(modality.arrays(alone, alone.records(), layout))
        assert torch.isfinite(whole.values.float()).all()
        assert whole.present().tolist() == (status == PRESENT).tolist()
        torch.testing.assert_close(answers.values, clean.values, rtol=0, atol=1e-5)
        torch.testing.assert_close(answers.mask, clean.mask)


@pytest.mark.parametrize("name", NAMES)
@given(cells=st.lists(CELLS, max_size=12))
def test_no_cell_stops_recognising_or_fitting(name: str, cells: list[Cell]) -> None:
    cls = modalities.get(name)
    guess = cls.sniff(cells)
    assert 0 <= guess.score <= 1
    modality = cls()
    facts = modality.fit([cells, FAKES[name][:5]], np.random.default_rng(0))
    for layout in modality.layouts:
        modality.describe([facts], layout)
    assert len(modality.prepare(cells, facts)) == len(cells)


@pytest.mark.parametrize("name", NAMES)
def test_every_odd_cell_is_told(name: str) -> None:
    modality, facts = FITTED[name]
    packed = modality.prepare(ODD, facts)
    for place, reason in packed.row_reasons().items():
        assert 5 < len(reason) < 300, ODD[place]
        assert "\n" not in reason
    assert packed.row_status()[[cell is None for cell in ODD]] == MISSING
