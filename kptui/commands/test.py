"""`kptui test`: a list of expectations, put to a source."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kptui.commands.options import host_options, names_option, source_options, with_options
from kptui.commands.shared import EXIT_NO, EXIT_USAGE, names_of, paint, setting, text_of, told, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptui.expectations.case import Result
    from kptui.tracing import Session


@click.command("test")
@click.argument("file")
@click.argument("source")
@with_options(host_options, names_option, source_options)
@click.option("--reply", is_flag=True, help="The way back of every packet counts, too.")
@click.option("--junit", metavar="FILE", help="Also write the results as JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="The results as JSON.")
def command(file: str, source: str, reply: bool, junit: str | None, as_json: bool, **given: Any) -> None:
    r"""Whether packets fare in SOURCE as the list of expectations in FILE (YAML or JSON) says.

    \b
    local: 192.168.50.10
    cases:
      - name: a pod reaches nginx, and is not masqueraded
        packet: 10.42.0.7 -> default/nginx
        expect: yes dnat=10.42.0.199:80,10.42.0.200:80 snat=none

    A packet is an expression as `kptui trace` takes it, or its fields; expectations are those of --expect. local,
    routes, assume, set and reply, for all cases or one, say what the options of these names say.

    Exit code: 0 all are as expected, 1 some differ, 2 FILE makes no sense, 3 SOURCE can't be read.
    """
    with told():
        from kptui.expectations.file import read_cases
        from kptui.expectations.running import results

        cases = read_cases(file, text_of(file), _told(given), reply)
        ipsets, connections = (text_of(each) if each else None for each in (given["ipset"], given["conntrack"]))
        from kptui.tracing import Session

        session = Session.open(source, given["backend"], ipsets, names_of(given["names"]), connections)
        warn(session)
        found = list(results(cases, session))
        _report(found, file, source, as_json)
        if junit is not None:
            _write_junit(junit, found, file, source)
        _tell_idle(session, found)
        worst = {each.status for each in found}
        sys.exit(EXIT_USAGE if "error" in worst else EXIT_NO if "failed" in worst else 0)


def _told(given: dict[str, Any]) -> Any:
    """What the options tell of the host, for all cases."""
    from kptui.ask.request import Request

    settings = dict(setting(text) for text in given["settings"])
    return Request(local=given["local"], routes=given["routes"], assume=given["assume"], settings=settings)


def _report(found: Sequence[Result], file: str, source: str, as_json: bool) -> None:
    if as_json:
        from kptui.expectations.as_json import results_json

        click.echo(json.dumps(results_json(found, file, source), indent=2))
        return
    from kptui.expectations.text import results_text

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 100
    click.echo(results_text(found, file, paint(), width))


def _write_junit(path: str, found: Sequence[Result], file: str, source: str) -> None:
    from kptui.errors import UsageError
    from kptui.expectations.junit import junit
    from kptui.text import visible

    try:
        Path(path).write_text(junit(found, file, source), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{visible(path)} can't be written: {error.strerror or error}.") from None


def _tell_idle(session: Session, found: Sequence[Result]) -> None:
    """Say which answers given beforehand settled nothing in any case."""
    assume = dict.fromkeys(text for each in found for text in each.case.told.assume)
    settings = dict.fromkeys(name for each in found for name in each.case.told.settings)
    for said in session.answers.idle(assume, settings):
        click.echo(f"kptui: {said}", err=True)
