"""`kptui capture`: all that a trace needs from a host, in one bundle."""

from __future__ import annotations

import click

from kptui import __version__
from kptui.commands.options import source_options, with_options
from kptui.commands.shared import narrated, told


@click.command("capture")
@click.argument("source", default="live:")
@click.option(
    "-o", "--output", metavar="FILE", default="kptui-bundle.tar.gz", show_default=True, help=".tar.gz, .tgz or .tar.xz."
)
@with_options(source_options)
def command(source: str, output: str) -> None:
    """Save the rules of SOURCE (live:, the default, or another running host) and its host's facts into one bundle.

    The bundle opens anywhere as SOURCE of the other commands. Only reading commands are run; its manifest.json tells
    which, and which of them that host does not have.
    """
    with told():
        from kptui.sources import gather_source
        from kptui.sources.capture import write_bundle
        from kptui.text import visible

        with narrated() as progress:
            found = gather_source(source, progress=progress)
        write_bundle(output, found, __version__)
        click.echo(f"{visible(output)}: {len(found.texts)} texts of {visible(found.name)}.", err=True)
        for record in found.records:
            if record.ran.missing:
                click.echo(f"left out, {record.command.argv[0]} is not installed: {record.command.purpose}", err=True)
            elif record.ran.late:
                click.echo(f"left out, {record.command.argv[0]}: {record.ran.error}", err=True)
