"""Types and values in the words of error messages: ``an integer of at least 1``."""

import types
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from sensorium.errors import nearest

NOUNS: dict[Any, tuple[str, str]] = {
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("text", "texts"),
    bool: ("true or false", "values true or false"),
}


def expected(annotation: Any) -> str:
    """What a value of this type is: ``a list of 2 numbers``, ``one of 'mean', 'max', or null``."""
    return _words(annotation, 0)


def shown(value: object, longest: int = 60) -> str:
    """A value as messages show it: as YAML writes true, false and null, and never longer than a line."""
    names = {True: "true", False: "false"}
    text = names[value] if isinstance(value, bool) else "null" if value is None else repr(value)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def near(annotation: Any, got: object) -> str:
    """A hint at the nearest allowed word, when words are what is allowed."""
    return (
        nearest(got, [a for a in _literals(annotation) if isinstance(a, str)]) if isinstance(got, str) else ""
    )


def article(kind: str) -> str:
    """``an encoder``, ``a loss``."""
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def meanings(doc: str) -> dict[str, str]:
    """{choice: meaning} from the lines ``name: meaning.`` of a docstring's ``Choices:`` block."""
    _, _, block = doc.partition("Choices:")
    found: dict[str, str] = {}
    last, indent = "", -1
    for line in block.splitlines()[1:]:
        depth = len(line) - len(line.lstrip())
        if not line.strip() or depth == 0:
            break
        if indent < 0:
            indent = depth
        name, colon, meaning = line.strip().partition(":")
        if depth > indent or not colon or " " in name.strip():
            found[last] = f"{found.get(last, '')} {line.strip()}".strip()
            continue
        last = name.strip()
        found[last] = meaning.strip()
    return found


def _words(annotation: Any, number: int, limits: str = "") -> str:
    """number: 0 for one value, 1 for several."""
    if hasattr(annotation, "__metadata__"):
        inner, *marks = get_args(annotation)
        return _words(inner, number, _limits(marks, inner))
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        listed = ", ".join(repr(p) if isinstance(p, str) else shown(p) for p in parts)
        return listed if len(parts) == 1 else f"{'any' if number else 'one'} of {listed}"
    if origin in (Union, types.UnionType):
        words = [_words(p, number, limits) for p in parts if p is not type(None)]
        return " or ".join(words) + (", or null" if type(None) in parts else "")
    if origin is tuple:
        return _list(parts) + limits
    if origin is dict:
        return f"a mapping of {_words(parts[0], 1)} to {_words(parts[1], 1)}{limits}"
    noun = (
        NOUNS[annotation][number] if annotation in NOUNS else getattr(annotation, "__name__", str(annotation))
    )
    return noun + limits


def _list(parts: tuple[Any, ...]) -> str:
    if len(parts) == 2 and parts[1] is Ellipsis:
        return f"a list of {_words(parts[0], 1)}"
    if len(set(map(repr, parts))) == 1:
        return f"a list of {len(parts)} {_words(parts[0], 1)}"
    return "a list of " + ", ".join(_words(p, 0) for p in parts)


def _limits(marks: list[Any], inner: Any) -> str:
    flat = [m for mark in marks for m in (mark.metadata if isinstance(mark, FieldInfo) else [mark])]
    found: dict[str, Any] = {}
    for mark in flat:
        for kind in ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern", "multiple_of"):
            value = getattr(mark, kind, None)
            if value is not None:
                found[kind] = value
    return _range(found) + _sizes(found, "characters" if inner is str else "entries")


def _range(found: dict[str, Any]) -> str:
    if "ge" in found and "le" in found:
        return f" from {found['ge']} to {found['le']}"
    phrases = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    parts = [f"{phrase} {found[kind]}" for kind, phrase in phrases.items() if kind in found]
    if not parts:
        return f" that {found['multiple_of']} divides" if "multiple_of" in found else ""
    return (" of " if parts[0].startswith("at") else " ") + " and ".join(parts)


def _sizes(found: dict[str, Any], things: str) -> str:
    text = f" with at least {found['min_length']} {things}" if "min_length" in found else ""
    if "max_length" in found:
        text += f"{' and' if text else ' with'} at most {found['max_length']} {things}"
    return text


def _literals(annotation: Any) -> list[Any]:
    parts = get_args(annotation)
    if get_origin(annotation) is Literal:
        return list(parts)
    return [found for part in parts for found in _literals(part)]
