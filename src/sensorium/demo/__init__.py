"""The built-in table: digits seen, heard and read. See ``data/README.md`` for origin and licence."""

import csv
from importlib.resources import files
from pathlib import Path


def table() -> Path:
    """The path of the demo's csv; its media lie beside it, in ``seen/`` and ``heard/``."""
    return Path(str(files(__name__) / "data" / "digits.csv"))


def three_rows() -> list[dict[str, str | None]]:
    """Three complete test rows, each with another of its media or texts taken away."""
    with table().open(encoding="utf-8", newline="") as file:
        rows = [{k: v or None for k, v in row.items()} for row in csv.DictReader(file)]
    whole = [row for row in rows if row["split"] == "test" and all(row.values())]
    chosen = whole[:: max(1, len(whole) // 3)][:3]
    return [row | {gone: None} for row, gone in zip(chosen, ("seen", "heard", "read"), strict=True)]
