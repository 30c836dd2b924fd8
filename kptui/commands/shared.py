"""What the commands share: exit codes, errors as one sentence, colours, whether a person is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from kptui.errors import KptuiError, SourceError
from kptui.text import visible

if TYPE_CHECKING:
    from kptui.kubernetes.known_names import KnownNames
    from kptui.syntax.ast import Ruleset
    from kptui.syntax.diagnostics import Diagnostic
    from kptui.tui.settings.fields import Settings

EXIT_NO = 1
EXIT_USAGE = 2
EXIT_SOURCE = 3
EXIT_DEPENDS = 4
EXIT_DISAGREES = 5
EXIT_NOT_ASKED = 6
EXIT_BUG = 70


@contextmanager
def told() -> Iterator[None]:
    """Turn errors into one sentence on stderr and the exit code of the contract."""
    try:
        yield
    except KptuiError as error:
        click.echo(f"kptui: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def warn(session: Any) -> None:
    """Say on stderr what could not be read, so that nobody takes a trace over a damaged dump for the whole truth."""
    remark(session.ruleset, session.source)


def remark(ruleset: Ruleset, source: str, notes: Iterable[Diagnostic] | None = None) -> None:
    """Say on stderr what is missing of a source, and what was noticed in its text (or these `notes`)."""
    for said in ruleset.remarks:
        click.echo(f"kptui: {visible(said)}", err=True)
    for each in ruleset.notes if notes is None else notes:
        click.echo(each.render(source), err=True)


def setting(text: str) -> tuple[str, str]:
    """NAME and VALUE of a --set; raises click.UsageError."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--set: {text!r} is not of the form NAME=VALUE")
    return name, value


def text_of(name: str) -> str:
    """The text of a file beside the dump; raises SourceError."""
    from kptui.sources.file import read_file

    return read_file(name).text


def names_of(name: str | None) -> KnownNames | None:
    """The names in a --names file, None without one; raises SourceError or UsageError."""
    if name is None:
        return None
    from kptui.kubernetes.names_file import read_names

    return read_names(text_of(name), name)


def _encoding() -> str:
    """The encoding of the terminal, as far as the locale tells; the explorer draws on stderr."""
    from codecs import lookup

    return lookup(sys.__stderr__.encoding).name if sys.__stderr__ is not None else "utf-8"


def settings_in(config: str | None, theme: str | None, ascii: bool) -> Settings:
    """The explorer's settings, from a --config file or the usual one; options win. Raises click.UsageError."""
    from pathlib import Path

    from kptui.records import replace
    from kptui.tui.settings.fields import RefusedError, a_theme
    from kptui.tui.settings.file import read_settings

    found = read_settings(Path(config) if config is not None else None)
    if ascii or (found.ascii is None and _encoding() != "utf-8"):
        found = replace(found, ascii=True)
    try:
        return replace(found, theme=a_theme(theme)) if theme is not None else found
    except RefusedError as refused:
        raise click.UsageError(f"--theme: {refused}") from None


def no_service_fits(pattern: Sequence[str]) -> str:
    """That a pattern finds nothing."""
    return f"No Service fits {' '.join(pattern)!r}."


def lines_of(name: str, source: str) -> Iterator[str]:
    """The lines of a --batch file; bytes that are no UTF-8 make only their own line unreadable."""
    if name == "-" and source == "-":
        raise click.UsageError("rules and packets can't both come from standard input.")
    try:
        with click.open_file(name, encoding="utf-8", errors="surrogateescape") as lines:
            yield from lines
    except FileNotFoundError:
        raise SourceError(f"There is no file {visible(name)}.") from None
    except OSError as error:
        raise SourceError(f"{visible(name)} can't be read: {error.strerror or error}.") from None


def interactive() -> bool:
    """Whether a person sits at a terminal, to open the explorer for."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty() and sys.stdout.isatty()


@contextmanager
def narrated() -> Iterator[Callable[[object], None] | None]:
    """What tells a person at a terminal what is being done, on a line that is gone when it is done; else None."""
    if not sys.stderr.isatty():
        yield None
        return
    try:
        yield lambda text: click.echo(f"\r\x1b[K{visible(str(text))}", nl=False, err=True)
    finally:
        click.echo("\r\x1b[K", nl=False, err=True)


_STYLES: dict[str, dict[str, Any]] = {
    "good": {"fg": "blue", "bold": True},
    "bad": {"fg": "red", "bold": True},
    "unsure": {"fg": "yellow"},
    "dim": {"dim": True},
    "strong": {"bold": True},
}


def paint() -> Callable[[str, str], str]:
    """How a text is coloured: not at all into a file or pipe, and under NO_COLOR."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return lambda text, kind: text
    return lambda text, kind: click.style(text, **_STYLES[kind])
