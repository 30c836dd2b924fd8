"""`kptui SOURCE`: the explorer."""

from __future__ import annotations

import click

from kptui.commands.options import names_option, source_options, with_options
from kptui.commands.shared import interactive, names_of, told


@click.command("open", hidden=True)
@click.argument("source", default="live:")
@with_options(names_option, source_options)
def command(source: str, names: str | None) -> None:
    """Open the explorer."""
    with told():
        from kptui.tracing import Session

        session = Session.open(source, names=names_of(names))
        if not interactive():
            raise click.UsageError("the explorer needs a terminal; `kptui trace` and `kptui parse` do not.")
        from kptui.tui.app import run

        run(session)
