"""The whole text of every problem that a component's options can have."""

from typing import Annotated, Literal

import pydantic
import pytest

from sensorium.encoders import encoders
from sensorium.errors import PlanError
from sensorium.option_words import shown
from sensorium.options import build, check, component, family_of, no_such, presets_of, schema


class Toy:
    def __init__(
        self, *, depth: Annotated[int, pydantic.Field(ge=1)] = 2, mode: Literal["mean", "max"] = "mean"
    ) -> None: ...


class Untyped:
    def __init__(self, *, depth=2) -> None: ...  # type: ignore[no-untyped-def]


class Defaultless:
    def __init__(self, *, depth: int) -> None: ...


PLACE = "inputs.photo.encoder"


def test_every_problem_of_the_options_is_told_in_order() -> None:
    _, problems = check(Toy, {"depht": 1, "depth": "deep", "mode": "meen", "x": 1}, PLACE)
    assert problems == [
        "inputs.photo.encoder.depht: no option of Toy is named 'depht'. Did you mean 'depth'? "
        "Known: depth, mode.",
        "inputs.photo.encoder.depth: expected an integer of at least 1, got 'deep'.",
        "inputs.photo.encoder.mode: expected one of 'mean', 'max', got 'meen'. Did you mean 'mean'?",
        "inputs.photo.encoder.x: no option of Toy is named 'x'. Known: depth, mode.",
    ]


def test_build_raises_all_problems_at_once() -> None:
    with pytest.raises(PlanError) as caught:
        build(Toy, choices={"depth": 0, "mode": True}, where="fusion")
    assert str(caught.value) == (
        "2 problems in fusion:\n"
        "- fusion.depth: expected an integer of at least 1, got 0.\n"
        "- fusion.mode: expected one of 'mean', 'max', got true."
    )


def test_an_unknown_component_is_told_with_the_nearest_name_and_every_preset() -> None:
    _, _, problems = component(encoders, "resnett", PLACE)
    names = sorted([*encoders.names(), *presets_of(encoders)])
    known = f"{', '.join(names[:30])} and {len(names) - 30} more"
    assert problems == [f"{PLACE}: no encoder is named 'resnett'. Did you mean 'resnet'? Known: {known}."]
    _, _, problems = component(encoders, "vit_tny", PLACE)
    assert problems == [f"{PLACE}: no encoder is named 'vit_tny'. Did you mean 'vit_tiny'? Known: {known}."]


def test_what_is_no_component_at_all_is_told() -> None:
    wanted = "expected the name of an encoder, or a mapping with name and its options"
    assert component(encoders, 3, PLACE)[2] == [f"{PLACE}: {wanted}, got 3."]
    assert component(encoders, {"depth": 3}, PLACE)[2] == [f"{PLACE}: {wanted}, got null."]


def test_long_lists_of_known_names_are_cut() -> None:
    names = [f"c{n:02}" for n in range(40)]
    told = no_such("column", "zz", names, "weight")
    assert told == f"weight: no column is named 'zz'. Known: {', '.join(names[:30])} and 10 more."


def test_an_option_without_type_or_default_is_the_components_fault() -> None:
    for cls in (Untyped, Defaultless):
        with pytest.raises(PlanError) as caught:
            schema(cls)
        assert str(caught.value) == f"{cls.__name__}: the option 'depth' needs a type and a default."


def test_a_folder_without_components_is_told() -> None:
    with pytest.raises(PlanError) as caught:
        family_of("seeds")
    assert str(caught.value) == "sensorium.seeds holds no family of components."


def test_values_are_shown_as_yaml_writes_them_and_never_longer_than_a_line() -> None:
    assert [shown(v) for v in (True, False, None, 1, 1.5, "a")] == [
        "true",
        "false",
        "null",
        "1",
        "1.5",
        "'a'",
    ]
    assert shown("x" * 100) == "'" + "x" * 56 + "..."
