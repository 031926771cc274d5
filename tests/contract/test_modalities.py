"""What every modality keeps to, whatever it is: found by the family, not by name."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch

from sensorium.augment import augments
from sensorium.encoders import encoders
from sensorium.errors import CorruptCell
from sensorium.modalities import modalities
from sensorium.modalities._base import Modality
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell, Packed, concatenated
from sensorium.types import LAYOUTS, Arrays, Facts, Layout

NAMES = modalities.names()
EACH = pytest.mark.parametrize("name", NAMES)
ROWS = 60
NDIM = {"scalar": 2, "index": 2, "ids": 2, "frames": 3, "wave": 2, "grid": 4, "clip": 5}
INTEGERS = ("index", "ids")


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


@EACH
def test_a_modality_knows_its_own_cells_best(name: str) -> None:
    own = fakes(name, 200)
    mine = modalities.get(name).sniff(own)
    assert mine.reason
    assert 0.5 < mine.score <= 1
    for other in NAMES:
        if other != name:
            assert modalities.get(other).sniff(own).score < mine.score, other
            assert modalities.get(name).sniff(fakes(other, 200)).score < mine.score, other


@EACH
@pytest.mark.parametrize("cells", [[], [object()], [CorruptCell("x")], [b""], ["" * 3], [[1], {}], [10**400]])
def test_sniffing_never_fails(name: str, cells: list[Cell]) -> None:
    guess = modalities.get(name).sniff(cells)
    assert 0 <= guess.score <= 1
    assert guess.reason


@EACH
def test_fakes_are_seeded_present_and_can_be_stored(name: str) -> None:
    cells = fakes(name)
    assert cells == fakes(name) != fakes(name, seed=1)
    assert all(isinstance(c, str | int | float | bool | bytes | list) for c in cells)
    modality, facts = fitted(name)
    assert (modality.prepare(cells, facts).row_status() == PRESENT).all()


@EACH
def test_what_it_names_exists_and_fits(name: str) -> None:
    cls = modalities.get(name)
    assert set(cls.layouts) <= set(LAYOUTS)
    assert set(encoders.get(cls.default_encoder).accepts) & set(cls.layouts)
    for augment in cls.default_augment:
        assert set(augments.get(augment).layouts) & set(cls.layouts)


@EACH
def test_facts_do_not_depend_on_the_chunks_and_survive_json(name: str) -> None:
    modality, cells = modalities.get(name)(), fakes(name)
    whole = modality.fit([cells], rng())
    assert modality.fit([cells[:7], [], cells[7:30], cells[30:]], rng()) == whole
    same(modality.prepare(cells, whole), modality.prepare(cells, json.loads(json.dumps(whole))))


@EACH
def test_missing_and_corrupt_cells_are_told_apart_and_shift_no_row(name: str) -> None:
    modality, facts = fitted(name)
    first, second = fakes(name, 2, seed=5)
    cells = [None, first, CorruptCell("no such file"), float("nan"), second, object()]
    packed = modality.prepare(cells, facts)
    assert packed.row_status().tolist() == [MISSING, PRESENT, CORRUPT, MISSING, PRESENT, CORRUPT]
    reasons = packed.row_reasons()
    assert reasons[2] == "no such file"
    assert sorted(reasons) == [2, 5]
    assert len(reasons[5]) > 5
    alone = modality.prepare([first, second], facts)
    for layout in modality.layouts:
        mixed = batch(modality, packed, facts, list(range(6)), layout)
        assert mixed.present().tolist() == [False, True, False, False, True, False]
        clean = batch(modality, alone, facts, [0, 1], layout)
        for there, here in ((1, 0), (4, 1)):
            torch.testing.assert_close(row(mixed, there), row(clean, here), rtol=0, atol=1e-5)


@EACH
def test_a_broken_fit_cell_changes_no_fact(name: str) -> None:
    cells = fakes(name)
    modality = modalities.get(name)()
    dirty = modality.fit([[None, CorruptCell("x"), float("nan")] * 20 + cells], rng())
    same(modality.prepare(cells, dirty), modality.prepare(cells, modality.fit([cells], rng())))


@EACH
def test_a_column_without_a_real_cell_works_all_the_way(name: str) -> None:
    modality, facts = fitted(name, [None, float("nan"), CorruptCell("x"), object()] * 3)
    packed = modality.prepare([None, *fakes(name, 2)], facts)
    assert packed.row_status()[0] == MISSING
    for layout in modality.layouts:
        modality.describe([facts], layout)
        arrays = batch(modality, packed, facts, [0, 1, 2], layout)
        assert torch.isfinite(arrays.values.float()).all()
        assert not arrays.present()[0]
    assert len(modality.prepare([], facts)) == 0


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
    both = modality.arrays(joined, np.arange(6), layout)
    assert modality.describe([facts, facts], layout)["features"] == both.values.shape[1] == 2
    for place, column in enumerate(columns):
        alone = batch(modality, column, facts, list(range(6)), layout)
        torch.testing.assert_close(both.values[:, place], alone.values[:, 0])
        torch.testing.assert_close(both.mask[:, place], alone.mask[:, 0])


@EACH
def test_cells_come_back_from_json(name: str) -> None:
    modality, facts = fitted(name)
    cells = fakes(name, 5)
    if modality.media:
        assert [modality.to_json(cell) for cell in cells] == [None] * 5
        return
    back = [modality.from_json(json.loads(json.dumps(modality.to_json(cell)))) for cell in cells]
    same(modality.prepare(back, facts), modality.prepare(cells, facts))


@EACH
def test_clean_strings_belong_to_texts_only(name: str) -> None:
    modality, _ = fitted(name)
    strings = modality.clean([*fakes(name, 3), None, CorruptCell("x")])
    if strings is None:
        assert modality.layouts != ("ids",)
        return
    assert all(strings[:3])
    assert strings[3:] == [None, None]
