"""``sensorium unpack``: a packed table as files and a table of their paths."""

from pathlib import Path
from typing import Annotated

import typer


def unpack(
    folder: Annotated[str, typer.Argument(help="A packed table: a folder of Parquet, or one such file.")],
    out: Annotated[Path, typer.Option(help="A new folder for the media's files and the table.")],
    table: Annotated[
        str, typer.Option(help="The table's name: .parquet keeps all types, .csv and .jsonl are to read.")
    ] = "table.parquet",
) -> None:
    """Write the media that FOLDER's table holds as files, and the table with their paths."""
    from sensorium.load_table import load_table
    from sensorium.store import default_store
    from sensorium.unpack import unpack as unpacked

    typer.echo(str(unpacked(load_table(folder, store=default_store()), out, name=table)))
