"""Where a ruleset comes from: a file, a bundle, standard input, this host, a namespace; texts, not their meaning."""

from __future__ import annotations

from kptui.errors import SourceError
from kptui.sources.file import read_file, read_stdin
from kptui.sources.gather import Gathered
from kptui.sources.live import LIVE, NETNS, gather_live, gather_netns
from kptui.sources.text import SourceText
from kptui.text import visible

__all__ = ["LIVE", "SourceText", "gather_source", "is_live", "read_source"]


def read_source(name: str) -> SourceText:
    """The text of a source as the command line names it; raises SourceError with one sentence saying what is wrong."""
    if is_live(name):
        return gather_source(name).source()
    return read_stdin() if name == "-" else read_file(name)


def gather_source(name: str) -> Gathered:
    """All that a running host tells; raises SourceError, for a name that is no running host's too."""
    if name == LIVE:
        return gather_live()
    if name.startswith(NETNS):
        return gather_netns(name.removeprefix(NETNS))
    raise SourceError(f"{visible(name)} is no running host: expected {LIVE} or {NETNS}NAME.")


def is_live(name: str) -> bool:
    """Whether reading the source again may give something new without anyone writing a file."""
    return name == LIVE or name.startswith(NETNS)
