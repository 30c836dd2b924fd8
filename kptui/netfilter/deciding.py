"""Parting ways by what routing asks: a look-up's decisions, a yes or no, packets that are lost."""

from __future__ import annotations

from kptui.netfilter.address import Network, show
from kptui.netfilter.facts import Answer, Unknown, Unsure, known
from kptui.netfilter.fib import Query, candidates
from kptui.netfilter.host import Host
from kptui.netfilter.packet import Decision, Packet
from kptui.netfilter.walk import Journal, part
from kptui.netfilter.worlds import Flow, Way, Ways


def decided(packet: Packet, ways: Ways, query: Query, host: Host, journal: Journal) -> list[tuple[Decision, Ways]]:
    """What a look-up decides, and for which ways; all ways are in one of the decisions."""
    found: list[tuple[Decision, Ways]] = []
    for candidate in candidates(host, query):
        missed = Flow()
        for condition in candidate.conditions:
            ways, no = part(ways, condition, None, candidate.text, journal)
            if no:
                missed.take(packet, no)
        if ways:
            found.append((candidate.decision, ways))
        ways = next((rest for _, rest in missed), {})
        if not ways:
            break
    return found


def parted(answer: Answer, ways: Ways, text: str, journal: Journal) -> tuple[Ways, Ways]:
    """(Ways for which it is so, the others)."""
    if not ways:
        return {}, {}
    if isinstance(answer, Unsure):
        return part(ways, answer, None, text, journal)
    return (ways, {}) if answer is True else ({}, ways)


def surely(answer: Answer, ways: Ways) -> tuple[Ways, Ways]:
    """(Ways for which it is so by what they have assumed already, the others); nothing is assumed for it."""
    if not isinstance(answer, Unsure):
        return (ways, {}) if answer is True else ({}, ways)
    sure = {facts: way for facts, way in ways.items() if known(answer.fact, facts) is answer.holds}
    return sure, {facts: way for facts, way in ways.items() if facts not in sure}


def lose(journal: Journal, reason: str, packet: Packet, ways: Ways) -> None:
    """Packets that are gone by no rule's doing, if there are any."""
    if ways:
        lost = Flow()
        lost.take(packet, ways)
        journal.lose(reason, lost)


def until(ways: Ways, step: int | None) -> Ways:
    """Ways that came no further than a step, if one is told."""
    return ways if step is None else {facts: Way(way.share, way.path.until(step)) for facts, way in ways.items()}


def surely_in(address: int | Unknown, net: Network) -> bool:
    """Whether an address surely is in a network."""
    return isinstance(address, int) and address in net


def shown_destination(packet: Packet) -> str:
    """The destination for people."""
    return show(packet.dst, packet.family) if isinstance(packet.dst, int) else f"the {packet.dst.label}"


def shown_source(packet: Packet) -> str:
    """The source for people."""
    return show(packet.src, packet.family) if isinstance(packet.src, int) else f"the {packet.src.label}"
