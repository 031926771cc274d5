"""``sensorium components``: everything that a plan can name."""

from typing import Annotated

import typer


def components(
    family: Annotated[str | None, typer.Argument(help="Only this family.")] = None,
    name: Annotated[str | None, typer.Argument(help="The choices of this component.")] = None,
) -> None:
    """List every modality, encoder, fusion, decoder, task, loss, metric ...; with a NAME its choices."""
    from sensorium.errors import unknown
    from sensorium.registry import FAMILIES as known

    if family is not None and family not in known:
        raise unknown("kind of component", family, known)
    if family is not None and name is not None:
        from sensorium.options import describe

        component = known[family].get(name)
        typer.echo(f"{name}: {(component.__doc__ or '').strip().splitlines()[0]}")
        for row in describe(component):
            typer.echo(f"  {row.name}: {row.type} = {row.default}  {row.meaning}")
        return
    for kind, group in known.items():
        if family in (None, kind):
            typer.echo(f"{kind}: {', '.join(group.names())}")
