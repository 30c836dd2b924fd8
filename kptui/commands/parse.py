"""`kptui parse`: the AST, or the dump's text again."""

from __future__ import annotations

import json
import sys

import click

from kptui.commands.options import source_options, with_options
from kptui.commands.shared import EXIT_SOURCE, remark, told
from kptui.text import visible


@click.command("parse")
@click.argument("source")
@click.option("--format", "form", type=click.Choice(["json", "save"]), default="json", show_default=True)
@click.option("--strict", is_flag=True, help="Exit with 3 if anything could not be read, or was cut off.")
@with_options(source_options)
def command(source: str, form: str, strict: bool) -> None:
    """The AST of a dump as JSON, or its text as iptables-save writes it."""
    with told():
        from kptui.loading import load
        from kptui.report.ast_json import ast_json
        from kptui.syntax.writer import save

        ruleset = load(source)
        if form == "json":
            json.dump(ast_json(ruleset), sys.stdout, indent=1)
            sys.stdout.write("\n")
        else:
            _write(save(ruleset))
        found = ruleset.diagnostics
        remark(ruleset, source, found)
        if strict and (any(each.severity == "error" for each in found) or any(gap.cut for gap in ruleset.gaps)):
            sys.exit(EXIT_SOURCE)


def _write(text: str) -> None:
    """A dump's text as it is, into a file or pipe; on a terminal, with what could act on it written out."""
    if sys.stdout.isatty():
        click.echo("\n".join(map(visible, text.split("\n"))), nl=False)
    else:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
