"""`kptui check`: problems found in the rules."""

from __future__ import annotations

import json
import shutil
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from kptui.commands.options import source_options, with_options
from kptui.commands.shared import EXIT_NO, names_of, paint, remark, text_of, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptui.kubernetes.api import Api
    from kptui.kubernetes.checks import Check, Finding


@click.command("check")
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option(
    "--severity", type=click.Choice(["error", "warning", "info"]), default="info", help="Only this bad or worse."
)
@click.option(
    "--only", "--id", "only", multiple=True, metavar="ID", help="Only these checks; repeatable, or with commas."
)
@click.option("--ignore", multiple=True, metavar="ID", help="All but these checks; repeatable, or with commas.")
@click.option("--all", "every", is_flag=True, help="Show each finding, however many there are.")
@click.option("--list", "listed", is_flag=True, help="What is checked, what it means, and what to look at next.")
@click.option("--services", metavar="FILE", help="Compare with `kubectl get services -A -o json`.")
@click.option("--endpoints", metavar="FILE", help="Compare with `kubectl get endpointslices -A -o json`, too.")
@click.option("--node", metavar="NAME", help="The node the rules are of, for endpoints of a Local policy.")
@click.option("--json", "as_json", is_flag=True, help="Findings (or with --list, checks) as JSON.")
@with_options(source_options)
def command(
    sources: tuple[str, ...],
    severity: str,
    only: tuple[str, ...],
    ignore: tuple[str, ...],
    every: bool,
    listed: bool,
    services: str | None,
    endpoints: str | None,
    node: str | None,
    as_json: bool,
) -> None:
    """Problems in the rules: each with its line, its chain, and what to look at next.

    Of several sources (files, kubectl: for all nodes, …) each is told, then what is found in some of them only.

    Exit code: 0 nothing was found, 1 errors or warnings were; infos, and what the filters leave out, don't count. 3 if
    a source could not be read, whatever is found in the others.
    """
    with told():
        from kptui.kubernetes.checks import SEVERITIES, problems

        checks = _chosen(only, ignore)
        if listed:
            _list(checks, as_json)
            return
        if not sources:
            raise click.UsageError("Missing argument 'SOURCE'.")
        from kptui.commands.several import expanded
        from kptui.errors import SeveralHostsError
        from kptui.kubernetes.services import Services
        from kptui.loading import load
        from kptui.syntax.ast import collector_paused

        sources, several = expanded(sources)
        if several and node:
            raise click.UsageError("--node names the node of one source, and these are several.")
        api = _api(services, endpoints, node)
        worst = SEVERITIES.index(severity)
        bundle = None
        if not several:
            try:
                # What is read stays until the end: looking through it for garbage takes a third of the time.
                with collector_paused():
                    ruleset = load(sources[0])
            except SeveralHostsError as hosts:
                several, bundle = True, hosts
        if several:
            from kptui.commands.check_of_several import Asked, check_all

            asked = Asked(checks, worst, names_of(services), api, every, as_json)
            sys.exit(check_all(sources, asked, _width(), bundle))
        [source] = sources
        with collector_paused():
            remark(ruleset, source, ())
            found = problems(ruleset, checks, Services(ruleset, names_of(services)), api)
        found = [each for each in found if SEVERITIES.index(each.severity) <= worst]
        _show(found, checks, source, every, as_json)
        sys.exit(EXIT_NO if any(each.severity != "info" for each in found) else 0)


def _api(services: str | None, endpoints: str | None, node: str | None) -> Api | None:
    from kptui.kubernetes.api import read_api

    if services is None:
        if endpoints or node:
            raise click.UsageError("--endpoints and --node need --services, too.")
        return None
    return read_api((services, text_of(services)), (endpoints, text_of(endpoints)) if endpoints else None, node)


def _chosen(only: tuple[str, ...], ignore: tuple[str, ...]) -> tuple[Check, ...]:
    from kptui.kubernetes.checks import CHECKS

    known = {check.id for check in CHECKS}
    wanted, unwanted = _ids(only), _ids(ignore)
    for each in (*wanted, *unwanted):
        if each not in known:
            close = get_close_matches(each, known, 1)
            meant = f"; did you mean {close[0]}?" if close else "; --list shows them all."
            raise click.UsageError(f"there is no check {each!r}{meant}")
    return tuple(c for c in CHECKS if (not wanted or c.id in wanted) and c.id not in unwanted)


def _ids(given: tuple[str, ...]) -> list[str]:
    return [each.strip() for text in given for each in text.split(",") if each.strip()]


def _list(checks: tuple[Check, ...], as_json: bool) -> None:
    from kptui.report.check_json import checks_json
    from kptui.report.check_text import checks_text

    click.echo(json.dumps(checks_json(checks), indent=2) if as_json else checks_text(checks, paint(), _width()))


def _show(found: Sequence[Finding], checks: tuple[Check, ...], source: str, every: bool, as_json: bool) -> None:
    from kptui.report.check_json import findings_json
    from kptui.report.check_text import SHOWN, findings_text

    if as_json:
        _write(findings_json(found))
        return
    by_id = {check.id: check for check in checks}
    name = "standard input" if source == "-" else source
    click.echo(findings_text(found, by_id, name, paint(), _width(), None if every else SHOWN))


def _write(told: dict[str, Any]) -> None:
    """JSON with a finding a line."""
    findings = ",\n".join(map(json.dumps, told["findings"]))
    sys.stdout.write(f'{{"schema": "{told["schema"]}", "findings": [\n{findings}\n]}}\n')


def _width() -> int | None:
    """The terminal's width; into a file or pipe lines are as long as they are."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
