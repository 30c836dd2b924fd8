"""What a shell may complete where a command takes a source or a file."""

from __future__ import annotations

from glob import escape, iglob

import click
from click.shell_completion import CompletionItem

_SOURCES = {"source", "sources", "before", "after"}


class Source(click.ParamType):  # type: ignore[type-arg]
    """A file, or what a running host's name begins with."""

    name = "source"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Files; where none fits, what a running host's name begins with."""
        from kptui.sources import SCHEMES

        files = [CompletionItem(incomplete, type="file")]
        if not incomplete or next(iglob(f"{escape(incomplete)}*"), None) is not None:
            return files
        return [CompletionItem(scheme) for scheme in SCHEMES if scheme.startswith(incomplete)] or files


def completed(command: click.Command) -> click.Command:
    """The command, its sources and files completed."""
    for param in command.params:
        if isinstance(param, click.Argument) and param.name in _SOURCES:
            param.type = Source()
        elif param.metavar == "FILE" or (isinstance(param, click.Argument) and param.name == "file"):
            param.type = click.Path()
    return command
