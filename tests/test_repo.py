"""What a reader of the repository may count on: plain text, documented choices, reasons for dependencies."""

import ast
import inspect
import io
import re
import tokenize

import pytest

from sensorium.options import family_of
from sources import CODE, FAMILIES, ROOT, everything, listed, package, project

NAMED = [(folder, name) for folder in FAMILIES for name in family_of(folder).names()]
SWEEPING = {"Exception", "BaseException"}
CORE_AT_MOST = 13
TOOLS = ("dev", "bench")
"""Extras of those who work on the project: their packages need no reason."""


def choices_block(text: str) -> dict[str, str]:
    """The lines ``name: meaning`` below ``Choices:`` of a docstring, up to the next empty line."""
    _, _, block = inspect.cleandoc(text).partition("\nChoices:\n")
    lines = block.partition("\n\n")[0].splitlines()
    found = [re.match(r"\s*(\w+): (.+)", line) for line in lines]
    return {match[1]: match[2] for match in found if match}


def options_of(component: type) -> set[str]:
    """The names after ``*`` in a constructor."""
    parameters = inspect.signature(component.__init__).parameters.values()
    return {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}


@pytest.mark.parametrize(("folder", "name"), NAMED)
def test_every_choice_of_a_component_is_documented(folder: str, name: str) -> None:
    component = family_of(folder).get(name)
    documented, real = set(choices_block(component.__doc__ or "")), options_of(component)
    assert documented == real, (
        f"{folder}/{name}.py: the Choices: block of {component.__name__} lacks {sorted(real - documented)} "
        f"and describes {sorted(documented - real)}, which it does not take"
    )


def test_the_choices_block_is_read_to_its_end() -> None:
    text = "What.\n\n  Choices:\n    depth: layers.\n    wide: more\n      of it.\n\n  After: not one."
    assert choices_block(text) == {"depth": "layers.", "wide": "more"}


def test_every_public_class_and_function_says_what_it_is() -> None:
    found = [
        f"{one.at(node)}: {node.name} has no docstring"
        for one in package()
        for node in one.tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not found, listed(found)


def test_code_is_ascii() -> None:
    found = []
    for one in everything():
        for number, line in enumerate(one.text.splitlines(), 1):
            if not line.isascii():
                found.append(f"{one.path.relative_to(ROOT)}:{number}: {line.strip()!a}")
    assert not found, listed(found)


def test_a_todo_names_an_issue() -> None:
    found = []
    for one in everything():
        for token in tokenize.generate_tokens(io.StringIO(one.text).readline):
            open_end = re.search(r"\b(TODO|FIXME|XXX|HACK)\b", token.string)
            if token.type == tokenize.COMMENT and open_end and not re.search(r"#\d+", token.string[1:]):
                found.append(f"{one.path.relative_to(ROOT)}:{token.start[0]}: {token.string}")
    assert not found, listed(found)


def swallows(node: ast.ExceptHandler) -> bool:
    """Whether a handler takes every error and may keep it: it has no bare ``raise``."""
    named = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else SWEEPING
    passed_on = any(isinstance(n, ast.Raise) and n.exc is None for n in ast.walk(node))
    return bool(named & SWEEPING) and not passed_on


def test_nothing_is_swallowed() -> None:
    found = [
        f"{one.at(node)}: except {ast.unparse(node.type) if node.type else ''}"
        for one in everything()
        for node in ast.walk(one.tree)
        if isinstance(node, ast.ExceptHandler) and swallows(node)
    ]
    assert not found, listed(found)


@pytest.mark.parametrize(
    ("handler", "wrong"),
    [
        ("except: pass", True),
        ("except Exception as e: f(e)", True),
        ("except (OSError, BaseException): f()", True),
        ("except BaseException:\n  f()\n  raise", False),
        ("except OSError: pass", False),
    ],
)
def test_a_planted_swallowing_handler_is_found(handler: str, wrong: bool) -> None:
    (node,) = [n for n in ast.walk(ast.parse(f"try: f()\n{handler}")) if isinstance(n, ast.ExceptHandler)]
    assert swallows(node) is wrong


def test_the_library_prints_nothing() -> None:
    found = [
        one.at(node)
        for one in package()
        for node in ast.walk(one.tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]
    assert not found, listed(found)


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    place = re.compile(r"(?<![\w.<])/(?:" + "|".join(["work", "root", "home", "opt"]) + r")/\w")
    files = [path for folder in (*CODE, "docs", ".ci") for path in (ROOT / folder).rglob("*")]
    files += [path for path in ROOT.iterdir() if path.is_file()]
    found = []
    for path in files:
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".lock", ""} and path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            found += [f"{path.relative_to(ROOT)}:{n}: {s}" for n, s in enumerate(lines, 1) if place.search(s)]
    assert not found, listed(found)


def test_the_core_stays_small_and_every_dependency_has_its_page() -> None:
    names = [re.split(r"[<>=]", line)[0].lower() for line in project()["project"]["dependencies"]]
    assert len(names) <= CORE_AT_MOST
    pages = {path.stem for path in (ROOT / "docs" / "decisions" / "dependencies").glob("*.md")}
    groups = project()["project"]["optional-dependencies"]
    extras = [line for group, lines in groups.items() if group not in TOOLS for line in lines]
    assert pages == {*names, *(re.split(r"[<>=]", line)[0].lower() for line in extras)}


def test_the_changelog_has_a_section_for_this_version() -> None:
    version = project()["project"]["version"]
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(rf"^## \[(Unreleased|{re.escape(version)})\]", text, re.MULTILINE)
