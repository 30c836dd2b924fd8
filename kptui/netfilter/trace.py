"""A trace: every way one packet can end, with its share, its assumptions and its path."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from kptui.netfilter.facts import Facts, Unknown
from kptui.netfilter.host import Host
from kptui.netfilter.journey import End, Journey, Origin
from kptui.netfilter.packet import Packet
from kptui.netfilter.path import Path, Step
from kptui.netfilter.walk import Asked, Journal
from kptui.netfilter.worlds import Flow, Way
from kptui.syntax.ast import Backend, Ruleset

Answer = Literal["yes", "no", "depends"]
THROUGH: frozenset[End] = frozenset({"forwarded", "delivered", "sent"})
_ENDS: dict[str, End] = {"DROP": "dropped", "REJECT": "rejected", "QUEUE": "queued", "LOST": "lost", "UNKNOWN": "lost"}


@dataclass(frozen=True, slots=True)
class Assumption:
    """What an outcome takes for granted: whether a match, as written, matched (`line` is None for routing)."""

    line: int | None
    match: str
    assumed: bool
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way the packet can end. `probability` is its share under its assumptions, None where none can be told."""

    verdict: str
    end: End
    probability: Fraction | None
    assumptions: tuple[Assumption, ...]
    packet: Packet
    path: Path
    reason: str | None = None
    facts: Facts = frozenset()

    @property
    def through(self) -> bool:
        """Whether the packet gets where it is going."""
        return self.end in THROUGH

    @property
    def steps(self) -> list[Step]:
        """The path, step by step."""
        return self.path.steps(self.facts)


@dataclass(frozen=True, slots=True)
class Trace:
    """All outcomes of one packet; `backend` is the iptables whose order of tables was followed."""

    packet: Packet
    origin: Origin
    backend: Backend
    outcomes: tuple[Outcome, ...]

    @property
    def answer(self) -> Answer:
        """Yes if every outcome gets through, no if none does, else depends."""
        through = {outcome.through for outcome in self.outcomes}
        return "depends" if len(through) != 1 else "yes" if True in through else "no"

    @property
    def certain(self) -> bool:
        """True if nothing had to be assumed."""
        return not any(outcome.assumptions for outcome in self.outcomes)


class Tracer:
    """Traces packets through one ruleset on one host; keep it for many packets."""

    def __init__(self, ruleset: Ruleset, host: Host, backend: Backend | None = None) -> None:
        """Without `backend` the dump's header tells it, else nft is taken."""
        self.backend: Backend = backend or ruleset.backend or "nft"
        self.journey = Journey(ruleset, host, self.backend)

    def trace(self, packet: Packet, origin: Origin, misses: bool = False) -> Trace:
        """What becomes of a packet; with `misses` the paths also hold the rules that did not match.

        Raises UsageError if the chains go in a circle, or the ways are too many to tell.
        """
        journal = Journal(self.journey.host, misses)
        arrived = self.journey.run(packet, origin, journal)
        gathered: defaultdict[tuple[str, End, str | None], Flow] = defaultdict(Flow)
        for reached in arrived:
            _gather(gathered["ACCEPT", reached.end, None], reached.flow, packet)
        for ended in journal.ended:
            _gather(gathered[ended.verdict, _ENDS[ended.verdict], ended.reason], ended.flow, packet)
        outcomes = [
            _outcome(*key, ended_as, facts_way, journal)
            for key, flow in gathered.items()
            for ended_as, ways in flow
            for facts_way in ways.items()
        ]
        outcomes.sort(key=lambda found: (len(found.assumptions), not found.through, -(found.probability or 0)))
        return Trace(packet, origin, self.backend, tuple(outcomes))


def _gather(into: Flow, flow: Flow, asked: Packet) -> None:
    """Bring packets together that differ in nothing an outcome shows."""
    for packet, ways in flow:
        shown = _shown(packet, asked)
        for facts, way in ways.items():
            into.add(shown, facts, way)


def _shown(packet: Packet, asked: Packet) -> Packet:
    """The packet as an outcome shows it: addresses, NAT, mark and device; the rest is as it was asked for."""
    return replace(
        asked,
        src=packet.src,
        sport=packet.sport,
        dst=packet.dst,
        dport=packet.dport,
        dnat=packet.dnat,
        snat=packet.snat,
        mark=Unknown("mark") if isinstance(packet.mark, Unknown) else packet.mark,
        out=Unknown("outgoing interface", 120) if isinstance(packet.out, Unknown) else packet.out,
    )


def _outcome(
    verdict: str, end: End, reason: str | None, packet: Packet, found: tuple[Facts, Way], journal: Journal
) -> Outcome:
    facts, way = found
    asked = [(journal.asked[fact], holds) for fact, holds in facts if fact in journal.asked]
    assumptions = tuple(_assumption(each, holds) for each, holds in sorted(asked, key=_place))
    untold = any(each.fact.per_packet for each, _ in asked)
    return Outcome(verdict, end, None if untold else way.share, assumptions, packet, way.path, reason, facts)


def _place(found: tuple[Asked, bool]) -> tuple[int, str]:
    return found[0].line or 0, found[0].match


def _assumption(asked: Asked, holds: bool) -> Assumption:
    return Assumption(asked.line, asked.match, holds == asked.holds, asked.why)
