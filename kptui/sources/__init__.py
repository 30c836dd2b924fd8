"""Where the text of a ruleset comes from: a file, standard input, this host; text in, nothing known of its meaning."""

from __future__ import annotations

from kptui.sources.file import read_file, read_stdin
from kptui.sources.live import LIVE, read_live
from kptui.sources.text import SourceText

__all__ = ["LIVE", "SourceText", "is_live", "read_source"]


def read_source(name: str) -> SourceText:
    """The text of a source as the command line names it; raises SourceError with one sentence saying what is wrong."""
    if is_live(name):
        return read_live()
    return read_stdin() if name == "-" else read_file(name)


def is_live(name: str) -> bool:
    """Whether reading the source again may give something new without anyone writing a file."""
    return name == LIVE
