"""The Python API: the rules of one source, and questions to them; `kptui.load` is where it begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from typing import Any

from kptui.ask.request import Request
from kptui.kubernetes.checks.finding import Finding
from kptui.kubernetes.service import ServicePort
from kptui.netfilter.trace import Answer, Outcome, Trace
from kptui.records import dataclass, replace
from kptui.syntax.ast import Backend, Ruleset
from kptui.text import number_of
from kptui.tracing import Session, expected, request_for

Source = str | PathLike[str]


class Rules:
    """The rules of one source, and what is known of their host; made by `kptui.load`.

    Nothing is read twice: Services, problems and what traces need of the rules are kept.
    """

    def __init__(self, session: Session, base: Request) -> None:
        """`base` holds what was told of the host, for every packet that is asked about."""
        self._session = session
        self._base = base

    def __repr__(self) -> str:
        """What it is of, and how much."""
        rules = sum(len(chain.rules) for table in self.ruleset.tables for chain in table.chains.values())
        return f"<kptui.Rules {self._session.source!r}: {number_of(rules, 'rule')}>"

    @property
    def ruleset(self) -> Ruleset:
        """The tables, chains and rules themselves, as they were read."""
        return self._session.ruleset

    def trace(
        self,
        packet: str | Mapping[str, Any],
        *,
        assume: str | Iterable[str] = (),
        settings: Mapping[str, str] | None = None,
        misses: bool = False,
        reply: bool = False,
    ) -> Traced:
        """What happens to a packet: an expression as `kptui trace` takes it, or the fields that `--batch` takes.

        `assume` and `settings` are added to those of the source. With `misses` the paths hold the rules that did not
        match, too; with `reply` the way back is traced. Raises UsageError if the packet makes no sense.
        """
        told = replace(
            self._base,
            assume=(*self._base.assume, *_several(assume)),
            settings={**self._base.settings, **(settings or {})},
        )
        request = request_for(packet, self._session, told)
        return Traced(self._session.trace(request, misses, reply), self._session)

    def services(self, pattern: str = "") -> list[ServicePort]:
        """The Service ports that the rules implement, by name; those that fit every word of `pattern`."""
        from kptui.kubernetes.choosing import matching

        return matching(self._session.services, pattern)

    def check(
        self, services: Source | None = None, endpoints: Source | None = None, node: str | None = None
    ) -> list[Finding]:
        """Problems in the rules, the worst first; compared with what the API says if `services` is told.

        `services` and `endpoints` are files with the output of `kubectl get services -A -o json` and `kubectl get
        endpointslices -A -o json`; `node` is the name of the node that the rules are of. Raises SourceError if a file
        can't be read, UsageError if it holds something else.
        """
        from kptui.kubernetes.api import read_api
        from kptui.kubernetes.checks import problems

        if services is None:
            return self._session.problems
        told = (fspath(services), _text(services))
        slices = (fspath(endpoints), _text(endpoints)) if endpoints is not None else None
        return problems(self.ruleset, services=self._session.services, api=read_api(told, slices, node))


@dataclass(frozen=True, eq=False)
class Traced:
    """The trace of one packet; as text (`print(traced)`) what `kptui trace` prints."""

    trace: Trace
    _session: Session

    def __repr__(self) -> str:
        """Its answer in one line."""
        certain = ", certain" if self.certain else ""
        return f"<kptui.Traced {self.answer}{certain}: {number_of(len(self.outcomes), 'outcome')}>"

    def __str__(self) -> str:
        """The whole trace, hook by hook."""
        return self._session.text(self.trace)

    @property
    def answer(self) -> Answer:
        """`yes` if every outcome gets through, `no` if none does, else `depends`."""
        return self.trace.answer

    @property
    def certain(self) -> bool:
        """True if nothing had to be assumed."""
        return self.trace.certain

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Every way the packet can end: its share, its assumptions, its path, the packet as it then is."""
        return self.trace.outcomes

    def differs(self, expectation: str) -> str | None:
        """None if it is as expected (`yes dnat=10.42.0.199:80`, as `--expect` takes it), else the difference in words.

        Raises UsageError for an expectation that makes no sense.
        """
        return expected(self.trace, expectation)

    def json(self) -> dict[str, Any]:
        """What `kptui trace --json` prints (schema kptui.trace/1)."""
        return self._session.json(self.trace)

    def mermaid(self) -> str:
        """The journey as a graph in the language of Mermaid."""
        return self._session.graph(self.trace, "mermaid")

    def dot(self) -> str:
        """The journey as a graph in the language of DOT."""
        return self._session.graph(self.trace, "dot")


def load(
    source: Source,
    *,
    local: str | Iterable[str] = (),
    routes: str | Iterable[str] = (),
    assume: str | Iterable[str] = (),
    settings: Mapping[str, str] | None = None,
    backend: Backend | None = None,
    ipset: Source | None = None,
    conntrack: Source | None = None,
    names: Source | None = None,
) -> Rules:
    """Read a source: a dump or bundle by its path, or whatever else the command line takes for SOURCE.

    The rest is told as the options of `kptui trace` of these names tell it (`settings` is `--set`), and holds for every
    packet; `ipset`, `conntrack` and `names` are paths. Raises SourceError if a source can't be read or holds no rules,
    UsageError for a fact that makes no sense.
    """
    from kptui.kubernetes.names_file import read_names

    known = read_names(_text(names), fspath(names)) if names is not None else None
    sets, connections = (_text(file) if file is not None else None for file in (ipset, conntrack))
    session = Session.open(fspath(source), backend, sets, known, connections)
    told = Request(
        local=_several(local), routes=_several(routes), assume=_several(assume), settings=dict(settings or {})
    )
    session.asked(told)  # a fact that makes no sense is told now, not with the first packet
    return Rules(session, told)


def _several(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _text(file: Source) -> str:
    from kptui.sources.file import read_file

    return read_file(fspath(file)).text
