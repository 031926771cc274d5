"""Every message that the library can raise is known to a test by its own words.

A message's words are its longest literal run. It must stand somewhere in the text of the tests, where the
whole message is compared. So a message that nobody ever saw, and one whose words changed, both fail here.
"""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sensorium import errors
from sources import FUNCTIONS, ROOT, Source, listed, package, source

OURS = {n for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, errors.SensoriumError)}
TESTED_THEMSELVES = {"unknown", "together", "nearest"}
"""Makers of messages in errors.py: what they make is tested once, with the families and the plan."""

FOREIGN = {"AttributeError", "SystemExit", "Exit", "NotImplementedError"}
"""What else may be raised: attribute look-up, leaving a door, an abstract method."""

WORDS = 12
"""A run shorter than this says too little to be looked for alone: then every run must be there."""


@dataclass(frozen=True)
class Message:
    """One place that makes a message, and the literal runs of it."""

    at: str
    runs: tuple[str, ...]

    def missing_from(self, text: str) -> list[str]:
        """The runs that should stand in the text and do not."""
        longest = max(self.runs, key=len)
        wanted = [longest] if len(longest) >= WORDS else list(self.runs)
        return [run for run in wanted if run not in text]


def called(node: ast.AST) -> str:
    """The last name of what a call calls: ``errors.PlanError(...)`` -> ``PlanError``."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def joined(node: ast.JoinedStr) -> list[str]:
    """The literal parts of an f-string, neighbours made one."""
    parts = [p.value if isinstance(p, ast.Constant) else "\0" for p in node.values]
    return "".join(str(p) for p in parts).split("\0")


class Reading:
    """Finds the literal runs of a message's expression within one file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        defined = [n for n in ast.walk(source.tree) if isinstance(n, FUNCTIONS)]
        self.functions = {node.name: node for node in defined}

    def runs(self, node: ast.AST, scope: ast.AST, depth: int = 0) -> list[str]:
        """Constants, f-strings, sums, choices; names assigned in the same function; returns of a helper."""
        if isinstance(node, ast.Constant):
            return [node.value] if isinstance(node.value, str) else []
        if isinstance(node, ast.JoinedStr):
            return joined(node)
        if isinstance(node, ast.Name) and depth < 3:
            values = [a.value for a in ast.walk(scope) if self._assigns(a, node.id)]
            return [run for value in values for run in self.runs(value, scope, depth + 1)]
        if isinstance(node, ast.Call):
            return self._call(node, scope, depth)
        inside = ast.iter_child_nodes(node) if isinstance(node, ast.BinOp | ast.IfExp) else ()
        return [run for child in inside for run in self.runs(child, scope, depth)]

    def _assigns(self, node: ast.AST, name: str) -> bool:
        targets = node.targets if isinstance(node, ast.Assign) else []
        return any(isinstance(t, ast.Name) and t.id == name for t in targets)

    def _call(self, node: ast.Call, scope: ast.AST, depth: int) -> list[str]:
        if called(node) in TESTED_THEMSELVES:
            return []
        given = [run for argument in node.args for run in self.runs(argument, scope, depth + 1)]
        helper = self.functions.get(called(node))
        if helper is None or depth >= 3:
            return given
        values = [r.value for r in ast.walk(helper) if isinstance(r, ast.Return) and r.value]
        return given + [run for value in values for run in self.runs(value, helper, depth + 1)]

    def messages(self) -> Iterator[Message]:
        """Every message of the file that has words of its own."""
        for scope, node in scoped(self.source.tree):
            for expression in made(node):
                runs = [run.replace("\\", "") for run in self.runs(expression, scope)]
                if kept := tuple(run for run in runs if run.strip(" .,:;'\"\n")):
                    yield Message(self.source.at(node), kept)


def scoped(tree: ast.AST, scope: ast.AST | None = None) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Every node with the function around it."""
    scope = scope or tree
    for child in ast.iter_child_nodes(tree):
        inner = child if isinstance(child, FUNCTIONS) else scope
        yield inner, child
        yield from scoped(child, inner)


def made(node: ast.AST) -> list[ast.expr]:
    """The expressions of the messages that a node makes: errors, raised helpers, collected problems."""
    if isinstance(node, ast.Call) and called(node) in OURS:
        return node.args[:1]
    if isinstance(node, ast.Raise) and called(node.exc or node) not in OURS | FOREIGN | {""}:
        return [node.exc] if node.exc else []
    if isinstance(node, ast.Call) and called(node) in {"append", "extend", "say"}:
        owner = ast.unparse(node.func)
        return node.args if "problems." in owner or owner.endswith(".say") else []
    collects = isinstance(node, ast.AugAssign) and ast.unparse(node.target).endswith("problems")
    return list(node.value.elts) if collects and isinstance(node.value, ast.List) else []


def words_of_tests() -> str:
    """Every literal of every test file but this one, f-strings with a gap for each value."""
    files = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    found: list[str] = []
    for path in sorted(files):
        for node in ast.walk(source(path).tree):
            if isinstance(node, ast.JoinedStr):
                found.append("\0".join(joined(node)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\1".join(found).replace("\\", "")


def test_every_message_is_tested_by_its_words() -> None:
    text = words_of_tests()
    found = []
    for one in package():
        if one.module != "sensorium":
            for message in Reading(one).messages():
                found += [f"{message.at}: no test holds {run!r}" for run in message.missing_from(text)]
    assert not found, listed(found)


def foreign(one: Source) -> list[str]:
    """The built-in exceptions that a file raises without catching them itself (a parser's hook may)."""
    handlers = [n.type for n in ast.walk(one.tree) if isinstance(n, ast.ExceptHandler) and n.type]
    caught = {n.id for handler in handlers for n in ast.walk(handler) if isinstance(n, ast.Name)}
    raised = [n for n in ast.walk(one.tree) if isinstance(n, ast.Raise) and n.exc]
    names = [(n, called(n.exc) or getattr(n.exc, "id", "")) for n in raised if n.exc]
    wrong = [(n, name) for n, name in names if hasattr(builtins, name) and name not in FOREIGN | caught]
    return [f"{one.at(n)}: raises {name}; use a class of errors.py" for n, name in wrong]


def test_only_our_own_errors_are_raised() -> None:
    found = [line for one in package() for line in foreign(one)]
    assert not found, listed(found)


def test_a_planted_foreign_error_is_found_and_one_that_is_caught_is_not() -> None:
    text = (
        "raise ValueError(1)\nraise KeyError\nraise PlanError('x')\ntry: f()\nexcept (KeyError, OSError): ..."
    )
    found = foreign(Source(Path("planted.py"), text, ast.parse(text)))
    assert found == ["planted.py:1: raises ValueError; use a class of errors.py"]


PLANTED = {
    "plain": ("raise PlanError('the plan is too long')", ["the plan is too long"]),
    "formatted": (
        "raise errors.DataError(f'column {c!r} is empty; drop it')",
        ["column ", " is empty; drop it"],
    ),
    "summed": ("raise DataError('one half ' + f'{x} other half')", ["one half ", " other half"]),
    "named": ("why = f'no {x} was found'\nraise DataError(why)", ["no ", " was found"]),
    "chosen": ("raise DataError('too few' if x else 'too many')", ["too few", "too many"]),
    "helper": ("raise _at('a key is wrong')\ndef _at(p): return Foreign(p)", ["a key is wrong"]),
    "returned": ("def _why(x): return f'{x} is odd here'\nraise DataError(_why(1))", [" is odd here"]),
    "collected": ("problems.append(f'{where}: wrong thing')", [": wrong thing"]),
    "said": ("asked.say('said aloud')", ["said aloud"]),
    "reraised": ("raise", []),
    "unknown": ("raise unknown('encoder', name, known)", []),
}


@pytest.mark.parametrize("case", PLANTED)
def test_the_words_of_a_message_are_found(case: str) -> None:
    text, runs = PLANTED[case]
    reading = Reading(Source(Path("planted.py"), text, ast.parse(text)))
    assert [run for message in reading.messages() for run in message.runs] == runs


def test_a_message_without_a_test_is_listed_and_one_with_a_test_is_not() -> None:
    message = Message("here", ("column ", " holds nothing; drop it"))
    assert message.missing_from("the column 'a' holds nothing") == [" holds nothing; drop it"]
    assert message.missing_from("column 'a' holds nothing; drop it") == []
    assert Message("here", ("no ", " here")).missing_from("no x") == [" here"]
