"""`kptui services`: the Kubernetes Services that the rules implement."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

from kptui.commands.options import names_option, source_options, with_options
from kptui.commands.shared import EXIT_NO, names_of, no_service_fits, paint, told, warn

if TYPE_CHECKING:
    from kptui.kubernetes.service import ServicePort
    from kptui.tracing import Session

ORDERS = ("name", "address", "port", "node-port", "endpoints")


@click.command("services")
@click.argument("source", nargs=-1, required=True, metavar="SOURCE... [PATTERN]...")
@click.option(
    "--sort", "order", default="name", metavar="WHAT", help=f"{', '.join(ORDERS)}; -WHAT the other way round."
)
@click.option("-l", "--long", is_flag=True, help="Everything about each: endpoints with shares, policies, chains.")
@click.option("--endpoint", metavar="IP[:PORT]", help="Only what leads to this endpoint, and by which rules.")
@with_options(names_option, source_options)
@click.option("--json", "as_json", is_flag=True, help="Services as JSON.")
def command(
    source: tuple[str, ...],
    order: str,
    long: bool,
    endpoint: str | None,
    names: str | None,
    as_json: bool,
) -> None:
    """The Kubernetes Services that the rules implement, read back from the rules alone.

    PATTERN: words that each have to occur in a Service's namespace, name, port name, addresses or protocol; a number is
    a port too, and what looks like an address may be an endpoint's.

    Of several sources (files, folders written with a slash, kubectl: for all nodes, …) each is listed, then what
    differs between them.

    Exit code: 0, or 1 if PATTERN or --endpoint finds nothing; 3 if a source could not be read, whatever else is found.
    """
    with told():
        from kptui.commands.several import expanded, parted
        from kptui.errors import SeveralHostsError
        from kptui.kubernetes.choosing import matching, ordered
        from kptui.syntax.ast import collector_paused
        from kptui.tracing import Session

        if order.removeprefix("-") not in ORDERS:
            raise click.UsageError(f"--sort: {order!r} is none of {', '.join(ORDERS)}.")
        given, pattern = parted(source)
        sources, several = expanded(given)
        session = None
        bundle = None
        if not several:
            try:
                # What is read stays until the end: looking through it for garbage takes a third of the time.
                with collector_paused():
                    session = Session.open(sources[0], names=names_of(names))
            except SeveralHostsError as hosts:
                several, bundle = True, hosts
        if session is None:
            from kptui.commands.services_of_several import Asked, services_of

            pod = _endpoint(endpoint) if endpoint is not None else None
            sys.exit(services_of(sources, Asked(pattern, order, long, pod, names_of(names), as_json), _width(), bundle))
        with collector_paused():
            warn(session)
            found = ordered(matching(session.services, " ".join(pattern)), order)
            if endpoint is not None:
                _reverse(found, session, endpoint, as_json)
                return
            _show(found, session, long, as_json)
        if not found and pattern:
            click.echo(no_service_fits(pattern), err=True)
            sys.exit(EXIT_NO)


def _show(found: list[ServicePort], session: Session, long: bool, as_json: bool) -> None:
    from kptui.report.services_json import services_json
    from kptui.report.services_text import service_block, services_table

    if as_json:
        _write(services_json(found))
    elif long:
        click.echo("\n\n".join(service_block(port, paint()) for port in found))
    elif found:
        click.echo(services_table(found, _width(), paint()))
    if session.services.ipvs:
        click.echo(
            "kptui: kube-proxy runs in IPVS mode here: its Services are not in the rules (ipvsadm -Ln).", err=True
        )
    elif not len(session.services):
        click.echo("kptui: these rules implement no Kubernetes Service.", err=True)


def _reverse(ports: list[ServicePort], session: Session, endpoint: str, as_json: bool) -> None:
    from kptui.kubernetes.choosing import leading_to, other_translations
    from kptui.report.services_json import leading_json
    from kptui.report.services_text import leading_text

    ip, port = _endpoint(endpoint)
    found, others = leading_to(ports, ip, port), other_translations(session.ruleset, ip, port)
    if as_json:
        json.dump(leading_json(found, others), sys.stdout)
        sys.stdout.write("\n")
    elif found or others:
        click.echo(leading_text(found, others, paint()))
    if not found and not others:
        click.echo(f"Nothing leads to {endpoint}.", err=True)
        sys.exit(EXIT_NO)


def _write(told: dict[str, Any]) -> None:
    """JSON with a Service a line: quick to write where there are thousands, and to be searched by line."""
    services = ",\n".join(map(json.dumps, told["services"]))
    sys.stdout.write(f'{{"schema": "{told["schema"]}", "services": [\n{services}\n]}}\n')


def _endpoint(text: str) -> tuple[str, int | None]:
    """The address and port of an --endpoint."""
    from kptui.kubernetes.balancing import split_address
    from kptui.netfilter.address import family_of, parse

    ip, port = split_address(text)
    try:
        parse(ip, family_of(ip))
    except ValueError as error:
        raise click.UsageError(f"--endpoint: {error}; expected 10.42.0.199, 10.42.0.199:80 or [fd00::1]:80.") from None
    if port is None and text not in (ip, f"[{ip}]"):
        raise click.UsageError(f"--endpoint: {text!r} has no port number after its colon.")
    return ip, port


def _width() -> int | None:
    """The terminal's width; into a file or pipe lines are as long as they are."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
