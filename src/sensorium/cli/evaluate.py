"""``sensorium evaluate``: metrics with intervals, per slice, per missing input."""

import json
from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    run: Annotated[Path, typer.Argument(help="A run's folder, or a bundle.")],
    table: Annotated[str, typer.Argument(help="A table with the target.")],
    root: Annotated[list[Path] | None, typer.Option(help="A further folder in which media may lie.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the report page here.")] = None,
    on_corrupt: Annotated[
        str, typer.Option(help="missing or error: what to do with cells that cannot be read.")
    ] = "missing",
    cells: Annotated[
        Path | None, typer.Option(help="Write the cells that cannot be read here (JSON lines).")
    ] = None,
    verify_store: Annotated[
        bool, typer.Option(help="Read the content of every file again, whatever its times say.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Measure a trained model on TABLE, with 95 % bootstrap intervals."""
    from sensorium.api import load

    report = load(run, roots=root or (), verify_store=verify_store).evaluate(
        table, on_corrupt=on_corrupt, cells=cells
    )
    if out is not None:
        report.save(out)
    typer.echo(json.dumps(report.to_dict(), indent=1) if as_json else str(report))
