"""``sensorium prepare``: the store filled ahead of time."""

import json
from pathlib import Path
from typing import Annotated

import typer


def prepare(
    table: Annotated[list[str], typer.Argument(help="A table: csv, tsv, parquet, feather, jsonl, a folder.")],
    target: Annotated[list[str], typer.Option(help="The column that will be learned; repeat for several.")],
    test: Annotated[str | None, typer.Option(help="A table to report on, prepared too.")] = None,
    plan: Annotated[Path | None, typer.Option(help="A plan (YAML), whole or in part.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="path.to.option=value; repeatable.")] = None,
    effort: Annotated[str | None, typer.Option(help="fast, good or best, as training will use it.")] = None,
    seed: Annotated[int | None, typer.Option(help="The seed that training will use.")] = None,
    weight: Annotated[str | None, typer.Option(help="A column of row weights.")] = None,
    root: Annotated[list[Path] | None, typer.Option(help="A further folder in which media may lie.")] = None,
    on_corrupt: Annotated[
        str | None, typer.Option(help="missing, error or drop: what training will do with corrupt cells.")
    ] = None,
    cells: Annotated[
        Path | None, typer.Option(help="Write the cells that cannot be read here (JSON lines).")
    ] = None,
    verify_store: Annotated[
        bool, typer.Option(help="Read the content of every file again, whatever its times say.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Decode every cell of TABLE into the store, as `train` with the same plan would; resumable."""
    from sensorium.api import Learner
    from sensorium.cli.flags import changes
    from sensorium.corrupt import places, write_cells
    from sensorium.store import default_store

    learner = Learner(
        target,
        plan=plan,
        sets=changes(set_, weight, on_corrupt),
        effort=effort,
        seed=seed,
        roots=root or (),
        verify_store=verify_store,
    )
    found = learner.prepare(table if len(table) > 1 else table[0], test=test)
    broken = [
        place
        for rows, corrupt in zip(found.tables, found.corrupt, strict=True)
        for place in places(corrupt, rows, found.plan)
    ]
    if cells is not None:
        write_cells(cells, broken)
    store = default_store().folder
    if as_json:
        told = {"columns": [one.to_dict() for one in found.columns], "corrupt": broken, "store": str(store)}
        typer.echo(json.dumps(told | {"seconds": round(found.seconds, 2)}, indent=1))
        return
    for one in found.columns:
        typer.echo(str(one))
    for cell in broken[:5]:
        typer.echo(
            f"corrupt: {cell['table']}, column {cell['column']!r}, row {cell['row']}: {cell['reason']}"
        )
    if len(broken) > 5:
        typer.echo(f"corrupt: and {len(broken) - 5:,} more; --cells FILE lists them all")
    typer.echo(f"store: {store} ({found.seconds:.1f} s)")
