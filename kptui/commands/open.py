"""`kptui SOURCE`: the explorer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from kptui.commands.options import look_options, names_option, source_options, with_options
from kptui.commands.shared import interactive, names_of, settings_in, told

if TYPE_CHECKING:
    from kptui.tui.settings.fields import Settings

_FIRST = 0.3
"""Seconds in which most readings fail, if they do: then the terminal is left as it is."""


@click.command("open", hidden=True)
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option(
    "--interval",
    type=click.FloatRange(0.2, 3600),
    metavar="SECONDS",
    help="How often to read a running host again (default: 2, or what the settings say).",
)
@with_options(look_options, names_option, source_options)
def command(sources: tuple[str, ...], names: str | None, interval: float | None, **look: Any) -> None:
    """Open the explorer."""
    with told():
        from kptui.commands.several import expanded, open_nodes

        sources, several = expanded(sources or ("live:",))
        if several:
            open_nodes(sources, names, settings_in(**look), interval)
        else:
            _open(sources[0], names, interval, settings_in(**look))


def _open(source: str, names: str | None, interval: float | None, settings: Settings) -> None:
    from kptui.errors import SourceError
    from kptui.live.opening import Opening, unread
    from kptui.live.readers import Here
    from kptui.loading import parse
    from kptui.sources import read_source
    from kptui.sources.file import piped

    known = names_of(names)
    # What comes in there is read in the background; keys come from the terminal.
    read = piped() if source == "-" else partial(read_source, source)
    if not interactive():
        # What is wrong with the source is told all the same.
        parse(read())
        raise click.UsageError("the explorer needs a terminal; `kptui trace` and `kptui parse` do not.")
    from kptui.tui.settings.fields import INTERVAL

    session = unread(source, names=known)
    # It is read while the libraries of the screen are loaded.
    opening = Opening(
        session, Here(source, known, read) if source == "-" else None, interval or settings.interval or INTERVAL
    )
    from kptui.tui.app import run

    opening.wait(_FIRST)
    if opening.why is not None and opening.bundle is None:
        opening.reader.close()
        raise SourceError(opening.why)
    if opening.bundle is None:
        run(session, opening=opening, settings=settings)
    if opening.bundle is not None:
        from kptui.commands.several import open_nodes

        open_nodes((source,), names, settings, interval, opening.bundle)
