#!/usr/bin/env python3
"""Write the man page kptui(1) from the definitions of the commands: python packaging/man.py > kptui.1."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from kptui import __version__
from kptui.cli import cli
from kptui.commands import COMMANDS

_EXIT = (
    ("0", "It worked; for trace: the packet gets through whatever is assumed; for check and diff: nothing was found."),
    ("1", "It worked, and the answer is no: dropped or rejected, findings, differences, nothing that fits."),
    ("2", "Wrong usage."),
    ("3", "The source could not be read, or holds no rules."),
    ("4", "trace: it depends on something that the dump does not say, which the output names."),
    ("5", "trace --confirm: the kernel disagrees."),
    ("6", "trace --confirm: the kernel could not be asked."),
    ("70", "An error of kptui's own."),
)
_SOURCES = (
    ("FILE", "Output of iptables-save, ip6tables-save or iptables -S, packed or not; a bundle of kptui capture."),
    ("-", "The same, on standard input."),
    ("live:", "This host."),
    ("netns:NAME", "A network namespace of this host."),
    ("ssh:[USER@]HOST", "A host, through ssh(1)."),
    ("kubectl:[CONTEXT/]NODE", "A Kubernetes node, through kubectl(1)."),
    ("docker:NAME, podman:NAME", "A container."),
)
_ENVIRONMENT = (
    ("NO_COLOR", "If it is set, nothing is coloured."),
    ("KPTUI_DEBUG", "If it is set, an error of kptui's own shows where it came from."),
)
_HEAD = r"""
.SH NAME
kptui \- explore the iptables rules that kube\-proxy writes, and trace packets through them
.SH SYNOPSIS
.B kptui
[\fISOURCE\fR]
.br
.B kptui
\fICOMMAND\fR [\fIOPTIONS\fR] \fISOURCE\fR ...
.SH DESCRIPTION"""
_FOOT = r""".SH SEE ALSO
.BR iptables\-save (8),
.BR iptables\-extensions (8),
.BR ipset (8),
.BR conntrack (8)"""


def page() -> str:
    """The whole page, in the language of man(7); dated by SOURCE_DATE_EPOCH, if that is set."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    when = os.environ.get("SOURCE_DATE_EPOCH")
    date = f"{datetime.fromtimestamp(int(when), UTC):%Y-%m-%d}" if when else ""
    context = click.Context(cli, info_name="kptui", **cli.context_settings)
    yield f'.TH KPTUI 1 "{date}" "kptui {__version__}" "User Commands"{_HEAD}'
    yield from _text(cli.help or "")
    yield from (".SH OPTIONS", *_options(cli, context))
    yield from (".SH SOURCES", *_terms(_SOURCES))
    yield ".SH COMMANDS"
    for name in COMMANDS:
        yield from _command(name, context)
    yield from (".SH EXIT STATUS", *_terms(_EXIT))
    yield from (".SH ENVIRONMENT", *_terms(_ENVIRONMENT), _FOOT)


def _command(name: str, parent: click.Context) -> Iterator[str]:
    command = cli.get_command(parent, name)
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent)
    words = " ".join(command.collect_usage_pieces(context))
    shown = "kptui" if command.hidden else f"kptui {name}"
    yield from (f".SS {_escaped(f'{shown} {words}')}", *_text(command.help or ""), *_options(command, context))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for param in command.get_params(context):
        record = param.get_help_record(context)
        if record is not None:
            yield from (".TP", f"\\fB{_escaped(record[0])}\\fR", _inline(record[1]))


def _terms(rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for term, said in rows:
        yield from (".TP", f"\\fB{_escaped(term)}\\fR", _inline(said))


def _text(help: str) -> Iterator[str]:
    r"""Paragraphs; those that begin with a \b line stand as they are written."""
    for paragraph in re.split(r"\n\s*\n", help.strip()):
        lines = [line.rstrip() for line in paragraph.split("\n")]
        yield ".PP"
        if lines[0].strip() == "\b":
            yield from (".nf", *map(_escaped, lines[1:]), ".fi")
        else:
            yield _inline(" ".join(line.strip() for line in lines))


def _inline(text: str) -> str:
    """A text in one line, what stands in backticks in bold."""
    return re.sub(r"`([^`]*)`", r"\\fB\1\\fR", _escaped(text))


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text[:1] in (".", "'") else text


if __name__ == "__main__":
    sys.stdout.write(page())
