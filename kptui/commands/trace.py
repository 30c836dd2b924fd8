"""`kptui trace`: what happens to one packet."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from kptui.commands.options import host_options, names_option, packet_options, source_options, with_options
from kptui.commands.shared import (
    EXIT_DEPENDS,
    EXIT_DISAGREES,
    EXIT_NO,
    EXIT_NOT_ASKED,
    lines_of,
    names_of,
    paint,
    setting,
    text_of,
    told,
    warn,
)
from kptui.text import visible

if TYPE_CHECKING:
    from kptui.ask.request import Request
    from kptui.confirm.confirm import Confirmation
    from kptui.netfilter.trace import Trace
    from kptui.tracing import Session

FORMS = ("text", "json", "mermaid", "dot")


class PacketCommand(click.Command):
    """A command whose argument may be an expression that begins with an arrow: `-> default/nginx`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep click from taking the arrow for an option."""
        return super().parse_args(ctx, [f" {arg}" if arg.startswith("->") else arg for arg in args])


@click.command("trace", cls=PacketCommand)
@click.argument("source")
@click.argument("packet", required=False)
@with_options(packet_options, host_options, names_option, source_options)
@click.option("--all", "misses", is_flag=True, help="Also the rules that did not match, and why.")
@click.option("--reply", is_flag=True, help="Also what becomes of the reply to each outcome that gets through.")
@click.option("--batch", metavar="FILE", help="Many packets, one JSON object a line; answers likewise.")
@click.option("--expect", metavar="TEXT", help='Exit 0 if the answer is so, e.g. "yes dnat=10.42.0.199:80", else 1.')
@click.option("--format", "form", type=click.Choice(FORMS), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--confirm", is_flag=True, help="Ask this machine's kernel too, in a throwaway network namespace.")
def command(
    source: str, packet: str | None, form: str, as_json: bool, misses: bool, reply: bool, batch: str | None,
    expect: str | None, confirm: bool, **given: Any,
) -> None:  # fmt: skip
    """What happens to one PACKET: every way it can end, with its share, what was assumed, and its path.

    PACKET is an expression such as "10.110.199.45:80", "tcp 192.168.50.2:40000 -> 10.110.199.45:80",
    "10.42.0.7 -> default/nginx" or "-> nodeport 32754"; options win over it.

    Exit code: 0 it gets through, 1 it does not, 4 it depends; with --reply, there and back. With --confirm also 5: the
    kernel disagrees, and 6: the kernel could not be asked.
    """
    with told():
        from kptui.tracing import Session, batch_answers, expected, requested

        settings = dict(setting(text) for text in given.pop("settings"))
        backend, ipset, conntrack = (given.pop(name) for name in ("backend", "ipset", "conntrack"))
        ipsets, connections = (text_of(file) if file else None for file in (ipset, conntrack))
        names = names_of(given.pop("names"))
        session = Session.open(source, backend, ipsets, names, connections)
        request = requested(packet, session, settings, given)
        warn(session)
        with session.confirmer() if confirm else nullcontext() as confirmer:
            if batch is not None:
                code = _batch(batch_answers(session, request, lines_of(batch, source), misses, confirmer, reply))
                _tell_idle(session, request)
                sys.exit(code)
            found = session.trace(request, misses, reply)
            checked = confirmer.confirm(found, session.asked(request).host) if confirmer is not None else None
        _tell_idle(session, request)
        wrong = expected(found, expect) if expect is not None else None
        click.echo(_report(session, found, checked, "json" if as_json else form))
        code = {"yes": 0, "no": EXIT_NO, "depends": EXIT_DEPENDS}[found.answer]
        if expect is not None:
            code = EXIT_NO if wrong else 0
        if wrong:
            click.echo(f"not as expected: {wrong}", err=True)
        if checked is not None and checked.agrees is not True:
            click.echo(f"kptui: the kernel {visible(checked.verdict)}", err=True)
        sys.exit(code if checked is None else _confirmed([checked.agrees]) or code)


def _report(session: Session, found: Trace, checked: Confirmation | None, form: str) -> str:
    """The trace in the form that was asked for."""
    if form == "json":
        return json.dumps(session.json(found, checked), indent=2)
    if form == "text":
        return session.text(found, paint(), checked, shutil.get_terminal_size().columns)
    return session.graph(found, form)


def _tell_idle(session: Session, request: Request) -> None:
    """Say which answers given beforehand settled nothing."""
    for said in session.answers.idle(request.assume, request.settings):
        click.echo(f"kptui: {said}", err=True)


def _batch(answers: Iterable[dict[str, Any]]) -> int:
    """Print answers, a line each; the exit code."""
    agreed: list[bool | None] = []
    for answer in answers:
        click.echo(json.dumps(answer))
        agreed += [answer["kernel"]["agrees"]] if "kernel" in answer else []
    return _confirmed(agreed)


def _confirmed(agreed: list[bool | None]) -> int:
    """The exit code that confirmations ask for, 0 if the kernel agrees with all."""
    return EXIT_DISAGREES if False in agreed else EXIT_NOT_ASKED if None in agreed else 0
