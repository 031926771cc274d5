"""What every modality keeps to, whatever it is: found by the family, not by name. First: its cells."""

import json

import pytest
import torch

from contract._modalities import EACH, NAMES, batch, fakes, fitted, rng, row, same
from sensorium.augment import augments
from sensorium.encoders import encoders
from sensorium.errors import CorruptCell
from sensorium.modalities import modalities
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell
from sensorium.types import LAYOUTS


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
def test_preparing_reads_only_the_facts_that_it_names(name: str) -> None:
    modality, facts = fitted(name)
    named = facts if modality.prepared_from is None else {n: facts[n] for n in modality.prepared_from}
    same(modality.prepare(fakes(name), named), modality.prepare(fakes(name), facts))
    assert not modality.media or len(named) < len(facts)


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
