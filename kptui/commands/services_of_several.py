"""`kptui services` on several sources: the Services of each, then what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from kptui.commands.several import Reading, SourcesJson, heading
from kptui.commands.shared import EXIT_NO, no_service_fits, paint, warn
from kptui.errors import KptuiError, SeveralHostsError
from kptui.kubernetes.choosing import leading_to, matching, ordered, other_translations
from kptui.nodes.compare import compare_nodes
from kptui.nodes.fleet import labelled
from kptui.nodes.summary import Key, Summaries, Summary, key_of, uncounted
from kptui.records import dataclass
from kptui.report.nodes.as_json import differences_json
from kptui.report.nodes.text import comparison_text
from kptui.report.services_json import SCHEMA, leading_json, services_json
from kptui.report.services_text import leading_text, service_block, services_table
from kptui.syntax.ast import collector_paused
from kptui.tracing import Session

if TYPE_CHECKING:
    from kptui.kubernetes.known_names import KnownNames
    from kptui.kubernetes.service import ServicePort
    from kptui.sources import SourceText


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for: words, order, in full, an endpoint's address and port, names, JSON."""

    pattern: tuple[str, ...]
    order: str
    long: bool
    endpoint: tuple[str, int | None] | None
    names: KnownNames | None
    as_json: bool


def services_of(
    sources: Sequence[str], asked: Asked, width: int | None, bundle: SeveralHostsError | None = None
) -> int:
    """Tell what the sources, or the hosts of the `bundle` that the one is, have, and what differs; the exit code."""
    reading = Reading(sources, bundle)
    told = _Told(asked, width)
    for read in reading:
        if read.found is None:
            told.failed(read.name, read.error)
            continue
        try:
            with collector_paused():
                told.source(read.name, read.found)
        except KptuiError as error:
            reading.refuse(read.name, str(error))
            told.failed(read.name, str(error))
    told.differences()
    nothing = not told.keys and not told.others and (asked.pattern or asked.endpoint is not None)
    if nothing and told.nodes:
        click.echo(no_service_fits(asked.pattern) if asked.endpoint is None else "Nothing leads there.", err=True)
    return reading.code(EXIT_NO if nothing else 0)


class _Told:
    """Tells source by source; keeps of each its summary only."""

    def __init__(self, asked: Asked, width: int | None) -> None:
        self.nodes: list[Summary] = []
        self.keys: set[Key] = set()
        self.others = False
        self._asked = asked
        self._width = width
        self._summaries = Summaries(asked.names)
        self._json = SourcesJson(SCHEMA) if asked.as_json else None

    def failed(self, name: str, why: str) -> None:
        """In JSON the sentence stands in its source's place; people have read it already."""
        if self._json is not None:
            self._json.source(name, {"error": why})

    def source(self, name: str, text: SourceText) -> None:
        """One source's Services."""
        session = Session(uncounted(text), name, names=self._asked.names, facts=text.facts)
        warn(session)
        self.nodes.append(self._summaries.of(name, session.ruleset))
        found = ordered(matching(session.services, " ".join(self._asked.pattern)), self._asked.order)
        if self._json is None:
            click.echo(paint()(heading(name), "strong"))
        if self._asked.endpoint is not None:
            self._leading(name, found, session)
            return
        self.keys.update(map(key_of, found))
        if self._json is not None:
            self._json.source(name, _fields(services_json(found)))
        else:
            click.echo(f"{self._text(found)}\n")

    def _text(self, found: list[ServicePort]) -> str:
        if not found:
            return "No Service." if not self._asked.pattern else "No Service fits."
        if self._asked.long:
            return "\n\n".join(service_block(port, paint()) for port in found)
        return services_table(found, self._width, paint())

    def _leading(self, name: str, ports: list[ServicePort], session: Session) -> None:
        """What leads to an endpoint."""
        assert self._asked.endpoint is not None
        ip, port = self._asked.endpoint
        found, others = leading_to(ports, ip, port), other_translations(session.ruleset, ip, port)
        self.keys.update(key_of(service) for service, _ in found)
        self.others = self.others or bool(others)
        if self._json is not None:
            self._json.source(name, _fields(leading_json(found, others)))
        else:
            click.echo(f"{leading_text(found, others, paint()) or 'Nothing leads there.'}\n")

    def differences(self) -> None:
        """What differs between the sources that were read: of all their Services, or of those asked for."""
        found = compare_nodes(self.nodes)
        if self._asked.pattern or self._asked.endpoint is not None:
            found = found.chosen(self.keys)
        if self._json is not None:
            self._json.end(differences_json(found))
        elif len(self.nodes) > 1:
            labels = dict(zip(found.nodes, labelled(found.nodes), strict=True))
            click.echo(comparison_text(found, labels.__getitem__, self._width or 100, paint()))


def _fields(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "schema"}
