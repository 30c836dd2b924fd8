"""`kptui SOURCE`: the explorer."""

from __future__ import annotations

import click

from kptui.commands.options import names_option, source_options, with_options
from kptui.commands.shared import interactive, names_of, told


@click.command("open", hidden=True)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@with_options(names_option, source_options)
def command(sources: tuple[str, ...], names: str | None) -> None:
    """Open the explorer."""
    with told():
        from kptui.commands.several import expanded, open_nodes

        sources, several = expanded(sources or ("live:",))
        if several:
            open_nodes(sources, names)
            return
        [source] = sources
        from kptui.tracing import Session

        session = Session.open(source, names=names_of(names))
        if not interactive():
            raise click.UsageError("the explorer needs a terminal; `kptui trace` and `kptui parse` do not.")
        from kptui.tui.app import run

        run(session)
