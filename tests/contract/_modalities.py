"""What the contract tests of modalities share: fakes, fitted modalities, batches."""

import json

import numpy as np
import pytest
import torch

from sensorium.modalities import modalities
from sensorium.modalities._base import Modality
from sensorium.table.packed import Cell, Packed
from sensorium.types import Arrays, Facts, Layout

NAMES = modalities.names()
EACH = pytest.mark.parametrize("name", NAMES)
ROWS = 60


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def fakes(name: str, rows: int = ROWS, seed: int = 0) -> list[Cell]:
    return modalities.get(name).fake(rng(seed), rows)


def fitted(name: str, cells: list[Cell] | None = None) -> tuple[Modality, Facts]:
    """The modality with its default choices, and the facts of its own fakes, passed through JSON."""
    modality = modalities.get(name)()
    facts = modality.fit([fakes(name) if cells is None else cells], rng())
    return modality, json.loads(json.dumps(facts))


def batch(modality: Modality, packed: Packed, facts: Facts, records: list[int], layout: Layout) -> Arrays:
    """What an encoder gets of these records."""
    (part,) = modality.join([packed])
    made = modality.arrays(part, np.array(records, np.int64), layout)
    finished: Arrays = modality.front([facts], layout)(made)
    return finished


def row(arrays: Arrays, place: int) -> torch.Tensor:
    """The real values of one row, cut to where its mask ends; the mask stands beside them for numbers."""
    mask = arrays.mask[place]
    if mask.ndim == 0:
        return arrays.values[place]
    length = int(mask.sum()) if mask.ndim == 1 else int(mask.any(-1).sum())
    if arrays.values.ndim == 4:
        return arrays.values[place, ..., :length]
    return arrays.values[place][mask] if arrays.values.ndim == 2 else arrays.values[place, :length]


def same(one: Packed, other: Packed) -> None:
    np.testing.assert_array_equal(one.row_status(), other.row_status())
    assert one.row_reasons() == other.row_reasons()
    np.testing.assert_array_equal(one.records(), other.records())
    np.testing.assert_array_equal(one.values, other.values)
    for mine, yours in ((one.offsets, other.offsets), (one.mask, other.mask), (one.times, other.times)):
        assert (mine is None) == (yours is None)
        if mine is not None and yours is not None:
            np.testing.assert_array_equal(mine, yours)
