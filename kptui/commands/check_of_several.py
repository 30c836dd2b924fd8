"""`kptui check` on several sources: the findings in each, then what is found in some of them only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from kptui.commands.several import Reading, SourcesJson, heading
from kptui.commands.shared import EXIT_NO, paint, remark
from kptui.errors import KptuiError, SeveralHostsError
from kptui.kubernetes.checks import SEVERITIES, Check, Finding, problems
from kptui.kubernetes.services import Services
from kptui.loading import parse
from kptui.nodes.fleet import labelled
from kptui.records import dataclass
from kptui.report.check_json import SCHEMA, findings_json
from kptui.report.check_text import SHOWN, findings_text
from kptui.report.nodes.as_json import findings_differences
from kptui.report.nodes.text import findings_differences_text
from kptui.syntax.ast import collector_paused

if TYPE_CHECKING:
    from kptui.kubernetes.api import Api
    from kptui.kubernetes.known_names import KnownNames
    from kptui.sources import SourceText


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for: which checks, how bad (an index of SEVERITIES), against what, how told."""

    checks: tuple[Check, ...]
    worst: int
    names: KnownNames | None
    api: Api | None
    every: bool
    as_json: bool


def check_all(sources: Sequence[str], asked: Asked, width: int | None, bundle: SeveralHostsError | None = None) -> int:
    """Tell what is found in the sources, or in the hosts of the `bundle` that the one is; the exit code."""
    reading = Reading(sources, bundle)
    found: dict[str, list[Finding]] = {}
    written = SourcesJson(SCHEMA) if asked.as_json else None
    for read in reading:
        error = read.error
        if read.found is not None:
            try:
                found[read.name] = _findings(read.found, asked)
            except KptuiError as fault:
                error = str(fault)
                reading.refuse(read.name, error)
        if written is not None:
            told = findings_json(found[read.name]) if read.name in found else {"error": error}
            written.source(read.name, {name: value for name, value in told.items() if name != "schema"})
        elif read.name in found:
            _tell(read.name, found[read.name], asked, width)
    differing = findings_differences(found)
    if written is not None:
        written.end(differing)
    elif len(found) > 1:
        labels = dict(zip(found, labelled(list(found)), strict=True))
        click.echo(findings_differences_text(differing, len(found), labels.__getitem__, width or 100, paint()))
    bad = any(each.severity != "info" for findings in found.values() for each in findings)
    return reading.code(EXIT_NO if bad else 0)


def _findings(text: SourceText, asked: Asked) -> list[Finding]:
    with collector_paused():
        ruleset = parse(text)
        remark(ruleset, text.name, ())
        found = problems(ruleset, asked.checks, Services(ruleset, asked.names), asked.api)
    return [each for each in found if SEVERITIES.index(each.severity) <= asked.worst]


def _tell(source: str, found: list[Finding], asked: Asked, width: int | None) -> None:
    by_id = {check.id: check for check in asked.checks}
    name = "standard input" if source == "-" else source
    click.echo(paint()(heading(source), "strong"))
    click.echo(f"{findings_text(found, by_id, name, paint(), width, None if asked.every else SHOWN)}\n")
