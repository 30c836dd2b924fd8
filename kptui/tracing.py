"""One dump, many questions: what the command line and the explorer both do to get from words to a trace."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from kptui.ask.expectation import expectation
from kptui.ask.fields import with_fields
from kptui.ask.idle import Answers
from kptui.ask.request import Question, Request, question
from kptui.errors import UsageError
from kptui.loading import load_with_facts
from kptui.netfilter.address import family_of
from kptui.netfilter.host import Host
from kptui.netfilter.trace import Trace, Tracer
from kptui.records import dataclass, field, replace
from kptui.report.paint import WIDTH, Paint, plain
from kptui.slices import nobody
from kptui.sources import is_live
from kptui.syntax.ast import Backend, Chain, Ruleset, Table
from kptui.syntax.diagnostics import Diagnostic

if TYPE_CHECKING:
    from kptui.ask.completion import Completer
    from kptui.confirm.confirm import Confirmation, Confirmer
    from kptui.kubernetes.checks.finding import Finding
    from kptui.kubernetes.checks.looking import Looking
    from kptui.kubernetes.known_names import KnownNames
    from kptui.kubernetes.services import Services
    from kptui.netfilter.conntrack_table import Connections
    from kptui.netfilter.ipsets import IpSets
    from kptui.ruleset.search import Searcher

_OF_RULES = frozenset({"services", "problems", "completer", "searcher"})
"""What is worked out of the rules alone."""


@dataclass
class Session:
    """A ruleset with what is known beside it; tracers are kept per host, so that a batch reads each rule once.

    `facts` are texts about the host by their names in a bundle; `ipsets` and `connections` win over those
    among them.
    """

    ruleset: Ruleset
    source: str
    backend: Backend | None = None
    ipsets: IpSets | None = None
    names: KnownNames | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    connections: Connections | None = None
    answers: Answers = field(default_factory=Answers)
    _tracers: dict[str, Tracer] = field(default_factory=dict)
    _hosts: dict[int, Host] = field(default_factory=dict)
    ipset_text: str = ""

    @classmethod
    def open(
        cls,
        source: str,
        backend: Backend | None = None,
        ipset: str | None = None,
        names: KnownNames | None = None,
        conntrack: str | None = None,
    ) -> Session:
        """Read a source, and the texts of `ipset save` and `conntrack -L` if there are such.

        Raises SourceError or UsageError.
        """
        ruleset, facts = load_with_facts(source)
        sets, connections = None, None
        if ipset is not None:
            from kptui.netfilter.ipsets import read_ipsets

            sets = read_ipsets(ipset)
        if conntrack is not None:
            from kptui.netfilter.conntrack_table import Connections

            connections = Connections(conntrack)
        return cls(ruleset, source, backend, sets, names, facts, connections, ipset_text=ipset or "")

    def renewed(self, ruleset: Ruleset | None, facts: Mapping[str, str]) -> Session:
        """The same source read anew; without a `ruleset`, its rules are as they were."""
        found = replace(self, ruleset=ruleset or self.ruleset, facts=facts, _tracers={}, _hosts={})
        if ruleset is None:
            # What was read of the rules still holds.
            vars(found).update((name, known) for name, known in vars(self).items() if name in _OF_RULES)
        return found

    @property
    def live(self) -> bool:
        """Whether the rules are those of a running host."""
        return is_live(self.source)

    @cached_property
    def services(self) -> Services:
        """The Service ports of the ruleset."""
        from kptui.kubernetes.services import Services

        return Services(self.ruleset, self.names)

    @cached_property
    def problems(self) -> list[Finding]:
        """What the checks find in the rules; looks at every rule, so it takes time on a large dump."""
        from kptui.kubernetes.checks import problems

        return problems(self.ruleset, services=self.services)

    def look_for_problems(self, looking: Looking) -> list[Finding]:
        """The problems, told how far the search for them is; what is found when it is ended is not kept."""
        from kptui.kubernetes.checks import problems

        if "problems" in vars(self):
            return self.problems
        found = problems(self.ruleset, services=self.services, looking=looking)
        if not looking.incomplete:
            vars(self)["problems"] = found
        return found

    @cached_property
    def completer(self) -> Completer:
        """What a packet expression may go on with."""
        from kptui.ask.completion import Completer

        return Completer(self.ruleset, self.services)

    @cached_property
    def searcher(self) -> Searcher:
        """Search over the rules, Services by their names included."""
        from kptui.kubernetes.services import service_label
        from kptui.ruleset.search import Searcher

        # Not by way of the session, which would lie in a cycle then: what is read again and again is to go by itself.
        services = self.services

        def label(table: Table, chain: Chain) -> str | None:
            # Of all chains at once: a name looked for in the rules that lead to one chain takes longer.
            services.read(nobody)
            return service_label(chain, services) if table.name == "nat" else None

        return Searcher(self.ruleset, label)

    def trace(self, request: Request, misses: bool = False, reply: bool = False) -> Trace:
        """Answer a request, with the way back if `reply`; raises UsageError if a field makes no sense."""
        asked = self.asked(request)
        tracer = self._tracer(request, asked.host)
        found = tracer.trace(asked.packet, asked.origin, misses, reply)
        self.answers.take(found, tracer.journey.host.settings)
        return found

    def host(self, family: int) -> Host:
        """What the source tells of its host; raises SourceError if that can't be read."""
        if family not in self._hosts:
            found = Host(family)
            if self.facts:
                from kptui.netfilter.gathered import host_of

                found = host_of(self.facts, family)
            sets = found.ipsets if self.ipsets is None else self.ipsets
            known = found.connections if self.connections is None else self.connections
            self._hosts[family] = replace(found, ipsets=sets, connections=known)
        return self._hosts[family]

    def confirmer(self) -> Confirmer:
        """What asks this machine's kernel too; close it, or use it as a context."""
        from kptui.confirm.confirm import Confirmer

        return Confirmer(self.ruleset, self.ipset_text or self.facts.get("ipset-save", ""))

    def asked(self, request: Request) -> Question:
        """A request as the tracer gets it; raises UsageError if a field makes no sense."""
        return question(request, self.host(self._family(request)))

    def _family(self, request: Request) -> int:
        """The address family that is asked about: the packet's, if the rules have tables of it, else the rules' own."""
        asked = {family_of(address) for address in (request.src, request.dst) if address}
        # A bundle without tables of a family is one of a host without.
        both = {4, 6} if self.facts else {table.family for table in self.ruleset.tables}
        return asked.pop() if len(asked) == 1 and asked <= both else self.ruleset.family

    def notes(self) -> tuple[Diagnostic, ...]:
        """What was noticed while the dump's lines were told apart."""
        return self.ruleset.notes

    def json(self, trace: Trace, checked: Confirmation | None = None) -> dict[str, Any]:
        """A trace for programs, with what the kernel said of it if that was asked."""
        from kptui.report.trace_json import trace_json

        found = trace_json(trace)
        if checked is not None:
            from kptui.report.confirm_json import confirm_json

            found["kernel"] = confirm_json(checked, trace, self.ruleset)
        return found

    def text(self, trace: Trace, paint: Paint = plain, checked: Confirmation | None = None, width: int = WIDTH) -> str:
        """A trace for people, with what the kernel said of it if that was asked."""
        from kptui.report.trace_text import trace_text

        name = cache(self.chain_label)

        def write(each: Trace, width: int = width) -> str:
            return trace_text(each, paint, name, width)

        text = write(trace.one_way)
        if checked is not None:
            from kptui.report.confirm_text import confirm_text

            text += f"\n{confirm_text(checked, trace, self.ruleset, paint)}"
        if trace.replied:
            from kptui.report.reply_text import replies_text

            text += f"\n{replies_text(trace, write, paint, width)}"
        return text

    def graph(self, trace: Trace, form: str) -> str:
        """A trace as a graph, in the language of Mermaid or DOT."""
        from kptui.report.dot import dot
        from kptui.report.mermaid import mermaid
        from kptui.report.trace_graph import trace_graph

        graph = trace_graph(trace, self.chain_label)
        return mermaid(graph) if form == "mermaid" else dot(graph)

    def chain_label(self, name: str) -> str | None:
        """What a chain stands for: a Service port or an endpoint, else what chains of that name are for."""
        from kptui.kubernetes.roles import role
        from kptui.kubernetes.services import label

        chain = self.ruleset.chain("nat", name)
        return (label(chain, self.services) if chain else None) or role(name)

    def _tracer(self, request: Request, host: Host) -> Tracer:
        told = (host.family, request.local, request.routes, request.assume, sorted(request.settings.items()))
        key = repr(told)
        if key not in self._tracers:
            self._tracers[key] = Tracer(self.ruleset, host, self.backend)
        return self._tracers[key]


def requested(packet: str | None, session: Session, settings: Mapping[str, str], options: Mapping[str, Any]) -> Request:
    """The request that an expression and options make together; options win."""
    request = Request()
    if packet:
        from kptui.ask.expression import expression

        request = expression(packet, session.services)
    given = {name: value for name, value in options.items() if value not in ("", (), None)}
    if "dst" in given:
        request = replace(request, to_node=False)
    return replace(request, settings=settings, **given)


def batch_answers(
    session: Session,
    base: Request,
    lines: Iterable[str],
    misses: bool = False,
    confirmer: Confirmer | None = None,
    reply: bool = False,
) -> Iterator[dict[str, Any]]:
    """The trace of each packet of a --batch file, in order; a line that makes no sense gets an `error` instead."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        answer: dict[str, Any] = {}
        try:
            given = json.loads(line)
            if not isinstance(given, dict):
                raise UsageError("expected a JSON object.")
            if "id" in given:
                answer["id"] = given["id"]
            request = with_fields(base, given)
            trace = session.trace(request, misses, reply)
            checked = confirmer.confirm(trace, session.asked(request).host) if confirmer is not None else None
            answer |= session.json(trace, checked)
        except (UsageError, json.JSONDecodeError) as error:
            answer |= {"error": f"line {number}: {error}"}
        except RecursionError:
            answer |= {"error": f"line {number}: the JSON is nested too deep."}
        yield answer


def request_for(packet: str | Mapping[str, Any], session: Session, told: Request) -> Request:
    """A packet by expression or by its fields, with what is told of the host; raises UsageError."""
    request = requested(packet, session, {}, {}) if isinstance(packet, str) else with_fields(Request(), packet)
    return replace(request, local=told.local, routes=told.routes, assume=told.assume, settings=told.settings)


def expected(trace: Trace, text: str) -> str | None:
    """None if the trace is as `ANSWER [dnat=…] [snat=…] [end=…]` says, else the difference in words.

    `dnat=A,B` means exactly these targets, in any order. Raises UsageError.
    """
    try:
        return expectation(text).difference(trace)
    except ValueError as error:
        raise UsageError(f"--expect: {error}") from None
