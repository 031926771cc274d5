"""``sensorium split``: a column that says train, val or test."""

import json
from pathlib import Path
from typing import Annotated

import typer


def split(
    table: Annotated[str, typer.Argument(help="A table: csv, tsv, parquet, feather, jsonl, a folder.")],
    out: Annotated[
        Path, typer.Option(help="Write the table with its new column here (.csv, .parquet, .jsonl).")
    ],
    how: Annotated[
        str | None, typer.Option(help="random, stratified (with --target), group or time (with --by).")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The column whose values every part gets evenly.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="The column of groups that stay whole, or of times.")] = None,
    shares: Annotated[str, typer.Option(help="Shares of train, val and test.")] = "0.7,0.15,0.15",
    together: Annotated[
        str, typer.Option(help="same, near or no: rows that stay together for equal inputs or media.")
    ] = "same",
    column: Annotated[str, typer.Option(help="What the new column is called.")] = "split",
    seed: Annotated[int, typer.Option(help="One seed, one division.")] = 0,
    root: Annotated[list[Path] | None, typer.Option(help="A further folder in which media may lie.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Divide TABLE into train, val and test, and write it with a column that says so."""
    from sensorium.load_table import load_table
    from sensorium.splitting import division_to_file
    from sensorium.store import default_store

    rows = load_table(table, roots=tuple(root or ()), store=default_store())
    words = {"how": how, "together": together, "shares": shares}
    made = division_to_file(rows, out, words, column=column, target=target, by=by, seed=seed)
    for note in made.notes:
        typer.echo(f"note: {note}", err=True)
    if as_json:
        told = {"split": made.told, "rows": made.counts(), "notes": list(made.notes), "table": str(out)}
        typer.echo(json.dumps(told, indent=1))
    else:
        typer.echo(f"{made.told}\ntable: {out}")
