"""``sensorium components``: everything that a plan can name."""

from typing import Annotated

import typer


def components(
    family: Annotated[str | None, typer.Argument(help="Only this family.")] = None,
    name: Annotated[str | None, typer.Argument(help="The choices of this component or preset.")] = None,
) -> None:
    """List every modality, encoder, fusion, decoder, task, loss, metric ...; with a NAME its choices.

    Presets, such as vit_tiny or lstm, stand below their family; plans may name them like components.
    """
    from sensorium.errors import unknown
    from sensorium.options import describe, presets_of
    from sensorium.registry import FAMILIES as known

    if family is not None and family not in known:
        raise unknown("kind of component", family, known)
    if family is not None and name is not None:
        presets = presets_of(known[family])
        if name not in presets and name not in known[family].names():
            raise unknown(family, name, [*known[family].names(), *presets])
        file, choices = presets.get(name, (name, {}))
        component = known[family].get(file)
        typer.echo(f"{name}: {(component.__doc__ or '').strip().splitlines()[0]}")
        for row in describe(component):
            typer.echo(f"  {row.name}: {row.type} = {choices.get(row.name, row.default)}  {row.meaning}")
        return
    for kind, group in known.items():
        if family in (None, kind):
            typer.echo(f"{kind}: {', '.join(group.names())}")
            if presets_of(group):
                typer.echo(f"  presets: {', '.join(sorted(presets_of(group)))}")
