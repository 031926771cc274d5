"""``sensorium pack``: a table and its media as Parquet shards."""

from pathlib import Path
from typing import Annotated

import typer


def pack(
    table: Annotated[list[str], typer.Argument(help="A table: csv, tsv, parquet, feather, jsonl, a folder.")],
    out: Annotated[Path, typer.Option(help="A new folder for part-00000.parquet and so on.")],
    shard_mb: Annotated[float, typer.Option(help="Megabytes of a shard, about.")] = 256.0,
    column: Annotated[
        list[str] | None, typer.Option(help="A column of media; repeat for several; else all that are found.")
    ] = None,
    root: Annotated[list[Path] | None, typer.Option(help="A further folder in which media may lie.")] = None,
    on_corrupt: Annotated[
        str, typer.Option(help="missing or error: what to do with cells that cannot be read.")
    ] = "missing",
) -> None:
    """Write TABLE with the bytes of its media as Parquet shards, which every verb reads as a table."""
    from sensorium.load_table import load_table
    from sensorium.pack import pack as packed
    from sensorium.store import default_store

    rows = load_table(table if len(table) > 1 else table[0], roots=tuple(root or ()), store=default_store())
    found = packed(rows, out, columns=column or (), shard_mb=shard_mb, on_corrupt=on_corrupt)
    for note in found.warnings():
        typer.echo(f"note: {note}", err=True)
    typer.echo(str(found))
