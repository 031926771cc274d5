"""Every example that people read is run: README, docs and docstrings.

The python blocks of one page run in one namespace, in order; ``$ sensorium ...`` lines of console blocks run
through the command line; all in one empty folder. ``<!-- not run: reason -->`` before a block leaves it out.
"""

import doctest
import importlib
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from sources import ROOT, package

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
NOT_RUN = 0
"""How many blocks are left out, all pages together: a new one is a decision."""


@dataclass(frozen=True)
class Block:
    """A fenced block. line: of its first line. why_not: the reason why it is not run, or None."""

    language: str
    text: str
    line: int
    why_not: str | None


def blocks(markdown: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found = []
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", markdown, re.DOTALL | re.MULTILINE):
        before = markdown[: match.start()].rstrip().rpartition("\n")[2]
        marker = re.fullmatch(r"<!-- not run: (.+) -->", before)
        line = markdown.count("\n", 0, match.start(2)) + 1
        found.append(Block(match[1], match[2], line, marker[1] if marker else None))
    return found


def commands(text: str) -> list[list[str]]:
    """The arguments of each ``$ sensorium`` line; a line that ends in a backslash goes on."""
    lines = text.replace("\\\n", " ").splitlines()
    words = [shlex.split(line[2:], comments=True) for line in lines if line.startswith("$ ")]
    return [found[1:] for found in words if found[:1] == ["sensorium"]]


def runs(block: Block) -> bool:
    """Whether there is anything to run in a block that is not marked."""
    shown = block.language == "console" and bool(commands(block.text))
    return block.why_not is None and (block.language == "python" or shown)


def run_page(path: Path, found: list[Block], folder: Path) -> None:
    """Run the blocks of a page; an exception or an exit status but 0 names page and line."""
    namespace: dict[str, object] = {"__name__": "example"}
    for block in found:
        if block.language == "python":
            padded = "\n" * (block.line - 1) + block.text
            exec(compile(padded, str(path), "exec"), namespace)
            continue
        for arguments in commands(block.text):
            call = [sys.executable, "-c", "from sensorium.cli import main; main()", *arguments]
            done = subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{path.name}:{block.line}: sensorium {arguments}\n{done.stderr}"


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(
    "path", [page for page in PAGES if any(map(runs, blocks(page.read_text())))], ids=named
)
def test_the_examples_of_a_page_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_page(path, [block for block in blocks(path.read_text()) if runs(block)], tmp_path)


def wrong_examples(module: ModuleType) -> str:
    """What doctest says of the ``>>>`` examples of a module: nothing when they are right."""
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    told: list[str] = []
    for example in doctest.DocTestFinder().find(module):
        runner.run(example, out=told.append)
    return "".join(told)


def test_the_examples_of_docstrings_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [one.module for one in package() if ">>> " in one.text]
    assert "".join(wrong_examples(importlib.import_module(name)) for name in names) == ""


def test_a_planted_wrong_docstring_is_told() -> None:
    planted = ModuleType("planted", "A sum.\n\n>>> 1 + 1\n3\n")
    assert "Expected:\n    3\nGot:\n    2\n" in wrong_examples(planted)
    assert wrong_examples(ModuleType("planted", "A sum.\n\n>>> 1 + 1\n2\n")) == ""


def test_blocks_that_are_not_run_are_counted() -> None:
    left_out = [
        f"{named(page)}:{block.line}: {block.why_not}"
        for page in PAGES
        for block in blocks(page.read_text())
        if block.why_not is not None
    ]
    assert len(left_out) == NOT_RUN, "\n".join(left_out)


def test_every_block_says_its_language() -> None:
    bare = [f"{named(p)}:{b.line}" for p in PAGES for b in blocks(p.read_text()) if not b.language]
    assert bare == []


PAGE = """# Page
```python
x = 1
```
<!-- not run: takes an hour -->
```python
boom
```
```console
$ make demo
$ sensorium train a.csv --target 'the label' \\
    --out run  # trains
epoch 1
```
```text
y
```
"""


def test_blocks_are_read_with_their_place_and_their_marker() -> None:
    found = blocks(PAGE)
    assert [(b.language, b.line, b.why_not) for b in found] == [
        ("python", 3, None),
        ("python", 7, "takes an hour"),
        ("console", 10, None),
        ("text", 16, None),
    ]
    assert [runs(block) for block in found] == [True, False, True, False]
    assert commands(found[2].text) == [["train", "a.csv", "--target", "the label", "--out", "run"]]


def test_a_planted_broken_example_fails_with_its_page_and_line(tmp_path: Path) -> None:
    broken = blocks("a\n```console\n$ sensorium nonsense\n```\n")
    with pytest.raises(AssertionError) as caught:
        run_page(Path("page.md"), broken, tmp_path)
    assert str(caught.value).startswith("page.md:3: sensorium ['nonsense']\n")


def test_python_blocks_of_a_page_share_their_names(tmp_path: Path) -> None:
    page = "```python\nx = 1\n```\n```python\nassert x == 2, x\n```\n"
    with pytest.raises(AssertionError) as caught:
        run_page(Path("page.md"), blocks(page), tmp_path)
    assert str(caught.value) == "1"
