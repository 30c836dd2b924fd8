"""What commands share that take several sources: which they are, reading them, and telling which could not be read."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from kptui.commands.shared import EXIT_SOURCE, interactive, names_of
from kptui.text import visible

if TYPE_CHECKING:
    from kptui.errors import SeveralHostsError
    from kptui.nodes.gather import Cancelled, Read
    from kptui.nodes.packing import Packed
    from kptui.sources import SourceText
    from kptui.sources.steps import Progress
    from kptui.tui.settings.fields import Settings


_LIKE_A_FILE = re.compile(r"^\.{0,2}/|\.(?:txt|tar|t?gz|t?xz)\Z")


def parted(arguments: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """SOURCE... and what follows: the first is a source, and so is each further one that can be one."""
    count = 1
    while count < len(arguments) and _is_source(arguments[count]):
        count += 1
    return tuple(arguments[:count]), tuple(arguments[count:])


def _is_source(word: str) -> bool:
    """A file that is there or looks like one, so that a misspelt one is told, not searched for as a Service.

    A folder's name is taken for a source if it has a slash: `shop` may be a namespace, too.
    """
    from kptui.sources import is_live

    if word == "-" or is_live(word) or _LIKE_A_FILE.search(word):
        return True
    return os.path.exists(word) and (not os.path.isdir(word) or "/" in word)


def expanded(sources: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """Each source once, those that stand for several (`kubectl:`) as these; and whether the answer is about several.

    Raises SourceError.
    """
    from kptui.sources import expand

    found = [each for source in sources for each in expand(source)]
    names = tuple(dict.fromkeys(found))
    return names, len(names) > 1 or names != tuple(dict.fromkeys(sources))


def reading(name: str, cancelled: Cancelled, progress: Progress | None = None) -> SourceText:
    """A source's texts; raises SourceError."""
    from kptui.sources import read_source

    return read_source(name, cancelled, progress)


def open_nodes(
    sources: Sequence[str],
    names: str | None,
    settings: Settings,
    interval: float | None = None,
    bundle: SeveralHostsError | None = None,
) -> None:
    """Open the explorer on several sources, or the one of which it is known that it is a `bundle` of several hosts.

    Raises SourceError or UsageError.
    """
    from kptui.sources.file import read_stdin

    # What comes by a pipe can only be read once, and before the terminal takes its place.
    piped = {"-": read_stdin()} if "-" in sources and bundle is None else {}
    seen = [bundle] if bundle is not None else []
    if not interactive():
        raise click.UsageError("the explorer needs a terminal; `kptui services` and `kptui check` do not.")
    from kptui.nodes.fleet import Fleet
    from kptui.tui.nodes_app import NodesApp

    def read(name: str, cancelled: Cancelled, progress: Progress) -> SourceText:
        if seen:
            # It has been read just now; the next time it is read anew.
            raise seen.pop()
        return piped[name] if name in piped else reading(name, cancelled, progress)

    from kptui.tui.settings.first import first_start

    app = NodesApp(Fleet(sources, read, names_of(names)), settings, interval)
    app.greets = first_start()
    app.run()


class Reading:
    """Reads sources several at a time, in their order; keeps in mind whether any could not be read."""

    def __init__(self, sources: Sequence[str], bundle: SeveralHostsError | None = None) -> None:
        """Nothing is read yet, but perhaps the one source, which turned out to be a `bundle` of several hosts."""
        self.sources = tuple(sources)
        self._bundle = bundle
        self.failed = False

    def __iter__(self) -> Iterator[Read[SourceText]]:
        """What came of each source; how far it is is told on a terminal."""
        from kptui.nodes.gather import Gathering, Read

        try:
            for number, read in enumerate(Gathering(self.sources, self._packed).in_order()):
                self._tell(number)
                for host in read.found or [Read(read.name, error=read.error)]:
                    if host.found is None:
                        self.refuse(host.name, host.error)
                    yield Read(host.name, host.found.source() if host.found is not None else None, host.error)
        finally:
            self._tell(None)

    def _packed(self, name: str, cancelled: Cancelled) -> Packed:
        """A source's texts, packed: those of several wait for their turn."""
        from kptui.nodes.packing import packed

        return packed(name, lambda: self._read(name, cancelled))

    def _read(self, name: str, cancelled: Cancelled) -> SourceText:
        if self._bundle is not None:
            raise self._bundle
        return reading(name, cancelled)

    def refuse(self, source: str, why: str) -> None:
        """Say on stderr that a source could not be read; the others go on."""
        self.failed = True
        self._tell(None)
        click.echo(f"kptui: {visible(source)}: {why}", err=True)

    def code(self, otherwise: int) -> int:
        """The exit code: that of an answer that is not complete goes before any other."""
        return EXIT_SOURCE if self.failed else otherwise

    def _tell(self, done: int | None) -> None:
        if sys.stderr.isatty():
            said = f"{done} of {len(self.sources)} sources" if done is not None else ""
            click.echo(f"\r\x1b[K{said}", err=True, nl=False)


def heading(source: str) -> str:
    """What stands above what a source says."""
    return f"── {visible(source)} ──"


class SourcesJson:
    """Writes one JSON object about several sources, source by source: so nothing of the first has to wait in memory."""

    def __init__(self, schema: str) -> None:
        """The beginning is written."""
        sys.stdout.write(f'{{"schema": {json.dumps(schema)}, "sources": [')
        self._comma = ""

    def source(self, name: str, told: Mapping[str, Any]) -> None:
        """One source's fields; of a list an item a line, to be searched by line."""
        sys.stdout.write(f'{self._comma}\n{{"source": {json.dumps(visible(name))}')
        for key, value in told.items():
            lines = ",\n".join(map(json.dumps, value)) if isinstance(value, list) else ""
            sys.stdout.write(f", {json.dumps(key)}: " + (f"[\n{lines}\n]" if lines else json.dumps(value)))
        sys.stdout.write("}")
        self._comma = ","

    def end(self, differences: Sequence[Mapping[str, Any]]) -> None:
        """What differs, and the end."""
        lines = ",\n".join(map(json.dumps, differences))
        sys.stdout.write(f'\n], "differences": [\n{lines}\n]}}\n')
