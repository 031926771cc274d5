"""``sensorium inspect``: what is in a table."""

import json
from pathlib import Path
from typing import Annotated

import typer


def inspect(
    table: Annotated[str, typer.Argument(help="A table: csv, tsv, parquet, feather, jsonl, a folder.")],
    target: Annotated[str | None, typer.Option(help="The column that would be learned.")] = None,
    root: Annotated[list[Path] | None, typer.Option(help="A further folder in which media may lie.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Tell what TABLE holds: kinds of columns and why, missing and corrupt cells, ranges, leaks."""
    from sensorium.inspect_table import inspect as inspected
    from sensorium.load_table import load_table
    from sensorium.store import default_store

    found = inspected(load_table(table, roots=tuple(root or ()), store=default_store()), target)
    typer.echo(json.dumps(found.to_dict(), indent=1) if as_json else str(found))
