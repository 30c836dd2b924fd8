"""`kptui demo`: a first look."""

from __future__ import annotations

from typing import Any

import click

from kptui.commands.options import look_options, with_options
from kptui.commands.shared import interactive, paint, settings_in, told


@click.command("demo")
@with_options(look_options)
def command(**look: Any) -> None:
    """Open the explorer on a built-in sample; without a terminal, print a trace of it."""
    with told():
        from kptui.ask.request import Request
        from kptui.samples import demo_path

        path = str(demo_path())
        if interactive():
            from kptui.tracing import Session
            from kptui.tui.app import run

            run(Session.open(path), local=("192.168.50.10",), settings=settings_in(**look))
            return
        from kptui.tracing import Session

        request = Request(src="192.168.50.2", dst="192.168.50.10", dport="32754", local=("192.168.50.10",))
        shown = "--src 192.168.50.2 --dst 192.168.50.10 --dport 32754 --local 192.168.50.10"
        click.echo(f"$ kptui trace samples/nginx-nodeport.txt {shown}\n")
        session = Session.open(path)
        click.echo(session.text(session.trace(request), paint()))
