"""`kptui SOURCE`: the explorer."""

from __future__ import annotations

import click

from kptui.commands.shared import interactive, told


@click.command("open", hidden=True)
@click.argument("source", default="live:")
def command(source: str) -> None:
    """Open the explorer."""
    with told():
        from kptui.tracing import Session

        session = Session.open(source)
        if not interactive():
            raise click.UsageError("the explorer needs a terminal; `kptui trace` and `kptui parse` do not.")
        from kptui.tui.app import run

        run(session)
