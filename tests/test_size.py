"""Small files by rule, not by hope: at most 300 lines a file, 60 a function, 8 arguments."""

import ast

from sources import Function, Source, everything, functions, listed

FILE_LINES, FUNCTION_LINES, ARGUMENTS = 300, 60, 8
FLAGS = 16
"""A verb of the command line takes its flags as arguments: few, but more than 8."""


def lines_of(node: Function) -> int:
    """From ``def`` to its last line; decorators are not counted."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def arguments_of(node: Function) -> int:
    """Every argument but ``self`` and ``cls``; ``*args`` and ``**kwargs`` count one each."""
    given = node.args
    plain = [a.arg for a in (*given.posonlyargs, *given.args)]
    if plain and plain[0] in ("self", "cls"):
        plain = plain[1:]
    return len(plain) + len(given.kwonlyargs) + (given.vararg is not None) + (given.kwarg is not None)


def test_no_file_is_longer_than_300_lines() -> None:
    counted = [(len(source.text.splitlines()), source) for source in everything()]
    found = [f"{source.at(source.tree)}: {n} lines" for n, source in counted if n > FILE_LINES]
    assert not found, listed(found)


def test_no_function_is_longer_than_60_lines() -> None:
    found = [
        f"{source.at(node)}: {node.name} has {lines_of(node)} lines"
        for source in everything()
        for node in functions(source.tree)
        if lines_of(node) > FUNCTION_LINES
    ]
    assert not found, listed(found)


def allowed(source: Source, node: Function) -> int:
    """How many arguments a function may take: a verb is named after its file in cli/."""
    verb = source.path.parent.name == "cli" and node.name == source.path.stem
    return FLAGS if verb else ARGUMENTS


def test_no_function_takes_more_than_8_arguments() -> None:
    found = [
        f"{source.at(node)}: {node.name} takes {arguments_of(node)} arguments"
        for source in everything()
        for node in functions(source.tree)
        if arguments_of(node) > allowed(source, node)
    ]
    assert not found, listed(found)


def test_the_counting_itself_is_right() -> None:
    text = (
        "class A:\n    @final\n    def f(self, a, /, b, *c, d=1, **e):\n        x = 1\n\n        return x\n"
    )
    (node,) = functions(ast.parse(text))
    assert lines_of(node) == 4
    assert arguments_of(node) == 5
