"""``sensorium plan``: the plan that ``train`` would follow, as YAML to edit."""

from pathlib import Path
from typing import Annotated

import typer


def plan(
    table: Annotated[str, typer.Argument(help="A table: csv, tsv, parquet, feather, jsonl, a folder.")],
    target: Annotated[list[str], typer.Option(help="The column to learn; repeat for several.")],
    part: Annotated[Path | None, typer.Option("--plan", help="A partial plan to complete.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="path.to.option=value; repeatable.")] = None,
    root: Annotated[list[Path] | None, typer.Option(help="A further folder in which media may lie.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the plan here; else to stdout.")] = None,
) -> None:
    """Print the plan that `train` would follow on TABLE, with every choice, as YAML."""
    from sensorium.api import Learner
    from sensorium.plan_write import to_yaml

    text = to_yaml(Learner(target, plan=part, sets=set_ or (), roots=root or ()).planned(table))
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
