"""`kptui diff`: what differs between two sources, in meaning."""

from __future__ import annotations

import json
import shutil
import sys

import click

from kptui.commands.options import names_option, source_options, with_options
from kptui.commands.shared import EXIT_NO, interactive, names_of, paint, remark, told


@click.command("diff")
@click.argument("before")
@click.argument("after")
@with_options(names_option, source_options)
@click.option("--json", "as_json", is_flag=True, help="The differences as JSON.")
@click.option("--explore", is_flag=True, help="Open the explorer on AFTER, at the differences.")
def command(before: str, after: str, names: str | None, as_json: bool, explore: bool) -> None:
    """What changed between two sources: two dumps of one node, or two nodes.

    Services are compared as Services (addresses, ports, policies, endpoints), all other chains rule by rule, by what
    the rules mean. Counters, dates, the order of chains and of comments, and the order of rules that no packet can
    match both are no differences.

    Exit code: 0 no difference, 1 differences, or one of the two was cut off.
    """
    with told():
        if before == after == "-":
            raise click.UsageError("both sides can't come from standard input.")
        if explore:
            _explore(before, after)
            return
        from kptui.diff.compare import compare
        from kptui.loading import load_uncounted
        from kptui.report.diff.as_json import diff_json
        from kptui.report.diff.text import diff_text
        from kptui.syntax.ast import collector_paused

        with collector_paused():
            old, new = load_uncounted(before), load_uncounted(after)
            for source, ruleset in ((before, old), (after, new)):
                remark(ruleset, source)
            found = compare(old, new, names_of(names))
            if as_json:
                click.echo(json.dumps(diff_json(found, old.name, new.name), indent=2))
            else:
                width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 80
                click.echo(diff_text(found, old.name, new.name, width, paint()))
        sys.exit(0 if found.same else EXIT_NO)


def _explore(before: str, after: str) -> None:
    if not interactive():
        raise click.UsageError("--explore needs a terminal.")
    if "-" in (before, after):
        raise click.UsageError("--explore reads its sources again, so neither can be standard input.")
    from kptui.tracing import Session
    from kptui.tui.app import Kptui

    Kptui(Session.open(after), before=before).run()
