"""An inspection as plain text, 100 columns wide."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from sensorium.inspect_columns import ColumnReport
from sensorium.types import Facts

WIDTH = 100
HEADS = ("column", "role", "kind", "missing", "corrupt", "different")


def shown_as_text(
    title: str, columns: Sequence[ColumnReport], splits: Mapping[str, int], warnings: Sequence[str]
) -> str:
    """A title, one line a column, then what each holds and why it is taken for what it is, then warnings."""
    lines = [title]
    if splits:
        lines.append("split: " + ", ".join(f"{part} {rows:,}" for part, rows in splits.items()))
    lines += ["", *_table(columns), ""]
    for column in columns:
        lines += _about(column)
    if warnings:
        lines += ["", "look at:"]
        for warning in warnings:
            lines += _wrapped(f"- {warning}", "  ")
    return "\n".join(lines) + "\n"


def _table(columns: Sequence[ColumnReport]) -> list[str]:
    rows = [_cells(column) for column in columns]
    widths = [max(len(row[i]) for row in [HEADS, *rows]) for i in range(len(HEADS))]
    return [_line(HEADS, widths), *(_line(row, widths) for row in rows)]


def _cells(column: ColumnReport) -> tuple[str, ...]:
    guess = column.guess
    sure = f" {guess.score:.2f}" if guess.modality and guess.score < 1 else ""
    corrupt = f"{column.corrupt:,}" + ("" if column.looked_at == column.rows else f"/{column.looked_at:,}")
    return (
        guess.column if len(guess.column) <= 30 else guess.column[:27] + "...",
        guess.role,
        f"{guess.modality or '-'}{sure}",
        f"{column.missing:,}",
        corrupt,
        f"{column.different:,}",
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [c.ljust(w) if i < 3 else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))]
    return "  ".join(padded).rstrip()


def _about(column: ColumnReport) -> list[str]:
    guess = column.guess
    parts = [guess.reason] if guess.reason else []
    parts += facts_in_words(column.facts)
    if column.looked_at < column.rows and column.looked_at:
        parts.append(f"a sample of {column.looked_at:,} cells")
    if column.examples:
        parts.append("such as " + ", ".join(column.examples))
    return _wrapped(f"{guess.column}: {'; '.join(parts)}", "    ") if parts else []


def facts_in_words(facts: Facts) -> list[str]:
    """Every fact as a phrase: ``1 to 9, median 4``, ``formats PNG 12, JPEG 3``."""
    found = []
    if "quantiles" in facts:
        unit = f" {facts['unit']}" if facts.get("unit") else ""
        mean = _short(facts["mean"], _digits(facts["min"], facts["max"]))
        found.append(f"{_range(facts)}{unit}, mean {mean}")
    if "width" in facts:
        found.append(f"{_range(facts['width'])} wide and {_range(facts['height'])} high (pixels)")
    if "top" in facts:
        total = "" if facts["different"] <= len(facts["top"]) else f", ... of {facts['different']:,} values"
        found.append(_counts(facts["top"]) + total)
    others = {n: v for n, v in facts.items() if n not in ("quantiles", "width", "height", "top", "rarest")}
    spreads = {n: v for n, v in others.items() if isinstance(v, dict) and "quantiles" in v}
    counts = {n: v for n, v in others.items() if isinstance(v, dict) and n not in spreads}
    found += [f"{_range(value)} {name}" for name, value in spreads.items()]
    found += [f"{_NAMES.get(name, name)} {_counts(value)}" for name, value in counts.items()]
    return found + [
        f"{name} {value}" for name, value in others.items() if isinstance(value, str) and name != "unit"
    ]


_NAMES = {"rates": "samples a second"}


def _range(facts: Mapping[str, Any]) -> str:
    low, high = facts["min"], facts["max"]
    if low == high:
        return _short(low)
    digits = _digits(low, high)
    median = _short(facts["quantiles"]["50%"], digits)
    return f"{_short(low, digits)} to {_short(high, digits)}, median {median}"


def _digits(low: float, high: float) -> int:
    """The fewest digits that show two numbers in two ways; 4 for equal ones."""
    return next((n for n in range(4, 18) if low == high or _short(low, n) != _short(high, n)), 17)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name if len(name) <= 20 else name[:17] + '...'} {n:,}" for name, n in counts.items())


def _short(value: float, digits: int = 4) -> str:
    size = abs(value)
    if digits > 4 and 1000 <= size < 1e16:
        return f"{value:,.{max(0, digits - 1 - math.floor(math.log10(size)))}f}"
    return f"{value:,.0f}" if 1000 <= size < 1e9 else f"{value:.{digits}g}"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False)
