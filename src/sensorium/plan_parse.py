"""What the user asks -> a frozen Plan. Strict at every level; all problems are raised at once."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from sensorium.balance import balances
from sensorium.decide import decisions
from sensorium.errors import PlanError, together
from sensorium.family import Family
from sensorium.fusion import fusions
from sensorium.option_words import shown
from sensorium.options import no_such, typed
from sensorium.plan import VERSION, Choice, OptimizerPlan, Plan, SplitPlan, TargetPlan, TrainPlan
from sensorium.plan_columns import Asked, place, read_input, read_target
from sensorium.plan_yaml import read

T = TypeVar("T")

KEYS = [f.name for f in fields(Plan)]
DEFAULT_FUSION, DEFAULT_BALANCE = Plan({}, {}).fusion.name, TrainPlan().balance.name
SECTIONS = {"inputs", "targets", "fusion", "train", "split", "version"}


def parse(
    raw: Mapping[str, object] | str | Path, *, columns: Sequence[str] | None = None,
    source: str = "the plan", followed: bool = False,
) -> Plan:  # fmt: skip
    """A whole plan, checked. Raises PlanError telling every problem with its place.

    raw: a mapping; the path of a YAML file; or YAML text (a string that does not end in .yaml, .yml, .json).
    columns: the table's column names; None: they are not known, and columns are not checked. source: what
    messages call the plan. followed: whether it was parsed and written before, as a bundle's was: what its
    encoders want stands in it, and files that they came from are not looked for.
    Short forms: ``photo: image``, ``digit: classify``, ``encoder: resnet``, ``fusion: concat``. An input
    or a target that is null is left out.
    """
    given, source = read(raw, source)
    asked = Asked(columns, reserved=frozenset(_reserved(given)), wishes=not followed)
    for key in [key for key in given if key not in KEYS]:
        asked.say(no_such("key of a plan", key, KEYS, key))
    _check_version(given.get("version"), asked)
    inputs = _each("inputs", given.get("inputs"), read_input, asked)
    targets = _each("targets", given.get("targets"), read_target, asked)
    fusion = asked.choice(fusions, _fusion(given.get("fusion")), "fusion", DEFAULT_FUSION)
    train, split = _train(given.get("train"), asked), _split(given.get("split"), asked)
    own = {k: v for k, v in given.items() if k in KEYS and k not in SECTIONS and v is not None}
    plain, problems = typed(Plan, own, "", "key of a plan")
    asked.problems.extend(problems)
    named = given.get("targets")
    names = [str(name) for name in named] if isinstance(named, Mapping) else []
    _check_columns(names, targets, split, plain.get("weight"), asked)
    if asked.problems or fusion is None:
        raise PlanError(together(asked.problems, source))
    return Plan(inputs, targets, fusion, train=train, split=split, **plain)


def _reserved(given: Mapping[str, object]) -> list[str]:
    """The columns of targets, weight and split."""
    targets, split = given.get("targets"), given.get("split")
    found = [str(name) for name in targets] if isinstance(targets, Mapping) else []
    column = split.get("column") if isinstance(split, Mapping) else None
    return found + [name for name in (given.get("weight"), column) if isinstance(name, str)]


def _fusion(value: object) -> object:
    return {} if value is None else value


def _each(section: str, value: object, reader: Any, asked: Asked) -> dict[str, Any]:
    kind = "input" if section == "inputs" else "target"
    if value is not None and not isinstance(value, Mapping):
        asked.say(f"{section}: expected a mapping with one entry for each {kind}, got {shown(value)}.")
        return {}
    given = {str(name): one for name, one in (value or {}).items() if one is not None}
    if not given:
        asked.say(
            f"{section}: none; a plan needs at least one {kind}. A plan with version is whole: leave version "
            "out, and the table says the rest."
        )
    read_all = {name: reader(name, one, asked) for name, one in given.items()}
    return {name: one for name, one in read_all.items() if one is not None}


def _section(cls: type[T], value: object, where: str, asked: Asked) -> tuple[T, dict[str, Any]]:
    """A dataclass of plain values from its mapping, and the valid values that were given."""
    if value is not None and not isinstance(value, Mapping):
        asked.say(f"{where}: expected a mapping, got {shown(value)}.")
        return cls(), {}
    values, problems = typed(cls, {str(k): v for k, v in (value or {}).items()}, where, f"key of {where}")
    asked.problems.extend(problems)
    return cls(**values), values


def _train(value: object, asked: Asked) -> TrainPlan:
    given = {str(k): v for k, v in value.items()} if isinstance(value, Mapping) else value
    rule = given.pop("optimizer", None) if isinstance(given, dict) else None
    rule = {"name": rule} if isinstance(rule, str) else rule
    wanted = given.pop("balance", None) if isinstance(given, dict) else None
    wanted = {} if wanted is None else wanted
    balance = asked.choice(balances, wanted, "train.balance", DEFAULT_BALANCE) or TrainPlan().balance
    optimizer, _ = _section(OptimizerPlan, rule, "train.optimizer", asked)
    several: dict[str, Any] = {}
    for key, family in (("fusions", fusions), ("late", decisions)):
        wish = given.pop(key, None) if isinstance(given, dict) else None
        several[key] = _several(family, wish, f"train.{key}", asked)
    _, values = _section(TrainPlan, given, "train", asked)
    return TrainPlan(**{**values, **several, "optimizer": optimizer, "balance": balance})


def _several(family: Family[Any], value: object, where: str, asked: Asked) -> tuple[Choice, ...] | None:
    """Components of a family: a name, a mapping, or a list of them; fusions also by the word ``all``."""
    if value is None:
        return None
    if value == "all" and family is fusions:
        return tuple(Choice(name) for name in family.names())
    asks = list(value) if isinstance(value, list | tuple) else [value]
    found: list[Choice | None] = []
    for number, one in enumerate(asks):
        spot = f"{where}[{number}]" if isinstance(value, list | tuple) else where
        choice = asked.choice(family, one, spot)
        if choice is not None and choice in found:
            asked.say(f"{spot}: the same as {where}[{found.index(choice)}]; once is enough.")
        found.append(choice)
    return tuple(one for one in found if one is not None)


def _split(value: object, asked: Asked) -> SplitPlan:
    split, _ = _section(SplitPlan, value, "split", asked)
    if split.how in ("group", "time") and split.column is None:
        reads = "whose groups stay whole" if split.how == "group" else "that orders the rows"
        asked.say(f"split.column: splitting by {split.how} needs the column {reads}.")
    if split.how in ("random", "stratified") and split.column is not None:
        asked.say(
            f"split.column: a {split.how} split reads no column; leave it out, or split by group or time."
        )
    if split.how == "auto" and split.column is not None:
        asked.say(f"split.how: say how {split.column!r} divides the rows: given, group or time.")
    if split.column is not None:
        asked.column(split.column, "split.column")
    if split.folds is not None and split.how in ("given", "time"):
        asked.say(
            f"split.folds: a split by {split.how} has one test part, so folds cannot take turns; leave folds "
            "out, or split random, stratified or by group."
        )
    if abs(sum(split.shares) - 1) > 1e-6:
        asked.say(f"split.shares: expected shares that sum to 1, got {shown(list(split.shares))}.")
    elif split.shares[0] == 0:
        asked.say(
            f"split.shares: the first share, of training, must be above 0, got {shown(list(split.shares))}."
        )
    elif split.shares[1] == 0 and split.how != "given":
        asked.say(
            "split.shares: the second share, of validation, must be above 0: what is best is chosen on its "
            f"rows, got {shown(list(split.shares))}."
        )
    return split


def _check_version(value: object, asked: Asked) -> None:
    if value is not None and (isinstance(value, bool) or value != VERSION):
        asked.say(f"version: this library reads plans of version {VERSION}, got {shown(value)}.")


def _check_columns(
    names: Sequence[str],
    targets: Mapping[str, TargetPlan],
    split: SplitPlan,
    weight: str | None,
    asked: Asked,
) -> None:
    """What no column may be at once: an answer and an input, a weight and an input, a split and an answer."""
    readers = asked.readers
    for name in names:
        if name in readers:
            reader = place("inputs", readers[name])
            asked.say(f"{place('targets', name)}: {name!r} is also a column of {reader}; take it out there.")
    if weight is not None:
        asked.column(weight, "weight")
        if weight in names or weight in readers:
            use = "a target" if weight in names else f"a column of {place('inputs', readers[weight])}"
            asked.say(f"weight: {weight!r} is also {use}; a row's weight must be a column of its own.")
    if split.column is not None and split.column in names:
        asked.say(f"split.column: {split.column!r} is a target; rows cannot be divided by their answer.")
    if split.column in readers and split.how == "given":
        reader = place("inputs", readers[split.column])
        asked.say(f"split.column: {split.column!r} is also a column of {reader}; take it out there.")
    if targets and all(one.weight == 0 for one in targets.values()):
        asked.say("targets: every weight is 0; at least one target must count.")
