"""What every modality keeps to, whatever it is: found by the family, not by name. Then: its arrays."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from contract._modalities import EACH, ROWS, batch, fakes, fitted, row, same
from sensorium.errors import CorruptCell
from sensorium.modalities import modalities
from sensorium.table.packed import concatenated

NDIM = {"scalar": 2, "index": 2, "ids": 2, "frames": 3, "wave": 2, "grid": 4, "clip": 5}
INTEGERS = ("index", "ids")


@EACH
def test_arrays_are_laid_out_as_described(name: str) -> None:
    modality, facts = fitted(name)
    packed = modality.prepare([*fakes(name), None], facts)
    for layout in modality.layouts:
        told = modality.describe([facts], layout)
        assert told["layout"] == layout
        json.dumps(told)
        arrays = batch(modality, packed, facts, [0, 3, ROWS], layout)
        values, mask = arrays.values, arrays.mask
        assert values.ndim == NDIM[layout]
        assert values.dtype == (torch.int64 if layout in INTEGERS else torch.float32)
        assert mask.dtype == torch.bool
        as_told(told, values, mask)


def as_told(told: dict[str, Any], values: torch.Tensor, mask: torch.Tensor) -> None:
    """The keys that ``Modality.describe`` promises for each layout, against real arrays."""
    rows = len(values)
    match told["layout"]:
        case "scalar":
            assert values.shape == mask.shape == (rows, told["features"])
            assert len(told["bins"]) == told["features"]
            assert all(np.diff(edges).min() > 0 for edges in told["bins"])
        case "index":
            assert values.shape == mask.shape == (rows, told["features"]) == (rows, len(told["sizes"]))
            assert (values < torch.tensor(told["sizes"])).all()
        case "ids":
            assert values.shape == mask.shape
            assert values.shape[1] <= told["longest"]
            assert values[mask].min() >= 1
            assert values.max() < told["vocabulary"]
            assert (values[~mask] == 0).all()
        case "frames":
            assert values.shape[2] == told["features"]
            assert mask.shape in (values.shape[:2], values.shape)
        case "wave":
            assert values.shape == mask.shape
            assert told["rate"] > 0
        case "grid":
            assert values.shape[1:3] == (told["channels"], told["height"])
            assert values.shape[3] <= told["width"] if told["timed"] else values.shape[3] == told["width"]
            assert mask.shape == ((rows, values.shape[3]) if told["timed"] else (rows,))
        case "clip":
            assert values.shape[2:] == (told["channels"], told["height"], told["width"])
            assert values.shape[1] <= told["longest"]
            assert mask.shape == values.shape[:2]


@EACH
def test_a_row_is_the_same_alone_and_in_any_batch_and_order(name: str) -> None:
    modality, facts = fitted(name)
    packed = modality.prepare([*fakes(name, 12, seed=3), None], facts)
    for layout in modality.layouts:
        together = batch(modality, packed, facts, list(range(13)), layout)
        turned = batch(modality, packed, facts, [7, 12, 2, 7], layout)
        for place, record in enumerate([7, 12, 2, 7]):
            alone = row(batch(modality, packed, facts, [record], layout), 0)
            torch.testing.assert_close(row(together, record), alone, rtol=0, atol=1e-5)
            torch.testing.assert_close(row(turned, place), alone, rtol=0, atol=1e-5)


@EACH
def test_what_is_masked_is_zero_on_the_device(name: str) -> None:
    modality, facts = fitted(name)
    packed = modality.prepare([None, *fakes(name, 4, seed=2), object()], facts)
    for layout in modality.layouts:
        arrays = batch(modality, packed, facts, list(range(6)), layout)
        mask = arrays.mask
        if layout == "grid" and mask.ndim == 2:
            mask = mask[:, None, None, :].expand(arrays.values.shape)
        while mask.ndim < arrays.values.ndim:
            mask = mask.unsqueeze(-1)
        assert (arrays.values[~mask.expand(arrays.values.shape)] == 0).all()


@EACH
def test_chunks_of_a_column_are_the_column(name: str) -> None:
    modality, facts = fitted(name)
    cells = [None, *fakes(name, 9, seed=4), CorruptCell("x")]
    parts = [modality.prepare(cells[start : start + 4], facts) for start in range(0, 11, 4)]
    same(concatenated(parts), modality.prepare(cells, facts))


@EACH
@pytest.mark.filterwarnings("error")
def test_a_column_read_from_disk_gives_the_same(name: str, tmp_path: Path) -> None:
    modality, facts = fitted(name)
    (packed,) = modality.join([modality.prepare([*fakes(name, 6, seed=6), None], facts)])
    arrays = {"values": packed.values, "mask": packed.mask, "times": packed.times}
    for key, array in arrays.items():
        if array is not None:
            np.save(tmp_path / key, array)
            arrays[key] = np.load(tmp_path / f"{key}.npy", mmap_mode="r")
    mapped = replace(packed, **arrays)
    for layout in modality.layouts:
        made, other = (modality.arrays(p, np.array([5, 0, 6]), layout) for p in (packed, mapped))
        torch.testing.assert_close(made.values, other.values, rtol=0, atol=0)
        torch.testing.assert_close(made.mask, other.mask)


@EACH
def test_threads_prepare_the_same_as_one(name: str) -> None:
    modality, facts = fitted(name)
    chunks = [fakes(name, 6, seed=seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(lambda cells: modality.prepare(cells, facts), chunks))
    for made, cells in zip(threaded, chunks, strict=True):
        same(made, modality.prepare(cells, facts))


@EACH
def test_a_medium_that_rows_share_is_stored_once(name: str) -> None:
    if not modalities.get(name).media:
        return
    modality, facts = fitted(name)
    first, second = fakes(name, 2)
    packed = modality.prepare([first, None, second, first, first], facts)
    assert packed.records().tolist() == [0, 1, 2, 0, 0]
    assert len(packed.status) == 3
    for layout in modality.layouts:
        arrays = batch(modality, packed, facts, packed.records().tolist(), layout)
        torch.testing.assert_close(row(arrays, 0), row(arrays, 4), rtol=0, atol=0)


@EACH
def test_columns_of_one_input_stand_side_by_side_or_stay_parts(name: str) -> None:
    modality, facts = fitted(name)
    first, second = fakes(name, 5), fakes(name, 5, seed=1)
    columns = [modality.prepare(cells, facts) for cells in ([*first, None], [*second, None])]
    parts = modality.join(columns)
    if not modality.together:
        assert len(parts) == 2
        return
    (joined,) = parts
    layout = modality.layouts[0]
    both = modality.front([facts, facts], layout)(modality.arrays(joined, np.arange(6), layout))
    wide = batch(modality, columns[0], facts, [0], layout).values.shape[1]
    assert modality.describe([facts, facts], layout)["features"] == both.values.shape[1] == 2 * wide
    for place, column in enumerate(columns):
        alone = batch(modality, column, facts, list(range(6)), layout)
        here = slice(place * wide, (place + 1) * wide)
        torch.testing.assert_close(both.values[:, here], alone.values)
        torch.testing.assert_close(both.mask[:, here], alone.mask)
