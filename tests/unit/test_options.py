"""A constructor as schema: what is checked, what is handed over, what people are told."""

from typing import Annotated, Any, Literal

import pydantic
import pytest

from sensorium.encoders import encoders
from sensorium.encoders._base import Encoder
from sensorium.errors import PlanError
from sensorium.option_words import expected
from sensorium.options import Factory, Nested, build, check, component, describe, json_schema, schema
from sensorium.types import Arrays, Tokens

INNER = Factory("encoders", "linear")


class Toy(Encoder):
    """A toy.

    Choices:
        depth: layers in all,
            counted from one.
        mode: how tokens are pooled.
        inner: what reads each frame.

    Source: none.
    """

    accepts = ("grid",)
    presets = {"toy_deep": {"depth": 9, "mode": "max"}}  # noqa: RUF012

    def __init__(
        self,
        facts: object,
        dim: int,
        *,
        depth: Annotated[int, pydantic.Field(ge=1)] = 2,
        rate: Annotated[float, pydantic.Field(ge=0, lt=1)] = 0.5,
        mode: Literal["mean", "max"] = "mean",
        betas: tuple[float, float] = (0.9, 0.98),
        label: str | None = None,
        inner: Annotated[Factory, Nested("encoders")] = INNER,
    ) -> None:
        super().__init__()
        self.got: dict[str, Any] = {
            "facts": facts, "dim": dim, "depth": depth, "rate": rate, "mode": mode, "betas": betas,
            "label": label, "inner": inner,
        }  # fmt: skip

    def forward(self, x: Arrays) -> Tokens:
        raise NotImplementedError


class Lists:
    """A list of any length, and a switch."""

    def __init__(self, *, sizes: tuple[int, ...] = (1,), wide: bool = False) -> None:
        self.sizes, self.wide = sizes, wide


class Plain:
    """Nothing to choose."""


@pytest.fixture
def toy() -> Any:
    encoders.add("toy", Toy)
    yield Toy
    encoders.remove("toy")


def test_facts_are_no_options_and_every_keyword_is_one() -> None:
    names = ["depth", "rate", "mode", "betas", "label", "inner"]
    assert list(schema(Toy).model_fields) == names
    assert [option.name for option in describe(Toy)] == names
    assert schema(Plain).model_fields == {}


def test_valid_choices_come_back_as_json_and_only_those_that_were_given() -> None:
    found, problems = check(Toy, {"rate": 0, "betas": (1, 0.5), "label": None}, "x")
    assert problems == []
    assert found == {"rate": 0.0, "betas": [1.0, 0.5], "label": None}
    assert isinstance(found["rate"], float)


@pytest.mark.parametrize(
    ("choices", "place"),
    [
        ({"depth": True}, "x.depth"),
        ({"depth": 2.0}, "x.depth"),
        ({"depth": "2"}, "x.depth"),
        ({"depth": None}, "x.depth"),
        ({"depth": 0}, "x.depth"),
        ({"rate": True}, "x.rate"),
        ({"rate": float("nan")}, "x.rate"),
        ({"rate": 1}, "x.rate"),
        ({"mode": "min"}, "x.mode"),
        ({"mode": ["mean"]}, "x.mode"),
        ({"betas": [0.1]}, "x.betas"),
        ({"betas": "ab"}, "x.betas"),
        ({"label": 3}, "x.label"),
        ({"inner": 3}, "x.inner"),
        ({"inner": None}, "x.inner"),
    ],
)
def test_a_wrong_value_is_one_problem_with_its_place_and_is_left_out(
    choices: dict[str, object], place: str
) -> None:
    found, problems = check(Toy, {**choices, "label": "kept"} if "label" not in choices else choices, "x")
    assert [p.partition(":")[0] for p in problems] == [place]
    assert set(found) - {"inner"} == {"label"} - set(choices)


@pytest.mark.parametrize("choices", [{"sizes": [1, True]}, {"sizes": 1}, {"wide": 1}, {"wide": "true"}])
def test_lists_and_switches_are_strict(choices: dict[str, object]) -> None:
    found, problems = check(Lists, choices, "x")
    assert found == {}
    assert [p.partition(":")[0] for p in problems] == [f"x.{next(iter(choices))}"]
    assert check(Lists, {"sizes": [], "wide": True}, "x") == ({"sizes": [], "wide": True}, [])


def test_build_hands_over_facts_defaults_and_tuples() -> None:
    made = build(Toy, {"f": 1}, 8, choices={"betas": [1, 0]}, where="x")
    assert made.got["facts"] == {"f": 1}
    assert made.got["dim"] == 8
    assert made.got["betas"] == (1.0, 0.0)
    assert build(Lists, choices={"sizes": [2, 3]}, where="x").sizes == (2, 3)
    assert made.got["depth"] == 2


def test_a_nested_component_is_checked_as_strictly_and_handed_over_as_a_factory(toy: type) -> None:
    _, problems = check(Toy, {"inner": {"name": "toy", "depth": "deep"}}, "x")
    assert problems == ["x.inner.depth: expected an integer of at least 1, got 'deep'."]
    made = build(Toy, {}, 8, choices={"inner": {"name": "toy", "depth": 3, "betas": [0, 1]}}, where="x")
    factory = made.got["inner"]
    assert factory == Factory("encoders", "toy", {"depth": 3, "betas": [0.0, 1.0]})
    nested = factory({"g": 2}, 4)
    assert (nested.got["facts"], nested.got["dim"], nested.got["betas"]) == ({"g": 2}, 4, (0.0, 1.0))
    kept, _ = check(Toy, {"inner": {"name": "toy", "depth": 3}}, "x")
    assert kept == {"inner": {"name": "toy", "depth": 3}}
    assert check(Toy, kept, "x") == (kept, [])


def test_a_nested_component_without_a_name_is_the_default_one() -> None:
    found, problems = check(Toy, {"inner": {}}, "x")
    assert (found, problems) == ({"inner": "linear"}, [])


def test_a_preset_stands_for_its_component_and_the_users_choices_win(toy: type) -> None:
    assert component(encoders, "toy_deep", "x") == ("toy", {"depth": 9, "mode": "max"}, [])
    name, choices, problems = component(encoders, {"name": "toy_deep", "depth": 1}, "x")
    assert (name, choices, problems) == ("toy", {"depth": 1, "mode": "max"}, [])


def test_a_component_without_a_name_is_the_default(toy: type) -> None:
    assert component(encoders, {"depth": 4}, "x", "toy") == ("toy", {"depth": 4}, [])


def test_meanings_types_and_defaults_are_told_in_words() -> None:
    rows = {o.name: o for o in describe(Toy)}
    assert rows["depth"].meaning == "layers in all, counted from one."
    assert rows["mode"].meaning == "how tokens are pooled."
    assert rows["rate"].meaning == ""
    assert rows["depth"].type == "an integer of at least 1"
    assert rows["betas"].default == [0.9, 0.98]
    assert rows["inner"].default == "linear"
    assert rows["inner"].type == "the name of an encoder, or a mapping with its options"


def test_the_json_schema_is_closed_and_refers_to_the_family_of_a_nested_component() -> None:
    made = json_schema(Toy)
    assert made["additionalProperties"] is False
    assert made["properties"]["depth"]["minimum"] == 1
    assert made["properties"]["depth"]["description"] == "layers in all, counted from one."
    assert made["properties"]["mode"]["enum"] == ["mean", "max"]
    assert made["properties"]["inner"] == {
        "$ref": "#/$defs/encoders",
        "description": "what reads each frame.",
    }


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "an integer"),
        (Annotated[int, pydantic.Field(ge=1)], "an integer of at least 1"),
        (Annotated[int, pydantic.Field(ge=1, le=8)], "an integer from 1 to 8"),
        (Annotated[float, pydantic.Field(gt=0, le=1)], "a number above 0 and at most 1"),
        (Annotated[float, pydantic.Field(lt=1)], "a number below 1"),
        (Annotated[int, pydantic.Field(multiple_of=8)], "an integer that 8 divides"),
        (Annotated[str, pydantic.Field(min_length=1)], "text with at least 1 characters"),
        (
            Annotated[tuple[int, ...], pydantic.Field(min_length=2)],
            "a list of integers with at least 2 entries",
        ),
        (bool, "true or false"),
        (str | None, "text, or null"),
        (int | str, "an integer or text"),
        (Literal["a", "b"], "one of 'a', 'b'"),
        (Literal[18], "18"),
        (tuple[float, float], "a list of 2 numbers"),
        (tuple[int, str], "a list of an integer, text"),
        (tuple[Annotated[float, pydantic.Field(ge=0)], ...], "a list of numbers of at least 0"),
        (tuple[Literal["a", "b"], ...], "a list of any of 'a', 'b'"),
        (dict[str, float], "a mapping of texts to numbers"),
    ],
)
def test_types_have_words(annotation: object, words: str) -> None:
    assert expected(annotation) == words


def test_an_error_of_the_constructor_itself_gets_its_place() -> None:
    class Picky:
        def __init__(self, *, heads: int = 3) -> None:
            raise PlanError(f"heads must divide dim; got {heads}.")

    with pytest.raises(PlanError) as caught:
        build(Picky, choices={}, where="fusion")
    assert str(caught.value) == "fusion: heads must divide dim; got 3."
