"""``sensorium inspect``: what is in a table."""

import json
from pathlib import Path
from typing import Annotated

import typer


def inspect(
    table: Annotated[str, typer.Argument(help="A table: csv, tsv, parquet, feather, jsonl, a folder.")],
    target: Annotated[str | None, typer.Option(help="The column that would be learned.")] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also cells nearly the same, and labels probably wrong.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with cells and charts here; looks deep.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="A run or bundle whose answers judge labels, not learners in folds.")
    ] = None,
    root: Annotated[list[Path] | None, typer.Option(help="A further folder in which media may lie.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Tell what TABLE holds: kinds of columns and why, missing and corrupt cells, ranges, leaks."""
    from sensorium.errors import PlanError
    from sensorium.inspect_deep import Deep, inspect_deeply
    from sensorium.inspect_table import Inspection
    from sensorium.inspect_table import inspect as inspected
    from sensorium.load_table import load_table
    from sensorium.store import default_store

    if run is not None and target is None:
        raise PlanError("run: its answers judge the labels of a target; name that with --target.")
    if html is not None and not html.parent.is_dir():
        raise PlanError(f"html: the folder {html.parent} does not exist. Create it or choose another place.")
    store = default_store()
    rows = load_table(table, roots=tuple(root or ()), store=store)
    found: Deep | Inspection
    if not deep and html is None and run is None:
        found = inspected(rows, target)
    else:
        judged = None
        if run is not None and target is not None:
            from sensorium.bundle import bundle_in, load
            from sensorium.train.unseen import judged as judged_by

            judged = judged_by(load(bundle_in(run)).predictor, rows, target, store)
        found = deeply = inspect_deeply(rows, target, store=store, judged=judged)
        if html is not None:
            from sensorium.report.inspect_page import inspection_page

            inspection_page(html, deeply)
            typer.echo(f"page: {html}", err=True)
    typer.echo(json.dumps(found.to_dict(), indent=1) if as_json else str(found))
