"""A trace: every way one packet can end, with its share, its assumptions and its path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

from kptui.netfilter.ended import Ended, kept, shown
from kptui.netfilter.facts import Facts
from kptui.netfilter.host import Host
from kptui.netfilter.journey import End, Journey, Origin
from kptui.netfilter.openings import openings
from kptui.netfilter.packet import Packet
from kptui.netfilter.path import Path, Step
from kptui.netfilter.walk import Asked, Journal
from kptui.netfilter.worlds import Way
from kptui.records import dataclass, replace
from kptui.syntax.ast import Backend, Ruleset

Answer = Literal["yes", "no", "depends"]
THROUGH: frozenset[End] = frozenset({"forwarded", "delivered", "sent", "bypassed"})


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
    reply: Trace | None = None
    unanswered: str | None = None
    """Why no reply is to be expected of an outcome that gets through."""

    @property
    def through(self) -> bool:
        """Whether the packet gets where it is going."""
        return self.end in THROUGH and self.verdict == "ACCEPT"

    @property
    def answer(self) -> Answer:
        """Whether the packet gets where it is going, and its reply back, where that was traced."""
        if not self.through:
            return "no"
        return self.reply.answer if self.reply is not None else "yes"

    @property
    def steps(self) -> list[Step]:
        """The path, step by step."""
        return self.path.steps(self.facts)


@dataclass(frozen=True, slots=True)
class Trace:
    """All outcomes of one packet; `backend` is the iptables whose order of tables was followed, or `legacy and nft`.

    With `replied`, the outcomes that get through hold the trace of their reply. `settled` holds the texts of answers
    given beforehand that settled something. `notes` say what the dump was taken for, where another may be meant.
    """

    packet: Packet
    origin: Origin
    backend: str
    outcomes: tuple[Outcome, ...]
    replied: bool = False
    settled: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def answer(self) -> Answer:
        """Yes if every outcome gets through, and back where replies were traced; no if none does, else depends."""
        found = {outcome.answer for outcome in self.outcomes}
        return found.pop() if len(found) == 1 else "depends"

    @property
    def one_way(self) -> Trace:
        """The trace of the packet alone, whatever becomes of its reply."""
        if not self.replied:
            return self
        outcomes = tuple(replace(outcome, reply=None, unanswered=None) for outcome in self.outcomes)
        return replace(self, outcomes=outcomes, replied=False)

    @property
    def forward(self) -> Answer:
        """The answer for the packet alone."""
        return self.one_way.answer

    @property
    def certain(self) -> bool:
        """True if nothing had to be assumed."""
        replies = (outcome.reply for outcome in self.outcomes if outcome.reply is not None)
        return not any(outcome.assumptions for outcome in self.outcomes) and all(reply.certain for reply in replies)


class Tracer:
    """Traces packets through one ruleset on one host; keep it for many packets."""

    def __init__(self, ruleset: Ruleset, host: Host, backend: Backend | None = None) -> None:
        """Without `backend` the dump's headers tell it, else nft is taken; of tables of both, all are followed."""
        held = ruleset.backends(6 if host.family == 6 else 4)
        backends: tuple[Backend, ...] = ("legacy", "nft")
        if backend is not None or len(held) < 2:
            backends = (backend or next(iter(held), None) or ruleset.backend or "nft",)
        self.backend = " and ".join(backends)
        self.notes = tuple(_notes(ruleset, host, backends))
        self.journey = Journey(ruleset, host, backends)

    def trace(self, packet: Packet, origin: Origin, misses: bool = False, reply: bool = False) -> Trace:
        """What becomes of a packet; with `misses` the paths also hold the rules that did not match.

        With `reply`, also what becomes of the reply to each outcome that gets through. Raises UsageError if the chains
        go in a circle, or the ways are too many to tell.
        """
        journal = Journal(self.journey.host, misses)
        ended = Ended(kept if reply else shown, packet)
        for start, ways in openings(self.journey, packet, origin, journal):
            ended.all_of(self.journey.run(start, origin, journal, ways), journal)
        outcomes = _outcomes(ended, journal)
        if reply:
            outcomes = tuple(self._replied(outcome, packet, origin, misses) for outcome in outcomes)
            for each in outcomes:
                journal.used |= each.reply.settled if each.reply is not None else set()
        return Trace(packet, origin, self.backend, outcomes, reply, frozenset(journal.used), self.notes)

    def _replied(self, outcome: Outcome, asked: Packet, origin: Origin, misses: bool) -> Outcome:
        """The outcome with the trace of its reply, which begins with what the outcome takes for granted."""
        from kptui.netfilter.reply import Sent, answer_to, unanswered
        from kptui.netfilter.replying import replying

        if not outcome.through:
            return outcome
        sent = Sent(outcome.packet, outcome.end, origin, asked)
        why = unanswered(sent, self.journey.host)
        if why is not None:
            return replace(outcome, unanswered=why)
        answer, at = answer_to(sent, self.journey.host)
        journal = Journal(self.journey.host, misses, about="reply")
        ended = Ended(shown, answer)
        replying(self.journey, sent, answer, at, outcome.facts, journal, ended)
        replies = _outcomes(ended, journal, outcome.facts)
        return replace(outcome, reply=Trace(answer, at, self.backend, replies, settled=frozenset(journal.used)))


def _notes(ruleset: Ruleset, host: Host, backends: Sequence[Backend]) -> Iterator[str]:
    held = {table.name for table in ruleset.tables if table.family == host.family}
    whole = host.complete or any(gap.table is None for gap in ruleset.gaps)
    if held and not whole and not {"nat", "filter"} <= held:
        which = f"{'table' if len(held) == 1 else 'tables'} {' and '.join(sorted(held))}"
        yield f"the dump holds {which} only; the others are taken for not loaded"
    if len(backends) > 1:
        yield "iptables-legacy and iptables-nft have rules; which a hook asks first, a dump does not say"


def _outcomes(ended: Ended, journal: Journal, given: Facts = frozenset()) -> tuple[Outcome, ...]:
    """All ways to end, the surest first; what was `given` before is no assumption of theirs."""
    outcomes = [
        _outcome(*key, packet, found, journal, given)
        for key, flow in ended.flows.items()
        for packet, ways in flow
        for found in ways.items()
    ]
    outcomes.sort(key=lambda found: (len(found.assumptions), not found.through, -(found.probability or 0)))
    return tuple(outcomes)


def _outcome(
    verdict: str,
    end: End,
    reason: str | None,
    packet: Packet,
    found: tuple[Facts, Way],
    journal: Journal,
    given: Facts,
) -> Outcome:
    facts, way = found
    asked = [(journal.asked[fact], holds) for fact, holds in facts - given if fact in journal.asked]
    assumptions = tuple(_assumption(each, holds) for each, holds in sorted(asked, key=_place))
    untold = any(each.fact.per_packet for each, _ in asked)
    return Outcome(verdict, end, None if untold else way.share, assumptions, packet, way.path, reason, facts)


def _place(found: tuple[Asked, bool]) -> tuple[int, str]:
    return found[0].line or 0, found[0].match


def _assumption(asked: Asked, holds: bool) -> Assumption:
    return Assumption(asked.line, asked.match, holds == asked.holds, asked.why)
