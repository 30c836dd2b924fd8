"""`kptui explain`: a chain, a rule, a Service or an address in sentences."""

from __future__ import annotations

import json
import shutil
import sys

import click

from kptui.commands.options import names_option, source_options, with_options
from kptui.commands.shared import names_of, paint, told, warn


@click.command("explain")
@click.argument("source")
@click.argument("ref")
@with_options(names_option, source_options)
@click.option("--json", "as_json", is_flag=True, help="The same sentences and the facts behind them as JSON.")
def command(source: str, ref: str, names: str | None, as_json: bool) -> None:
    """What a chain, a rule, a Service or an address is about: what it matches, what happens then, and why.

    REF is a chain (KUBE-SERVICES, or nat/KUBE-SERVICES where several tables have one of that name), a rule
    (nat/KUBE-SERVICES:3, or the number of its line), a Service (default/nginx, default/nginx:http) or an address
    (10.42.0.199, 10.96.0.1:443).
    """
    with told():
        from kptui.report.explain.anything import explained
        from kptui.report.explain.around import Around
        from kptui.report.explain.as_json import explanations_json
        from kptui.report.explain.text import explanations_text
        from kptui.syntax.ast import collector_paused
        from kptui.tracing import Session

        with collector_paused():
            session = Session.open(source, names=names_of(names))
            warn(session)
            found = explained(Around(session.ruleset, lambda: session.services, session.backend), ref)
        if as_json:
            click.echo(json.dumps(explanations_json(ref, found), indent=2))
        else:
            width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 100
            click.echo(explanations_text(found, min(width, 100), paint()))
