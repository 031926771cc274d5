"""``sensorium predict``: answers for a table or for one JSON row."""

import json
from itertools import chain
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
    verify_store: Annotated[
        bool, typer.Option(help="Read the content of every file again, whatever its times say.")
    ] = False,
) -> None:
    """Answer every row of TABLE, in its order."""
    from sensorium.api import load
    from sensorium.cli.rows import one_row
    from sensorium.table.answers import AnswerFile

    learner = load(run, roots=root or (), verify_store=verify_store)
    single = table.lstrip().startswith(("{", "["))
    pieces = learner.stream(one_row(table) if single else table, on_corrupt=on_corrupt, cells=cells)
    if out is None:
        for row in chain.from_iterable(pieces):
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    with AnswerFile(out) as file:
        for rows in pieces:
            file.write({name: [row[name] for row in rows] for name in rows[0]})
    typer.echo(f"{file.rows} answers in {out}", err=True)
