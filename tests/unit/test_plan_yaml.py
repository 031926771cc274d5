"""Plans as text: numbers and names as people mean them, and values set one by one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.plan_yaml import apply_sets, dump, load

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
values = st.recursive(
    scalars,
    lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=8), v, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1.5", 1.5),
        (".5", 0.5),
        ("-3", -3),
        ("010", 10),
        ("true", True),
        ("no", "no"),
        ("on", "on"),
        ("null", None),
        ("", None),
        ("2020-01-01", "2020-01-01"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("[a, 1]", ["a", 1]),
    ],
)
def test_scalars_mean_what_people_mean(text: str, value: object) -> None:
    found = load(text, "x")
    assert found == value
    assert type(found) is type(value)


def test_keys_are_always_text() -> None:
    assert load("5: a\ntrue: b\nnull: c\n1.5: d", "x") == {"5": "a", "true": "b", "null": "c", "1.5": "d"}


@given(st.dictionaries(st.text(max_size=8), values, max_size=4))
def test_what_is_written_is_read_back_equal(value: dict[str, Any]) -> None:
    assert load(dump(value), "x") == value


def test_short_parts_two_levels_deep_stand_on_one_line() -> None:
    assert dump({"inputs": {"photo": {"modality": "image", "size": 8}}, "seed": 0}) == (
        "inputs:\n  photo: {modality: image, size: 8}\nseed: 0\n"
    )


def test_sets_are_applied_in_order_to_a_copy() -> None:
    raw: dict[str, object] = {"train": {"epochs": 3}, "inputs": {"photo": "image"}}
    made = apply_sets(raw, ["train.epochs=5", "train.epochs=7", "inputs.photo.encoder=conv", "seed=1"])
    assert made == {
        "train": {"epochs": 7},
        "inputs": {"photo": {"modality": "image", "encoder": "conv"}},
        "seed": 1,
    }
    assert raw == {"train": {"epochs": 3}, "inputs": {"photo": "image"}}


def test_setting_an_option_opens_a_short_form() -> None:
    raw: dict[str, object] = {"fusion": "concat", "targets": {"y": "classify"}}
    sets = ["fusion.layers=2", "targets.y.loss.smoothing=1e-1", "inputs.x.encoder.depth=18"]
    assert apply_sets(raw, sets) == {
        "fusion": {"name": "concat", "layers": 2},
        "targets": {"y": {"task": "classify", "loss": {"smoothing": 0.1}}},
        "inputs": {"x": {"encoder": {"depth": 18}}},
    }


def test_names_with_dots_are_quoted_and_values_may_hold_anything() -> None:
    made = apply_sets({}, ['inputs."my.col x".encoder={name: conv, depth: 3}', "weight=a=b", "split.column="])
    assert made == {
        "inputs": {"my.col x": {"encoder": {"name": "conv", "depth": 3}}},
        "weight": "a=b",
        "split": {"column": None},
    }
