"""What every augmentation must do. A new file in augment/ is tested here without being named."""

import copy
from typing import Any

import pytest
import torch

from contract import _layouts as make
from contract._layouts import PRESENT, Case
from sensorium.augment import augments
from sensorium.types import Arrays, Json


def fits(kind: Any, case: Case) -> bool:
    return case.layout in kind.layouts and kind.timed in (None, bool(case.facts.get("timed")))


Kind = tuple[str, Case, dict[str, Json]]
KINDS: list[Kind] = [
    (name, case, choices)
    for name in augments.names()
    for case in make.cases()
    if fits(augments.get(name), case)
    for choices in make.variants(augments.get(name))
]
every = pytest.mark.parametrize("kind", KINDS, ids=lambda k: f"{k[0]} < {k[1].name} {k[2] or ''}".strip())


def many(case: Case) -> Arrays:
    """The rows again and again: what changes few values changes some of these."""
    return make.selected(case.arrays, torch.arange(len(case.arrays.values)).repeat(20))


def changed(kind: Kind, x: Arrays, seed: int = 0) -> Arrays:
    result: Arrays = augments.get(kind[0])(**kind[2])(x, torch.Generator().manual_seed(seed))
    return result


@pytest.mark.parametrize("name", augments.names())
def test_every_augmentation_acts_on_some_arrays(name: str) -> None:
    assert any(k[0] == name for k in KINDS)


@every
def test_the_layout_the_dtype_and_who_is_present_stay(kind: Kind) -> None:
    x = kind[1].arrays
    y = changed(kind, x)
    assert y.values.dtype == x.values.dtype
    fixed = [n for n in range(x.values.ndim) if n != kind[1].time]
    assert [y.values.shape[n] for n in fixed] == [x.values.shape[n] for n in fixed]
    assert y.mask.dtype == torch.bool
    assert y.mask.ndim == x.mask.ndim
    assert make.wide(y).shape == y.values.shape
    torch.testing.assert_close(y.present(), PRESENT)
    assert y.values.isfinite().all()


@every
def test_present_rows_change_and_what_is_masked_holds_zeros(kind: Kind) -> None:
    x = kind[1].arrays
    rows = torch.tensor([0] * 40 + [5])
    y = changed(kind, make.selected(x, rows))
    assert not torch.equal(y.values[:40], x.values[:1].expand(40, *x.values.shape[1:]))
    if kind[1].time is not None:
        assert not y.values[~make.wide(y)].any()


@every
def test_equal_rows_draw_different_changes(kind: Kind) -> None:
    y = changed(kind, make.selected(kind[1].arrays, torch.zeros(40, dtype=torch.long)))
    assert len({tuple(row.tolist()) for row in y.values.flatten(1)}) > 1


@every
def test_equal_generators_give_equal_changes_and_no_other_randomness_is_used(kind: Kind) -> None:
    state = torch.random.get_rng_state()
    once, twice, other = (changed(kind, many(kind[1]), seed) for seed in (0, 0, 1))
    make.close(twice, once, 0)
    assert once.values.shape != other.values.shape or not torch.equal(once.values, other.values)
    assert torch.equal(state, torch.random.get_rng_state())


@every
def test_rows_never_mix(kind: Kind) -> None:
    x = kind[1].arrays
    values = x.values.clone()
    values[1] = values[1] * 3 + 1
    plain, moved = changed(kind, x), changed(kind, Arrays(values, x.mask))
    assert not torch.equal(moved.values[1], plain.values[1])
    keep = torch.tensor([0, 2, 3, 4])
    torch.testing.assert_close(moved.values[keep], plain.values[keep], rtol=0, atol=0)


@every
def test_what_is_masked_does_not_matter(kind: Kind) -> None:
    x = kind[1].arrays
    plain, spoiled = changed(kind, x), changed(kind, make.spoiled(x))
    assert torch.equal(spoiled.mask, plain.mask)
    real = make.wide(plain)
    torch.testing.assert_close(spoiled.values[real], plain.values[real], rtol=0, atol=0)


@every
def test_the_arrays_that_came_in_are_left_alone(kind: Kind) -> None:
    x = kind[1].arrays
    before = copy.deepcopy(x)
    changed(kind, x)
    make.close(x, before, 0)


@every
def test_no_row_and_no_present_row_are_fine(kind: Kind) -> None:
    x = kind[1].arrays
    none = changed(kind, make.selected(x, torch.zeros(0, dtype=torch.long)))
    assert len(none.values) == 0
    missing = changed(kind, make.selected(x, torch.tensor([5, 5])))
    assert not missing.mask.any()
    assert missing.values.isfinite().all()


OPTIONS = [(n, option) for n in augments.names() for option in make.told(augments.get(n))]


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=lambda v: str(v))
def test_every_choice_changes_something(name: str, option: str) -> None:
    for value in make.others(*make.told(augments.get(name))[option]):
        for kind in (k for k in KINDS if k[0] == name and not k[2]):
            plain = changed(kind, many(kind[1]))
            other = changed((name, kind[1], {option: value}), many(kind[1]))
            assert plain.values.shape != other.values.shape or not torch.equal(plain.values, other.values)
