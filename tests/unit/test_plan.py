"""Plans: read strictly, filled in, and written so that reading gives them back."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.augment import augments
from sensorium.encoders import encoders
from sensorium.encoders._base import Encoder
from sensorium.modalities import modalities
from sensorium.plan import Choice, OptimizerPlan, Plan, SplitPlan, TrainPlan
from sensorium.plan_columns import INPUT_KEYS, TARGET_KEYS, place
from sensorium.plan_parse import KEYS, parse
from sensorium.plan_write import to_dict, to_yaml
from sensorium.tasks import tasks
from sensorium.types import Arrays, Json, Tokens

DESIGN = """
version: 1
seed: 0
inputs:
  photo: {modality: image, size: 64, encoder: {name: resnet, depth: 18}}
  rooms: {modality: image, columns: [kitchen, bath, bed], group: shared}
  voice: {modality: audio, rate: 8000}
  facts: {modality: number, columns: [age, weight]}
fusion: {name: attend, layers: 2}
targets:
  digit: {task: classify, loss: {name: cross_entropy, smoothing: 0.1}}
train: {epochs: 30, batch_rows: 64, optimizer: {name: adamw, rate: 0.001}, hide_inputs: 0.15}
"""
SMALL: dict[str, object] = {"inputs": {"photo": "image"}, "targets": {"digit": "classify"}}


class Demanding(Encoder):
    """Asks the modality for a size."""

    accepts = ("grid",)

    def __init__(self, facts: object, dim: int, *, side: int = 32) -> None:
        raise NotImplementedError

    @classmethod
    def wants(cls, choices: dict[str, Json]) -> dict[str, Json]:
        return {"size": choices.get("side", 32), "no_option_of_any_modality": 1}

    def forward(self, x: Arrays) -> Tokens:
        raise NotImplementedError


@pytest.fixture
def demanding() -> Iterator[None]:
    encoders.add("demanding", Demanding)
    yield
    encoders.remove("demanding")


def test_the_plan_of_the_design_is_read_as_it_says() -> None:
    plan = parse(DESIGN)
    assert list(plan.inputs) == ["photo", "rooms", "voice", "facts"]
    assert plan.inputs["photo"].modality == Choice("image", {"size": 64})
    assert plan.inputs["photo"].encoder == Choice("resnet", {"depth": 18})
    assert plan.inputs["photo"].columns == ("photo",)
    assert plan.inputs["rooms"].columns == ("kitchen", "bath", "bed")
    assert plan.inputs["rooms"].group == "shared"
    assert plan.inputs["facts"].group is None
    assert plan.fusion == Choice("attend", {"layers": 2})
    assert plan.targets["digit"].loss == Choice("cross_entropy", {"smoothing": 0.1})
    assert plan.targets["digit"].score == tasks.get("classify").metrics[0]
    assert plan.train.optimizer == OptimizerPlan(rate=0.001)
    assert (plan.train.epochs, plan.train.batch_rows) == (30, 64)


def test_short_forms_mean_the_long_ones() -> None:
    short = {"inputs": {"photo": "image"}, "targets": {"digit": "classify"}, "fusion": "concat"}
    encoder = {"name": modalities.get("image").default_encoder}
    long = {
        "inputs": {"photo": {"modality": {"name": "image"}, "columns": ["photo"], "encoder": encoder}},
        "targets": {"digit": {"task": {"name": "classify"}, "loss": {"name": "cross_entropy"}}},
        "fusion": {"name": "concat"},
        "train": {"optimizer": "adamw"},
    }
    assert parse(short) == parse(long)


def test_a_preset_is_its_component_with_its_choices() -> None:
    plan = parse({**SMALL, "inputs": {"photo": {"modality": "image", "encoder": "resnet18"}}})
    assert plan.inputs["photo"].encoder == Choice("resnet", encoders.get("resnet").presets["resnet18"])


def test_options_without_a_name_are_of_the_default_component() -> None:
    plan = parse({**SMALL, "fusion": {"layers": 1}})
    assert plan.fusion == Choice(Plan({}, {}).fusion.name, {"layers": 1})


def test_what_is_null_is_left_out_or_as_usual() -> None:
    plan = parse(
        {**SMALL, "inputs": {"photo": "image", "voice": None}, "train": None, "seed": None, "fusion": None}
    )
    assert list(plan.inputs) == ["photo"]
    assert plan == parse(SMALL)


def test_the_modalitys_gentle_augmentations_are_the_default_and_a_list_replaces_them() -> None:
    usual = [n for n in modalities.get("image").default_augment if "grid" in augments.get(n).layouts]
    assert [a.name for a in parse(SMALL).inputs["photo"].augment] == usual
    bare = parse({**SMALL, "inputs": {"photo": {"modality": "image", "augment": []}}})
    assert bare.inputs["photo"].augment == ()


def test_several_media_columns_of_one_input_share_their_encoder_unless_told() -> None:
    for group, expected in ((None, "shared"), ("joined", "joined")):
        one = {"modality": "image", "columns": ["a", "b"], "group": group}
        assert parse({**SMALL, "inputs": {"x": one}}).inputs["x"].group == expected


def test_what_the_encoder_wants_reaches_the_modality_and_the_same_word_of_the_user_is_no_clash(
    demanding: None,
) -> None:
    wanted = {"modality": "image", "encoder": {"name": "demanding", "side": 48}}
    plan = parse({**SMALL, "inputs": {"photo": wanted}})
    assert plan.inputs["photo"].modality == Choice("image", {"size": 48})
    assert parse({**SMALL, "inputs": {"photo": {**wanted, "size": 48}}}) == plan
    assert parse(to_yaml(plan)) == plan


def test_a_file_text_and_a_dict_are_the_same_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(DESIGN)
    assert parse(path) == parse(str(path)) == parse(DESIGN)


def test_the_written_plan_names_every_field_of_the_plan() -> None:
    made = to_dict(parse(SMALL))
    assert sorted(made) == sorted(KEYS) == sorted(f.name for f in fields(Plan))
    assert sorted(made["train"]) == sorted(f.name for f in fields(TrainPlan))  # type: ignore[arg-type]
    assert sorted(made["split"]) == sorted(f.name for f in fields(SplitPlan))  # type: ignore[arg-type]


def test_no_modality_or_task_has_an_option_named_like_a_key_of_its_place() -> None:
    from sensorium.options import fields_of

    for name in modalities.names():
        assert not set(fields_of(modalities.get(name))) & {*INPUT_KEYS, "name"}
    for name in tasks.names():
        assert not set(fields_of(tasks.get(name))) & {*TARGET_KEYS, "name"}


def test_names_with_dots_and_spaces_are_quoted_in_places() -> None:
    assert place("inputs", "photo") == "inputs.photo"
    assert place("inputs", "a.b") == 'inputs."a.b"'
    assert place("inputs", "my col") == 'inputs."my col"'


names = st.text(min_size=1, max_size=8).filter(lambda s: s.isprintable() and s.strip() == s)
number = {
    "clip": st.floats(1, 100),
    "transform": st.sampled_from(["none", "log"]),
}
image = {
    "size": st.integers(4, 99) | st.none(),
    "encoder": st.sampled_from(["conv", "resnet18", {"name": "resnet", "depth": 18}]),
    "augment": st.sampled_from([[], "affine", ["affine"]]),
}
target = st.fixed_dictionaries(
    {"task": st.just("classify")},
    optional={
        "score": st.sampled_from(["accuracy", "f1_macro"]),
        "loss": st.floats(0, 0.5).map(lambda x: {"name": "cross_entropy", "smoothing": x}),
        "class_weights": st.sampled_from(["none", "balanced", "sqrt", "effective", 0.99]),
        "weight": st.floats(0.1, 10) | st.integers(1, 5),
    },
)
train = st.fixed_dictionaries(
    {},
    optional={
        "epochs": st.integers(1, 10**6) | st.none(),
        "hide_inputs": st.floats(0, 0.99),
        "optimizer": st.floats(1e-9, 1).map(lambda x: {"rate": x, "betas": [0, 0.5]}),
        "rungs": st.lists(names, max_size=2) | st.none(),
        "time_limit_seconds": st.floats(60, 1e9) | st.integers(60, 99) | st.none(),
    },
)


@st.composite
def raw_plans(draw: st.DrawFn) -> dict[str, Any]:
    found = draw(st.lists(names, min_size=3, max_size=6, unique=True))
    columns, answer = found[:-1], found[-1]
    half = len(columns) // 2
    pictures = st.fixed_dictionaries({"modality": st.just("image")}, optional=image)
    inputs: dict[str, Any] = {name: draw(pictures) for name in columns[:half]}
    facts = draw(st.fixed_dictionaries({"modality": st.just("number")}, optional=number))
    inputs[draw(names.filter(lambda n: n not in inputs))] = {**facts, "columns": columns[half:]}
    split = draw(st.sampled_from([{}, {"how": "random", "shares": [0.5, 0.25, 0.25]}, {"folds": 3}]))
    return {
        "inputs": inputs,
        "targets": {answer: draw(target)},
        "train": draw(train),
        "split": split,
        "seed": draw(st.integers(0, 2**63)),
        "dim": draw(st.integers(1, 999)),
        "on_corrupt": draw(st.sampled_from(["missing", "error", "drop"])),
    }


@given(raw_plans())
def test_a_written_plan_is_read_back_equal(raw: dict[str, Any]) -> None:
    plan = parse(raw)
    assert parse(to_dict(plan)) == plan
    assert parse(to_yaml(plan)) == plan
    assert to_yaml(parse(to_yaml(plan))) == to_yaml(plan)
