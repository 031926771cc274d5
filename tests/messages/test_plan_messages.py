"""The whole text of everything that can be wrong with a plan."""

from collections.abc import Iterator
from typing import Any

import pytest

from sensorium.augment import augments
from sensorium.encoders import encoders
from sensorium.encoders._base import Encoder
from sensorium.errors import PlanError
from sensorium.fusion import fusions
from sensorium.modalities import modalities
from sensorium.options import fields_of, presets_of
from sensorium.plan import TrainPlan
from sensorium.plan_columns import INPUT_KEYS
from sensorium.plan_parse import KEYS, parse
from sensorium.tasks import tasks
from sensorium.types import Arrays, Json, Tokens

COLUMNS = ["photo", "voice", "age", "digit", "rows"]
TABLE = "Known: age, digit, photo, rows, voice."


class Demanding(Encoder):
    """Asks the modality for a size; refuses a side of 13."""

    accepts = ("grid",)

    def __init__(self, facts: object, dim: int, *, side: int = 32) -> None:
        raise NotImplementedError

    @classmethod
    def wants(cls, choices: dict[str, Json]) -> dict[str, Json]:
        if choices.get("side") == 13:
            raise PlanError("the folder 'weights' has no file model.safetensors.")
        return {"size": choices.get("side", 32)}

    def forward(self, x: Arrays) -> Tokens:
        raise NotImplementedError


@pytest.fixture
def demanding() -> Iterator[None]:
    encoders.add("demanding", Demanding)
    yield
    encoders.remove("demanding")


def told(change: dict[str, Any]) -> list[str]:
    """The problems of a small valid plan with some of its keys replaced."""
    usual = {"inputs": {"photo": "image", "age": "number"}, "targets": {"digit": "classify"}}
    with pytest.raises(PlanError) as caught:
        parse({**usual, **change}, columns=COLUMNS)
    head, *rest = str(caught.value).split("\n")
    if not rest:
        return [head]
    assert head == f"{len(rest)} problems in the plan:"
    return [line.removeprefix("- ") for line in rest]


def listed(*names: object) -> str:
    told = sorted(str(n) for n in names)
    return ", ".join(told[:30]) + (f" and {len(told) - 30} more" if len(told) > 30 else "")


def one_input(**keys: object) -> dict[str, Any]:
    return {"inputs": {"photo": {"modality": "image", **keys}}}


def one_target(**keys: object) -> dict[str, Any]:
    return {"targets": {"digit": {"task": "classify", **keys}}}


def test_unknown_keys_at_every_level() -> None:
    image = fields_of(modalities.get("image"))
    found = told(
        {
            "sed": 1,
            "inputs": {"photo": {"modality": "image", "siez": 8, "encoder": {"name": "resnet", "dept": 3}}},
            "train": {"epoch": 3, "optimizer": {"rte": 1}},
            "split": {"hw": "auto"},
        }
    )
    assert found == [
        f"sed: no key of a plan is named 'sed'. Did you mean 'seed'? Known: {listed(*KEYS)}.",
        "inputs.photo.siez: no key of an input, or option of image, is named 'siez'. Did you mean 'size'? "
        f"Known: {listed(*INPUT_KEYS, *image)}.",
        "inputs.photo.encoder.dept: no option of resnet is named 'dept'. "
        f"Did you mean 'depth'? Known: {listed(*fields_of(encoders.get('resnet')))}.",
        "train.optimizer.rte: no key of train.optimizer is named 'rte'. Did you mean 'rate'? "
        "Known: betas, decay, name, rate.",
        "train.epoch: no key of train is named 'epoch'. Did you mean 'epochs'? "
        f"Known: {listed(*fields_of(TrainPlan))}.",
        "split.hw: no key of split is named 'hw'. Did you mean 'how'? Known: column, folds, how, shares.",
    ]


def test_unknown_components() -> None:
    found = told(
        {
            "inputs": {
                "photo": "imag",
                "voice": {"modality": "audio", "encoder": "reznet", "augment": "spectrm"},
            },
            "targets": {"digit": {"task": "clasify"}},
            "fusion": "atend",
        }
    )
    known = listed(*encoders.names(), *presets_of(encoders))
    kinds, answers = (f"Known: {listed(*family.names())}." for family in (modalities, tasks))
    assert found == [
        f"inputs.photo.modality: no modality is named 'imag'. Did you mean 'image'? {kinds}",
        f"inputs.voice.encoder: no encoder is named 'reznet'. Did you mean 'resnet'? Known: {known}.",
        f"targets.digit.task: no task is named 'clasify'. Did you mean 'classify'? {answers}",
        f"fusion: no fusion is named 'atend'. Did you mean 'attend'? Known: {listed(*fusions.names())}.",
    ]


def test_unknown_columns() -> None:
    found = told(
        {
            "inputs": {"phto": "image", "x": {"modality": "number", "columns": ["aeg", "age"]}},
            "targets": {"digt": "classify"},
            "weight": "row",
            "split": {"how": "group", "column": "zzz"},
        }
    )
    assert found == [
        f"inputs.phto: no column of the table is named 'phto'. Did you mean 'photo'? {TABLE}",
        f"inputs.x.columns: no column of the table is named 'aeg'. Did you mean 'age'? {TABLE}",
        f"targets.digt: no column of the table is named 'digt'. Did you mean 'digit'? {TABLE}",
        f"split.column: no column of the table is named 'zzz'. {TABLE}",
        f"weight: no column of the table is named 'row'. Did you mean 'rows'? {TABLE}",
    ]


def test_wrong_values_of_training() -> None:
    wrong = {
        "epochs": 0, "batch_rows": 0, "hide_inputs": 1, "patience": 1.5, "effort": "bset",
        "time_limit_seconds": 59, "optimizer": {"rate": 0, "betas": [0.9, 1]}, "rungs": "prior",
    }  # fmt: skip
    assert told({"train": wrong}) == [
        "train.optimizer.rate: expected a number above 0, got 0.",
        "train.optimizer.betas: expected a list of 2 numbers of at least 0 and below 1, got [0.9, 1].",
        "train.epochs: expected an integer of at least 1, or null, got 0.",
        "train.batch_rows: expected an integer of at least 1, or null, got 0.",
        "train.hide_inputs: expected a number of at least 0 and below 1, got 1.",
        "train.patience: expected an integer of at least 1, or null, got 1.5.",
        "train.effort: expected one of 'fast', 'good', 'best', got 'bset'. Did you mean 'best'?",
        "train.time_limit_seconds: expected a number of at least 60, or null, got 59.",
        "train.rungs: expected a list of texts, or null, got 'prior'.",
    ]


def test_wrong_values_at_the_top() -> None:
    assert told({"seed": -1, "dim": True, "on_corrupt": "drp", "weight": 3, "version": 2, "train": [1]}) == [
        "version: this library reads plans of version 1, got 2.",
        "train: expected a mapping, got [1].",
        "seed: expected an integer of at least 0, got -1.",
        "dim: expected an integer of at least 1, got true.",
        "on_corrupt: expected one of 'missing', 'error', 'drop', got 'drp'. Did you mean 'drop'?",
        "weight: expected text, or null, got 3.",
    ]


@pytest.mark.parametrize(
    ("split", "problem"),
    [
        ({"how": "group"}, "split.column: splitting by group needs the column whose groups stay whole."),
        ({"how": "time"}, "split.column: splitting by time needs the column that orders the rows."),
        (
            {"how": "random", "column": "age"},
            "split.column: a random split reads no column; leave it out, or split by group or time.",
        ),
        ({"column": "rows"}, "split.how: say how 'rows' divides the rows: given, group or time."),
        ({"shares": [0.5, 0.6, 0.1]}, "split.shares: expected shares that sum to 1, got [0.5, 0.6, 0.1]."),
        (
            {"shares": [0, 0.5, 0.5]},
            "split.shares: the first share, of training, must be above 0, got [0.0, 0.5, 0.5].",
        ),
        (
            {"how": "group", "column": "digit"},
            "split.column: 'digit' is a target; rows cannot be divided by their answer.",
        ),
        (
            {"how": "given", "column": "age"},
            "split.column: 'age' is also a column of inputs.age; take it out there.",
        ),
    ],
)
def test_wrong_splits(split: dict[str, object], problem: str) -> None:
    assert told({"split": split}) == [problem]


def test_nothing_to_learn_from_or_to_learn() -> None:
    whole = ". A plan with version is whole: leave version out, and the table says the rest."
    assert told({"inputs": {}, "targets": None}) == [
        f"{name}s: none; a plan needs at least one {name}{whole}" for name in ("input", "target")
    ]
    assert told({"inputs": ["photo"]}) == [
        "inputs: expected a mapping with one entry for each input, got ['photo']."
    ]


def test_what_is_no_input_or_target() -> None:
    names = listed(*modalities.names())
    assert told({"inputs": {"photo": 3, "voice": {"size": 3}}, "targets": {"digit": ["x"]}}) == [
        "inputs.photo: expected the name of a modality, or a mapping with modality and its options, got 3.",
        f"inputs.voice: the modality is not said; add modality: and one of {names}.",
        "targets.digit: expected the name of a task, or a mapping with task and its options, got ['x'].",
    ]


def test_wrong_columns_of_an_input() -> None:
    wanted = "inputs.photo.columns: expected a list of column names, got"
    assert told(one_input(columns=[1])) == [f"{wanted} [1]."]
    assert told(one_input(columns=["photo", "voice", "photo"])) == [
        "inputs.photo.columns: 'photo' is listed 2 times; once is enough."
    ]


def test_an_option_that_is_given_twice() -> None:
    both = {"inputs": {"photo": {"modality": {"name": "image", "size": 8}, "size": 9}}}
    assert told(both) == ["inputs.photo.size: given here and under modality; keep one."]


def test_groups_that_make_no_sense() -> None:
    assert told(one_input(columns=["photo", "voice"], group="share")) == [
        "inputs.photo.group: expected one of 'shared', 'joined', or null, got 'share'."
    ]
    assert told(one_input(group="shared")) == [
        "inputs.photo.group: a group needs at least two columns; list them under columns."
    ]
    numbers = {"modality": "number", "columns": ["age", "rows"], "group": "joined"}
    assert told({"inputs": {"facts": numbers}}) == [
        "inputs.facts.group: number columns of one input are one vector already; leave group out."
    ]


def test_an_encoder_that_cannot_read_the_modality_names_those_that_can() -> None:
    fits = [name for name in encoders.names() if "grid" in encoders.get(name).accepts]
    assert told(one_input(encoder="bag")) == [
        "inputs.photo.encoder: bag reads ids or frames, but image gives grid. "
        f"Encoders that fit: {', '.join(fits)}."
    ]


def test_an_augmentation_that_cannot_act_on_the_layout() -> None:
    acts = " or ".join(augments.get("affine").layouts)
    number = {"inputs": {"age": {"modality": "number", "augment": ["affine", {"name": "afine"}]}}}
    assert told(number) == [
        f"inputs.age.augment[0]: affine acts on {acts}, but number gives scalar here; leave it out.",
        "inputs.age.augment[1]: no augmentation is named 'afine'. Did you mean 'affine'? "
        f"Known: {listed(*augments.names())}.",
    ]


def test_a_clash_between_the_user_and_the_encoder(demanding: None) -> None:
    assert told(one_input(size=64, encoder="demanding")) == [
        "inputs.photo.size: 64 is asked for, but the encoder demanding needs 32; leave size out or choose "
        "another encoder."
    ]
    assert told(one_input(encoder={"name": "demanding", "side": 1})) == [
        "inputs.photo.encoder asks for inputs.photo.size: expected an integer from 4 to 4096, or null, got 1."
    ]
    assert told(one_input(encoder={"name": "demanding", "side": 13})) == [
        "inputs.photo.encoder: the folder 'weights' has no file model.safetensors."
    ]


def test_a_loss_score_or_weights_that_do_not_fit_the_task() -> None:
    fits, scores = tasks.get("classify").losses, tasks.get("classify").metrics
    assert told(one_target(loss="huber", score="rmse")) == [
        f"targets.digit.loss: huber does not fit the task classify; these do: {', '.join(fits)}.",
        f"targets.digit.score: rmse is no metric of the task classify; these are: {', '.join(scores)}.",
    ]
    assert told(one_target(score="acuracy", weight=-1, class_weights="some")) == [
        "targets.digit.weight: expected a number of at least 0, got -1.",
        "targets.digit.class_weights: expected one of 'none', 'balanced', 'sqrt', 'effective' or a number "
        "above 0 and below 1, got 'some'.",
        "targets.digit.score: no metric of classify is named 'acuracy'. Did you mean 'accuracy'? "
        f"Known: {listed(*scores)}.",
    ]
    assert told(one_target(score=3)) == ["targets.digit.score: expected the name of a metric, got 3."]
    needless = "targets.digit.class_weights: regress has no classes to weigh; leave class_weights out."
    assert told({"targets": {"digit": {"task": "regress", "class_weights": "balanced"}}}) == [needless]
    assert told(one_target(weight=0)) == ["targets: every weight is 0; at least one target must count."]


def test_a_column_with_two_uses() -> None:
    assert told({"inputs": {"age": "number", "digit": "number"}}) == [
        "targets.digit: 'digit' is also a column of inputs.digit; take it out there."
    ]
    assert told({"weight": "digit"}) == [
        "weight: 'digit' is also a target; a row's weight must be a column of its own."
    ]
    assert told({"weight": "age"}) == [
        "weight: 'age' is also a column of inputs.age; a row's weight must be a column of its own."
    ]
