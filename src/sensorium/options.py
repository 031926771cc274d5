"""A constructor is a schema: facts of the data first, then, after ``*``, what the user may choose.

Checking a plan, building a component, an editor's JSON schema and the docs all read the same signature.
A choice is annotated ``int float bool str tuple[...] Literal`` (or one of them ``| None``), perhaps with
``Annotated[int, pydantic.Field(ge=1)]``, or is a component of a family:
``frame: Annotated[Factory, Nested("encoders")] = FRAME`` with ``FRAME = Factory("encoders", "resnet")``.
"""

import importlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache, lru_cache
from typing import Any, TypeVar, get_type_hints

import pydantic

from sensorium.errors import PlanError, nearest, together
from sensorium.family import Family
from sensorium.option_words import article, expected, meanings, near, shown
from sensorium.types import Json

T = TypeVar("T")
Choices = dict[str, Json]


class Options(pydantic.BaseModel):
    """Base of the models made from signatures: strict types, no unknown names, finite numbers."""

    model_config = pydantic.ConfigDict(
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        protected_namespaces=(),
        arbitrary_types_allowed=True,
    )


@dataclass(frozen=True, slots=True)
class Nested:
    """Marks a choice as a component of the family in this folder of the library (``"encoders"``)."""

    folder: str


@dataclass(frozen=True, slots=True)
class Factory:
    """A nested component with its choices made: call it with the facts of the data."""

    folder: str
    name: str
    choices: Choices = field(default_factory=dict)

    def __call__(self, *facts: Any) -> Any:
        return build(self.component(), *facts, choices=self.choices, where=self.name)

    def component(self) -> type[Any]:
        """The component's class."""
        return family_of(self.folder).get(self.name)


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a component, for people: its type in words, its default, its meaning."""

    name: str
    type: str
    default: Json
    meaning: str


@dataclass(frozen=True, slots=True)
class _Field:
    annotation: Any
    default: Any
    nested: Nested | None


def family_of(folder: str) -> Family[Any]:
    """The family that lives in a folder of the library. Raises PlanError when there is none."""
    module = importlib.import_module(f"sensorium.{folder}")
    found = [value for value in vars(module).values() if isinstance(value, Family)]
    if len(found) != 1:
        raise PlanError(f"sensorium.{folder} holds no family of components.")
    return found[0]


def name_of(cls: type) -> str:
    """What a component is called in plans: its file's name; for classes from elsewhere, their own."""
    package, _, file = cls.__module__.rpartition(".")
    return file if package.startswith("sensorium.") and not is_dataclass(cls) else cls.__name__


@cache
def fields_of(cls: type) -> dict[str, _Field]:
    """Every choice of a component (or every field of a dataclass of the plan), in the signature's order.

    Raises PlanError for a choice without a type or without a default: the component must be mended.
    """
    if is_dataclass(cls):
        hints = get_type_hints(cls, include_extras=True)
        made = {f.name: f.default_factory() for f in fields(cls) if f.default_factory is not MISSING}
        defaults = made | {f.name: f.default for f in fields(cls) if f.default is not MISSING}
        return {f.name: _field(hints[f.name], defaults[f.name]) for f in fields(cls) if f.name in defaults}
    constructor: Any = inspect.getattr_static(cls, "__init__")
    found = {}
    hints = get_type_hints(constructor, include_extras=True)
    for name, parameter in inspect.signature(constructor).parameters.items():
        if parameter.kind is not parameter.KEYWORD_ONLY:
            continue
        if name not in hints or parameter.default is parameter.empty:
            raise PlanError(f"{name_of(cls)}: the option {name!r} needs a type and a default.")
        found[name] = _field(hints[name], parameter.default)
    return found


def _field(annotation: Any, default: Any) -> _Field:
    marks = [m for m in getattr(annotation, "__metadata__", ()) if isinstance(m, Nested)]
    return _Field(annotation, default, marks[0] if marks else None)


@cache
def schema(cls: type) -> type[Options]:
    """A pydantic model of the choices of ``cls``: one field each, with its default."""
    known: dict[str, Any] = {}
    for name, one in fields_of(cls).items():
        plain = one.nested is None and not is_dataclass(one.annotation)
        known[name] = (one.annotation if plain else Any, one.default if plain else _json(one.default))
    return pydantic.create_model(name_of(cls), __base__=Options, **known)


def check(
    cls: type, choices: Mapping[str, object], where: str, kind: str | None = None
) -> tuple[Choices, list[str]]:
    """The valid choices as JSON (lists, not tuples; only what was given), and every problem with its place.

    kind: what the names are called in messages, ``"option of resnet"`` unless told.
    """
    values, problems = typed(cls, choices, where, kind)
    return {name: _json(value) for name, value in values.items()}, problems


def typed(
    cls: type, choices: Mapping[str, object], where: str, kind: str | None
) -> tuple[dict[str, Any], list[str]]:
    """As ``check``, but as the constructor takes them: tuples, and factories for nested components."""
    known = fields_of(cls)
    values: dict[str, Any] = {}
    problems: dict[str, list[str]] = {}
    for name, value in choices.items():
        place = f"{where}.{name}" if where else str(name)
        if name not in known:
            problems[name] = [no_such(kind or f"option of {name_of(cls)}", name, known, place)]
        elif (nested := known[name].nested) is not None:
            values[name], problems[name] = _nested(nested, value, known[name].default, place)
        else:
            values[name] = _tupled(value)
    try:
        model = schema(cls).model_validate(values)
    except pydantic.ValidationError as error:
        for name in dict.fromkeys(str(e["loc"][0]) for e in error.errors()):
            values.pop(name)
            place = f"{where}.{name}" if where else name
            wanted, got = known[name].annotation, choices[name]
            problems[name] = [f"{place}: expected {expected(wanted)}, got {shown(got)}.{near(wanted, got)}"]
        model = schema(cls).model_validate(values)
    told = [problem for name in choices for problem in problems.get(name, [])]
    return {name: getattr(model, name) for name in values}, told


def build(cls: type[T], *facts: Any, choices: Mapping[str, object], where: str) -> T:
    """Construct ``cls`` from facts and choices. Raises PlanError with every problem and its place."""
    values, problems = typed(cls, choices, where, None)
    if problems:
        raise PlanError(together(problems, where))
    try:
        return cls(*facts, **values)
    except PlanError as error:
        raise PlanError(str(error) if str(error).startswith(where) else f"{where}: {error}") from error


def built(cls: type[T], choices: Mapping[str, Json], where: str) -> T:
    """A component without facts and without state, built once for equal choices."""
    told = json.dumps(choices, sort_keys=True) if choices else "{}"
    made: T = _built(cls, told, where)  # type: ignore[arg-type]
    return made


@lru_cache(maxsize=512)
def _built(cls: type[Any], choices: str, where: str) -> Any:
    return build(cls, choices=json.loads(choices), where=where)


def no_such(kind: str, name: object, known: Mapping[str, object] | list[str], where: str) -> str:
    """The problem of a name that is not known, with the nearest one; at most 30 known names are listed."""
    names = sorted(known)
    listed = ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
    return f"{where}: no {kind} is named {name!r}.{nearest(str(name), names)} Known: {listed or 'none'}."


def component(
    family: Family[Any], value: object, where: str, default: str | None = None
) -> tuple[str, Choices, list[str]]:
    """A component as plans write it, ``name`` or ``{name, choice ...}``: its name, checked choices, problems.

    A preset's name stands for its component with the preset's choices; the user's own choices win. Without
    a name the default is meant. When the name itself is the problem, it comes back empty.
    """
    given: dict[str, object] = {}
    if isinstance(value, Mapping):
        given = {str(k): v for k, v in value.items()}
        value = given.pop("name", default)
    if not isinstance(value, str):
        wanted = f"the name of {article(family.kind)}, or a mapping with name and its options"
        return "", {}, [f"{where}: expected {wanted}, got {shown(value)}."]
    name = value
    preset: Choices = {}
    if name not in family.names():
        presets = _presets(family)
        if name not in presets:
            return "", {}, [no_such(family.kind, name, [*family.names(), *presets], where)]
        name, preset = presets[name]
    choices, problems = check(family.get(name), {**preset, **given}, where)
    return name, choices, problems


def describe(cls: type) -> list[Option]:
    """Every choice in words; meanings come from the ``Choices:`` block of the class docstring."""
    found = meanings(inspect.getdoc(cls) or "")
    return [
        Option(name, _words(one), _json(one.default), found.get(name, ""))
        for name, one in fields_of(cls).items()
    ]


def json_schema(cls: type) -> dict[str, Any]:
    """The choices of a component as a JSON schema object with titles, defaults and meanings."""
    made = schema(cls).model_json_schema()
    found: dict[str, Any] = made.get("properties", {})
    for option in describe(cls):
        one = fields_of(cls)[option.name]
        if one.nested is not None:
            found[option.name] = {"$ref": f"#/$defs/{one.nested.folder}"}
        if option.meaning:
            found[option.name]["description"] = option.meaning
    return {"type": "object", "properties": found, "additionalProperties": False}


def _nested(nested: Nested, value: object, default: Any, where: str) -> tuple[Factory | None, list[str]]:
    if value is None and default is None:
        return None, []
    if isinstance(value, Factory):
        value = _json(value)
    family = family_of(nested.folder)
    usual = default.name if isinstance(default, Factory) else None
    name, choices, problems = component(family, value, where, usual)
    return Factory(nested.folder, name, choices), problems


@cache
def _presets_of(family: Family[Any], names: tuple[str, ...]) -> dict[str, tuple[str, Choices]]:
    return {
        preset: (name, choices)
        for name in names
        for preset, choices in getattr(family.get(name), "presets", {}).items()
    }


def _presets(family: Family[Any]) -> dict[str, tuple[str, Choices]]:
    return _presets_of(family, tuple(family.names()))


def presets_of(family: Family[Any]) -> dict[str, tuple[str, Choices]]:
    """{preset: (component, its choices)} of every component of a family; imports them all."""
    return dict(_presets(family))


def _tupled(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_tupled(v) for v in value)
    return {k: _tupled(v) for k, v in value.items()} if isinstance(value, dict) else value


def _json(value: Any) -> Json:
    if isinstance(value, Factory):
        return {"name": value.name, **value.choices} if value.choices else value.name
    if isinstance(value, tuple):
        return [_json(v) for v in value]
    made: Json = {k: _json(v) for k, v in value.items()} if isinstance(value, dict) else value
    return made


def _words(one: _Field) -> str:
    if one.nested is None:
        return expected(one.annotation)
    return f"the name of {article(family_of(one.nested.folder).kind)}, or a mapping with its options"
