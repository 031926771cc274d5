"""One input and one target of a plan, read and checked: names, options, and what fits together."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sensorium.augment import augments
from sensorium.decoders import decoders
from sensorium.encoders import encoders
from sensorium.encoders._base import Encoder
from sensorium.errors import PlanError
from sensorium.family import Family
from sensorium.losses import losses
from sensorium.metrics import metrics
from sensorium.modalities import modalities
from sensorium.modalities._base import Modality
from sensorium.option_words import shown
from sensorium.options import Choices, check, component, fields_of, no_such, typed
from sensorium.plan import Choice, InputPlan, TargetPlan
from sensorium.plan_patterns import expanded
from sensorium.tasks import tasks
from sensorium.tasks._base import Task

INPUT_KEYS = ("modality", "columns", "encoder", "augment", "group", "several")
MOST_SEVERAL = 64
TARGET_KEYS = ("task", "loss", "decoder", "score", "class_weights", "weight")


@dataclass(frozen=True, slots=True)
class Asked:
    """What reading a plan goes by: the table's columns (None: not known), and what was found so far."""

    columns: Sequence[str] | None = None
    problems: list[str] = field(default_factory=list)
    readers: dict[str, str] = field(default_factory=dict)
    """{column: an input that reads it}."""
    reserved: frozenset[str] = frozenset()
    """Columns that no pattern stands for: targets, weight, split."""
    wishes: bool = True
    """Whether encoders are asked what they want; a plan that was followed holds it already."""

    def say(self, problem: str) -> None:
        """Remember a problem."""
        self.problems.append(problem)

    def choice(
        self, family: Family[Any], value: object, where: str, default: str | None = None
    ) -> Choice | None:
        """A component of a family as a Choice; None when its name is the problem."""
        name, choices, problems = component(family, value, where, default)
        self.problems.extend(problems)
        return Choice(name, choices) if name else None

    def column(self, name: str, where: str) -> None:
        """Say so when the table has no such column."""
        if self.columns is not None and name not in self.columns:
            self.say(no_such("column of the table", name, list(self.columns), where))


def place(section: str, name: str) -> str:
    """``inputs.photo``; a name with dots or spaces is quoted, as ``--set`` takes it."""
    plain = re.fullmatch(r"""[^.=\s"']+""", name)
    return f"{section}.{name if plain else json.dumps(name, ensure_ascii=False)}"


def read_input(name: str, value: object, asked: Asked) -> InputPlan | None:
    """An input: a modality's name, or a mapping of INPUT_KEYS and the modality's own options."""
    where = place("inputs", name)
    given = _mapping(value, "modality", where, "the name of a modality", asked)
    if given is None:
        return None
    columns = _columns(name, given.pop("columns", None), where, asked)
    asked.readers.update(dict.fromkeys(columns, name))
    augment, group, wanted = given.pop("augment", None), given.pop("group", None), given.pop("encoder", None)
    several = given.pop("several", None)
    modality = _own(modalities, given, "modality", INPUT_KEYS, where, asked)
    if modality is None:
        if isinstance(wanted, str) or (isinstance(wanted, Mapping) and "name" in wanted):
            asked.choice(encoders, wanted, f"{where}.encoder")
        return None
    kind: type[Modality] = modalities.get(modality.name)
    encoder = asked.choice(encoders, _or_default(wanted), f"{where}.encoder", kind.default_encoder)
    if group is not None:
        _check_group(group, columns, kind, modality.name, where, asked)
    elif len(columns) > 1 and not kind.together:
        group = "shared"
    if several is not None:
        _check_several(several, kind, modality.name, where, asked)
    if encoder is None:
        return None
    reads: type[Encoder] = encoders.get(encoder.name)
    if asked.wishes:
        modality = Choice(modality.name, _wanted(modality, kind, encoder, reads, where, asked))
    layout = next((one for one in reads.accepts if one in kind.layouts), None)
    if layout is None:
        asked.say(_unfit(modality.name, kind, encoder.name, reads, where))
        return None
    if reads.ahead(dict(encoder.choices)) is None:
        augment_choices = _augment(augment, kind, layout, modality.name, where, asked)
    else:
        augment_choices = ()
        if augment:
            asked.say(
                f"{where}.augment: the encoder {encoder.name} is frozen, so its features are computed once, "
                "before training, and cannot be augmented; leave augment out, or choose an encoder that "
                "learns."
            )
    return InputPlan(name, columns, modality, encoder, augment_choices, group, several)


def read_target(name: str, value: object, asked: Asked) -> TargetPlan | None:
    """A target: a task's name, or a mapping of TARGET_KEYS and the task's own options."""
    where = place("targets", name)
    given = _mapping(value, "task", where, "the name of a task", asked)
    asked.column(name, where)
    if given is None:
        return None
    own = {key: given.pop(key) for key in list(given) if key in ("class_weights", "weight")}
    loss, decoder, score = given.pop("loss", None), given.pop("decoder", None), given.pop("score", None)
    task = _own(tasks, given, "task", TARGET_KEYS, where, asked)
    plain, problems = typed(TargetPlan, own, where, "key of a target")
    asked.problems.extend(problems)
    if task is None:
        return None
    kind: type[Task] = tasks.get(task.name)
    chosen_loss = asked.choice(losses, _or_default(loss), f"{where}.loss", kind.losses[0])
    if chosen_loss and chosen_loss.name not in kind.losses:
        fits = ", ".join(kind.losses)
        asked.say(f"{where}.loss: {chosen_loss.name} does not fit the task {task.name}; these do: {fits}.")
    chosen_decoder = asked.choice(decoders, _or_default(decoder), f"{where}.decoder", kind.default_decoder)
    score = kind.metrics[0] if score is None else score
    if score not in kind.metrics:
        _say_metric(score, kind, task.name, f"{where}.score", asked)
    if plain.get("class_weights", "none") != "none" and kind.trees == "labels":
        asked.say(
            f"{where}.class_weights: {task.name} answers any number of labels; leave class_weights out, and "
            "weigh rare labels by the loss: loss: {name: binary_cross_entropy, balance: 0.999}."
        )
    elif plain.get("class_weights", "none") != "none" and kind.trees == "regress":
        asked.say(f"{where}.class_weights: {task.name} has no classes to weigh; leave class_weights out.")
    if chosen_loss is None or chosen_decoder is None:
        return None
    return TargetPlan(name, task, chosen_loss, chosen_decoder, str(score), **plain)


def _or_default(value: object) -> object:
    return {} if value is None else value


def _mapping(value: object, short: str, where: str, words: str, asked: Asked) -> dict[str, Any] | None:
    if isinstance(value, str):
        return {short: value}
    if isinstance(value, Mapping):
        return {str(k): v for k, v in value.items()}
    asked.say(f"{where}: expected {words}, or a mapping with {short} and its options, got {shown(value)}.")
    return None


def _own(
    family: Family[Any], given: dict[str, Any], key: str, keys: tuple[str, ...], where: str, asked: Asked
) -> Choice | None:
    """The component that an input or target is of; its options stand beside ``keys`` or under ``key``."""
    value = given.pop(key, None)
    if value is None:
        names = ", ".join(family.names())
        asked.say(f"{where}: the {key} is not said; add {key}: and one of {names}.")
        return None
    inner = dict(value) if isinstance(value, Mapping) else {"name": value}
    twice = sorted(set(inner) & set(given))
    for name in twice:
        asked.say(f"{where}.{name}: given here and under {key}; keep one.")
    found = asked.choice(family, {**inner, "name": inner.get("name")}, f"{where}.{key}")
    if found is None:
        return None
    cls: type = family.get(found.name)
    known = fields_of(cls)
    for name in [name for name in given if name not in known]:
        what = f"key of {'an input' if key == 'modality' else 'a target'}, or option of {found.name},"
        asked.say(no_such(what, name, [*keys, *known], f"{where}.{name}"))
    beside, problems = check(cls, {n: v for n, v in given.items() if n in known}, where)
    asked.problems.extend(problems)
    return Choice(found.name, {**found.choices, **beside})


def _columns(name: str, value: object, where: str, asked: Asked) -> tuple[str, ...]:
    if value is None:
        asked.column(name, where)
        return (name,)
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names or not all(isinstance(n, str) for n in names):
        asked.say(f"{where}.columns: expected a list of column names, got {shown(value)}.")
        return (name,)
    names = expanded(names, asked.columns, asked.reserved)
    for one in names:
        asked.column(one, f"{where}.columns")
    for one in dict.fromkeys(n for n in names if names.count(n) > 1):
        asked.say(f"{where}.columns: {one!r} is listed {names.count(one)} times; once is enough.")
    return tuple(dict.fromkeys(names))


def _check_group(
    group: object, columns: tuple[str, ...], kind: type[Modality], name: str, where: str, asked: Asked
) -> None:
    if group not in ("shared", "joined"):
        asked.say(f"{where}.group: expected one of 'shared', 'joined', or null, got {shown(group)}.")
    elif len(columns) < 2:
        asked.say(f"{where}.group: a group needs at least two columns; list them under columns.")
    elif kind.together:
        asked.say(f"{where}.group: {name} columns of one input are one vector already; leave group out.")


def _check_several(several: object, kind: type[Modality], name: str, where: str, asked: Asked) -> None:
    if not isinstance(several, int) or isinstance(several, bool) or not 1 <= several <= MOST_SEVERAL:
        asked.say(
            f"{where}.several: expected an integer from 1 to {MOST_SEVERAL}, or null, got {shown(several)}."
        )
    elif not kind.holds_several():
        asked.say(f"{where}.several: cells of {name} columns hold one thing each; leave several out.")


def _wanted(
    modality: Choice, kind: type[Modality], encoder: Choice, reads: type[Encoder], where: str, asked: Asked
) -> Choices:
    """The modality's choices with what the encoder asks for: the user's word wins, a clash is a problem."""
    try:
        asks, likes = reads.wants(dict(encoder.choices)), reads.prefers(dict(encoder.choices))
    except PlanError as error:
        asked.say(f"{where}.encoder: {error}")
        return modality.choices
    known, spot = fields_of(kind), f"{where}.encoder asks for {where}"
    if "ids" in kind.layouts and "tokenizer" in asks and "tokenizer" not in known:
        asked.say(
            f"{where}.encoder: {encoder.name} reads texts, by a tokenizer of its own; {modality.name} has "
            "none. Choose another encoder."
        )
    wanted, problems = check(kind, {n: v for n, v in asks.items() if n in known}, spot)
    liked, more = check(kind, {n: v for n, v in likes.items() if n in known}, spot)
    asked.problems.extend([*problems, *more])
    for name, value in wanted.items():
        mine = modality.choices.get(name, value)
        if mine != value:
            asked.say(
                f"{where}.{name}: {shown(mine)} is asked for, but the encoder {encoder.name} needs "
                f"{shown(value)}; leave {name} out or choose another encoder."
            )
    return {**liked, **wanted, **modality.choices}


def _unfit(modality: str, kind: type[Modality], name: str, reads: type[Encoder], where: str) -> str:
    fits = [n for n in encoders.names() if set(encoders.get(n).accepts) & set(kind.layouts)]
    return (
        f"{where}.encoder: {name} reads {' or '.join(reads.accepts)}, but {modality} gives "
        f"{' or '.join(kind.layouts)}. Encoders that fit: {', '.join(fits) or 'none'}."
    )


def _augment(
    value: object, kind: type[Modality], layout: str, modality: str, where: str, asked: Asked
) -> tuple[Choice, ...]:
    if value is None:
        usual = [name for name in kind.default_augment if name in augments.names()]
        return tuple(Choice(name) for name in usual if layout in augments.get(name).layouts)
    asks = list(value) if isinstance(value, list | tuple) else [value]
    found = []
    for number, one in enumerate(asks):
        spot = f"{where}.augment" if len(asks) == 1 else f"{where}.augment[{number}]"
        choice = asked.choice(augments, one, spot)
        if choice and layout not in augments.get(choice.name).layouts:
            acts = " or ".join(augments.get(choice.name).layouts)
            asked.say(
                f"{spot}: {choice.name} acts on {acts}, but {modality} gives {layout} here; leave it out."
            )
        elif choice:
            found.append(choice)
    return tuple(found)


def _say_metric(score: object, kind: type[Task], task: str, where: str, asked: Asked) -> None:
    if not isinstance(score, str):
        asked.say(f"{where}: expected the name of a metric, got {shown(score)}.")
    elif score in metrics.names():
        asked.say(f"{where}: {score} is no metric of the task {task}; these are: {', '.join(kind.metrics)}.")
    else:
        asked.say(no_such(f"metric of {task}", score, list(kind.metrics), where))
