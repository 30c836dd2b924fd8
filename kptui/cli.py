"""The command line: commands and exit codes of the public contract; Textual is imported only to open the explorer."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from kptui import __version__
from kptui.errors import KptuiError, SourceError
from kptui.text import visible

EXIT_NO = 1
EXIT_USAGE = 2
EXIT_SOURCE = 3
EXIT_DEPENDS = 4
EXIT_BUG = 70


class DefaultGroup(click.Group):
    """A group whose first argument may be a source instead of a command: `kptui rules.txt` opens it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command in front of anything that is no command or option of the group."""
        own = {"-h", "--help", "--version", "--no-color"}
        first = next((arg for arg in args if arg not in ("--no-color",)), None)
        if first is None or (first not in self.commands and first not in own):
            at = args.index(first) if first is not None else len(args)
            args = [*args[:at], "open", *args[at:]]
        return super().parse_args(ctx, args)


@click.group(cls=DefaultGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="kptui %(version)s")
@click.option("--no-color", is_flag=True, help="No colours (as does the variable NO_COLOR).")
@click.pass_context
def cli(ctx: click.Context, no_color: bool) -> None:
    """The terminal explorer for the iptables rules that kube-proxy writes.

    `kptui SOURCE` opens the explorer. SOURCE is a file with the output of iptables-save, - for standard input, or live:
    for this host (the default).
    """
    if no_color:
        os.environ["NO_COLOR"] = "1"


@cli.command("open", hidden=True)
@click.argument("source", default="live:")
def open_(source: str) -> None:
    """Open the explorer."""
    with _told():
        from kptui.loading import load

        ruleset = load(source)
        if not _interactive():
            raise click.UsageError("the explorer needs a terminal; `kptui trace` and `kptui parse` do not.")
        from kptui.tui.app import run

        run(ruleset, source)


@cli.command()
def demo() -> None:
    """Open the explorer on a built-in sample; without a terminal, print a trace of it."""
    with _told():
        from kptui.ask.request import Request
        from kptui.samples import demo_path

        path = str(demo_path())
        if _interactive():
            from kptui.loading import load
            from kptui.tui.app import run

            run(load(path), path, local=("192.168.50.10",))
            return
        from kptui.tracing import Session

        request = Request(src="192.168.50.2", dst="192.168.50.10", dport="32754", local=("192.168.50.10",))
        command = "--src 192.168.50.2 --dst 192.168.50.10 --dport 32754 --local 192.168.50.10"
        click.echo(f"$ kptui trace samples/nginx-nodeport.txt {command}\n")
        session = Session.open(path)
        click.echo(session.text(session.trace(request), _paint()))


def _packet_options(command: Any) -> Any:
    for option in reversed(
        [
            click.option("--src", default="", help="Source address; left out, it is unknown."),
            click.option("--dst", default="", help="Destination address."),
            click.option("--proto", default="", help="tcp (default), udp, sctp, icmp, icmpv6 or a number."),
            click.option("--sport", default="", help="Source port."),
            click.option("--dport", default="", help="Destination port."),
            click.option("--in", "in_", default="", help="Interface it comes in by."),
            click.option("--out", default="", help="Interface it goes out by."),
            click.option("--origin", default="", help="external or local; left out, from the source address."),
            click.option("--ctstate", default="", help="conntrack state (default NEW)."),
            click.option("--mark", default="", help="Packet mark (default 0x0)."),
            click.option("--ctmark", default="", help="Connection mark (default 0x0)."),
            click.option("--tcp-flags", default="", help="TCP flags that are set (default SYN for NEW)."),
            click.option("--icmp-type", default="", help="Type, type/code or name (default echo-request)."),
        ]
    ):
        command = option(command)
    return command


def _host_options(command: Any) -> Any:
    for option in reversed(
        [
            click.option("--local", multiple=True, metavar="IP[/LEN]", help="An address of this host; repeatable."),
            click.option("--route", "routes", multiple=True, metavar="'CIDR dev IF'", help="A route; repeatable."),
            click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="What else a match asks for."),
            click.option("--assume", multiple=True, metavar="TEXT=yes|no", help="Settle an unknown match."),
            click.option(
                "--backend", type=click.Choice(["nft", "legacy"]), help="Default: from the dump's header, else nft."
            ),
            click.option("--ipset", "ipset", metavar="FILE", help="Output of `ipset save`."),
        ]
    ):
        command = option(command)
    return command


class PacketCommand(click.Command):
    """A command whose argument may be an expression that begins with an arrow: `-> default/nginx`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep click from taking the arrow for an option."""
        return super().parse_args(ctx, [f" {arg}" if arg.startswith("->") else arg for arg in args])


@cli.command(cls=PacketCommand)
@click.argument("source")
@click.argument("packet", required=False)
@_packet_options
@_host_options
@click.option("--all", "misses", is_flag=True, help="Also the rules that did not match, and why.")
@click.option("--batch", metavar="FILE", help="Many packets, one JSON object a line; answers likewise.")
@click.option("--expect", metavar="TEXT", help='Exit 0 if the answer is so, e.g. "yes dnat=10.42.0.199:80", else 1.')
@click.option("--json", "as_json", is_flag=True, help="The trace as JSON.")
def trace(
    source: str, packet: str | None, as_json: bool, misses: bool, batch: str | None, expect: str | None, **given: Any
) -> None:
    """What happens to one PACKET: every way it can end, with its share, what was assumed, and its path.

    PACKET is an expression such as "10.110.199.45:80", "tcp 192.168.50.2:40000 -> 10.110.199.45:80",
    "10.42.0.7 -> default/nginx" or "-> nodeport 32754"; options win over it.

    Exit code: 0 it gets through, 1 it does not, 4 it depends.
    """
    with _told():
        from kptui.tracing import Session, batch_answers, expected, requested

        settings = dict(_setting(text) for text in given.pop("settings"))
        backend, ipset = given.pop("backend"), given.pop("ipset")
        session = Session.open(source, backend, _text_of(ipset) if ipset else None)
        request = requested(packet, session, settings, given)
        _warn(session)
        if batch is not None:
            for answer in batch_answers(session, request, _lines_of(batch, source), misses):
                click.echo(json.dumps(answer))
            return
        found = session.trace(request, misses)
        wrong = expected(found, expect) if expect is not None else None
        click.echo(json.dumps(session.json(found), indent=2) if as_json else session.text(found, _paint()))
        if expect is not None:
            if wrong:
                click.echo(f"not as expected: {wrong}", err=True)
            sys.exit(EXIT_NO if wrong else 0)
        sys.exit({"yes": 0, "no": EXIT_NO, "depends": EXIT_DEPENDS}[found.answer])


@cli.command("parse")
@click.argument("source")
@click.option("--format", "form", type=click.Choice(["json", "save"]), default="json", show_default=True)
@click.option("--strict", is_flag=True, help="Exit with 3 if anything could not be read.")
def parse_(source: str, form: str, strict: bool) -> None:
    """The AST of a dump as JSON, or its text as iptables-save writes it."""
    with _told():
        from kptui.loading import load
        from kptui.report.ast_json import ast_json
        from kptui.syntax.writer import save

        ruleset = load(source)
        if form == "json":
            json.dump(ast_json(ruleset), sys.stdout, indent=1)
            sys.stdout.write("\n")
        else:
            sys.stdout.buffer.write(save(ruleset).encode("utf-8", "surrogateescape"))
        found = ruleset.diagnostics
        for each in found:
            click.echo(each.render(source), err=True)
        if strict and any(each.severity == "error" for each in found):
            sys.exit(EXIT_SOURCE)


@contextmanager
def _told() -> Iterator[None]:
    """Turn errors into one sentence on stderr and the exit code of the contract."""
    try:
        yield
    except KptuiError as error:
        click.echo(f"kptui: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _warn(session: Any) -> None:
    """Say on stderr what could not be read, so that nobody takes a trace over a damaged dump for the whole truth."""
    for each in session.notes():
        click.echo(each.render(session.source), err=True)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--set: {text!r} is not of the form NAME=VALUE")
    return name, value


def _text_of(name: str) -> str:
    from kptui.sources.file import read_file

    return read_file(name).text


def _lines_of(name: str, source: str) -> Iterator[str]:
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


def _interactive() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty() and sys.stdout.isatty()


def _paint() -> Any:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        from kptui.report.trace_text import plain

        return plain
    styles: dict[str, dict[str, Any]] = {
        "good": {"fg": "blue", "bold": True},
        "bad": {"fg": "red", "bold": True},
        "unsure": {"fg": "yellow"},
        "dim": {"dim": True},
        "strong": {"bold": True},
    }
    return lambda text, kind: click.style(text, **styles[kind])


def main() -> None:
    """The console script."""
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except click.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("KPTUI_DEBUG"):
            raise
        click.echo(f"kptui: an error of its own: {type(error).__name__}: {visible(str(error))}", err=True)
        click.echo("Please report it, with the output of the same command after KPTUI_DEBUG=1.", err=True)
        sys.exit(EXIT_BUG)
