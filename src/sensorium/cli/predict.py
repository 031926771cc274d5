"""``sensorium predict``: answers for a table or for one JSON row."""

import json
from pathlib import Path
from typing import Annotated

import typer


def predict(
    run: Annotated[Path, typer.Argument(help="A run's folder, or a bundle.")],
    table: Annotated[str, typer.Argument(help="A table, or one row as JSON: '{\"age\": 41}'.")],
    out: Annotated[
        Path | None, typer.Option(help="Write answers here (.csv, .parquet, .jsonl); else to stdout.")
    ] = None,
    root: Annotated[list[Path] | None, typer.Option(help="A further folder in which media may lie.")] = None,
    on_corrupt: Annotated[
        str, typer.Option(help="missing or error: what to do with cells that cannot be read.")
    ] = "missing",
    cells: Annotated[
        Path | None, typer.Option(help="Write the cells that cannot be read here (JSON lines).")
    ] = None,
) -> None:
    """Answer every row of TABLE, in its order."""
    from sensorium.api import load
    from sensorium.cli.rows import one_row
    from sensorium.table.answers import write_answers

    learner = load(run, roots=root or ())
    single = table.lstrip().startswith(("{", "["))
    rows = learner.answers(one_row(table) if single else table, on_corrupt=on_corrupt, cells=cells)
    if out is not None:
        write_answers(out, {name: [row[name] for row in rows] for name in rows[0]} if rows else {})
        typer.echo(f"{len(rows)} answers in {out}", err=True)
        return
    for row in rows:
        typer.echo(json.dumps(row, ensure_ascii=False))
