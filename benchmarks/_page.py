"""A results page: what was measured, how, on which machine."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks._machine import machine, told

RESULTS = Path(__file__).parent / "results"


def spread(values: Sequence[float], digits: int = 2, unit: str = "") -> list[str]:
    """Least, median and greatest of the repeats."""
    return [f"{v:.{digits}f}{unit}" for v in (min(values), median(values), max(values))]


def page(name: str, title: str, how: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Writes results/<name>.md, prints it and returns it."""
    lines = [f"# {title}", "", how, "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    facts = machine()
    lines += ["", f"Machine: {told(facts)} Threads {facts['threads']}, load {facts['load']} when it ended."]
    lines += ["", f"Made by `python -m benchmarks.{name}`."]
    text = "\n".join(lines) + "\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text)
    print(text)
    return text
