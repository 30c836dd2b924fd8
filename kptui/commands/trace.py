"""`kptui trace`: what happens to one packet."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from kptui.commands.options import host_options, names_option, packet_options, with_options
from kptui.commands.shared import EXIT_DEPENDS, EXIT_NO, lines_of, names_of, paint, setting, text_of, told, warn


class PacketCommand(click.Command):
    """A command whose argument may be an expression that begins with an arrow: `-> default/nginx`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep click from taking the arrow for an option."""
        return super().parse_args(ctx, [f" {arg}" if arg.startswith("->") else arg for arg in args])


@click.command("trace", cls=PacketCommand)
@click.argument("source")
@click.argument("packet", required=False)
@with_options(packet_options, host_options, names_option)
@click.option("--all", "misses", is_flag=True, help="Also the rules that did not match, and why.")
@click.option("--batch", metavar="FILE", help="Many packets, one JSON object a line; answers likewise.")
@click.option("--expect", metavar="TEXT", help='Exit 0 if the answer is so, e.g. "yes dnat=10.42.0.199:80", else 1.')
@click.option("--json", "as_json", is_flag=True, help="The trace as JSON.")
def command(
    source: str, packet: str | None, as_json: bool, misses: bool, batch: str | None, expect: str | None, **given: Any
) -> None:
    """What happens to one PACKET: every way it can end, with its share, what was assumed, and its path.

    PACKET is an expression such as "10.110.199.45:80", "tcp 192.168.50.2:40000 -> 10.110.199.45:80",
    "10.42.0.7 -> default/nginx" or "-> nodeport 32754"; options win over it.

    Exit code: 0 it gets through, 1 it does not, 4 it depends.
    """
    with told():
        from kptui.tracing import Session, batch_answers, expected, requested

        settings = dict(setting(text) for text in given.pop("settings"))
        backend, ipset = given.pop("backend"), given.pop("ipset")
        names = names_of(given.pop("names"))
        session = Session.open(source, backend, text_of(ipset) if ipset else None, names)
        request = requested(packet, session, settings, given)
        warn(session)
        if batch is not None:
            for answer in batch_answers(session, request, lines_of(batch, source), misses):
                click.echo(json.dumps(answer))
            return
        found = session.trace(request, misses)
        wrong = expected(found, expect) if expect is not None else None
        click.echo(json.dumps(session.json(found), indent=2) if as_json else session.text(found, paint()))
        if expect is not None:
            if wrong:
                click.echo(f"not as expected: {wrong}", err=True)
            sys.exit(EXIT_NO if wrong else 0)
        sys.exit({"yes": 0, "no": EXIT_NO, "depends": EXIT_DEPENDS}[found.answer])
