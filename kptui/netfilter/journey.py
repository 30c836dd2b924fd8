"""A packet's whole journey: which hooks it meets, where routing sends it, and how it ends.

The order is the kernel's (netfilter hooks and ip_input.c, ip_forward.c, ip_output.c), as seen on Linux 6.18.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from kptui.netfilter.address import show
from kptui.netfilter.facts import Fact, Unknown, Unsure
from kptui.netfilter.hooks import FORWARD, INPUT, OUTPUT, POSTROUTING, PREROUTING, tables
from kptui.netfilter.host import Host, Route, loopback
from kptui.netfilter.packet import Packet
from kptui.netfilter.routing import arrived, confined, dead_on_arrival, forwardable, from_loopback, routed
from kptui.netfilter.walk import Journal, TableWalk, Terminal, part
from kptui.netfilter.worlds import Flow, Ways
from kptui.syntax.ast import Backend, Ruleset

Origin = Literal["external", "local"]
End = Literal["forwarded", "delivered", "sent", "dropped", "rejected", "queued", "lost"]
_ELSEWHERE = Unknown("outgoing interface after rerouting", 120)
"""The device of a packet of this host that was translated, where nobody told the routes."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Packets that got through, and by which end."""

    end: End
    flow: Flow


class Journey:
    """The way of packets through one ruleset on one host; walks are kept, so many packets share what was made ready."""

    def __init__(self, ruleset: Ruleset, host: Host, backend: Backend) -> None:
        """Nothing is read of a chain before a packet comes to it."""
        self.ruleset = ruleset
        self.host = host
        self.backend = backend
        self._walks: dict[tuple[str, str], TableWalk | None] = {}

    def run(self, packet: Packet, origin: Origin, journal: Journal) -> list[Arrived]:
        """Send one packet on its way; what does not arrive is in the journal."""
        packet = replace(packet, original=packet, tracked=False)
        return self._external(packet, journal) if origin == "external" else self._local(packet, journal)

    def walk(self, table: str, hook: str) -> TableWalk | None:
        """The walk of a table at a hook, None if the dump has no such base chain."""
        key = (table, hook)
        if key not in self._walks:
            found = self.ruleset.table(table, 6 if self.host.family == 6 else 4)
            has = found is not None and hook in found.chains and found.chains[hook].builtin
            self._walks[key] = TableWalk(found, hook, self.host) if has and found is not None else None
        return self._walks[key]

    def _external(self, packet: Packet, journal: Journal) -> list[Arrived]:
        flow = Flow.of(packet.but(out=""))
        dead = dead_on_arrival(packet)
        if dead:
            journal.lose(dead, flow)
            return []
        here, onward = arrived(self._hook(PREROUTING, flow, journal), self.host, journal)
        delivered = self._hook(INPUT, here, journal)
        return [Arrived("delivered", delivered), Arrived("forwarded", self._forward(packet.out, onward, journal))]

    def _forward(self, out: str | Unknown, flow: Flow, journal: Journal) -> Flow:
        """FORWARD and POSTROUTING; the TTL is one less from here on (ip_forward.c)."""
        leaving = Flow()
        for packet, ways in flow:
            route = self._route(packet)
            if self._lost(packet, ways, journal):
                continue
            device = route.device if route else out
            left = forwardable(packet, device, ways, journal)
            if left:
                less = packet.ttl - 1 if isinstance(packet.ttl, int) else Unknown("TTL after forwarding", 8)
                leaving.take(packet.but(out=device, ttl=less), left)
        return self._hook(POSTROUTING, self._hook(FORWARD, leaving, journal), journal)

    def _route(self, packet: Packet) -> Route | None:
        """The route a packet takes, None where it or the routes aren't known."""
        return self.host.route(packet.dst, packet.in_ if confined(packet) and isinstance(packet.in_, str) else None)

    def _lost(self, packet: Packet, ways: Ways, journal: Journal) -> bool:
        """Whether no route leads to where a packet goes; then it ends here."""
        if not self.host.routes or isinstance(packet.dst, Unknown) or self._route(packet) is not None:
            return False
        lost = Flow()
        lost.take(packet, ways)
        journal.lose(f"no route to {show(packet.dst, packet.family)}", lost)
        return True

    def _routable(self, flow: Flow, journal: Journal) -> Flow:
        """What the host can send; a packet to itself needs no route."""
        kept, asked = Flow(), Flow()
        for packet, ways in flow:
            # Whether it is for the host itself is asked only where it matters.
            local_source = isinstance(packet.src, int) and packet.src in loopback(packet.family)
            (asked if self.host.routes or local_source else kept).take(packet, ways)
        here, onward = routed(asked, self.host, journal)
        kept.merge(here)
        for packet, ways in onward:
            allowed = from_loopback(packet, ways, self.host, journal)
            if allowed and not self._lost(packet, allowed, journal):
                kept.take(packet, allowed)
        return kept

    def _local(self, packet: Packet, journal: Journal) -> list[Arrived]:
        start = packet.but(in_="", out=self._device(packet, packet.out))
        flow = self._routable(Flow.of(start), journal)
        flow = self._routable(self._tables(OUTPUT, ("raw", "mangle", "nat"), flow, journal), journal)
        # The later tables of OUTPUT still see the old device: rerouting is done, skb->dev is set afterwards.
        flow = self._tables(OUTPUT, ("filter", "security"), flow, journal)
        here, onward = routed(flow, self.host, journal)
        sent = Flow()
        for moved, ways in onward:
            given = packet.out if moved.dst == start.dst else _ELSEWHERE
            sent.take(moved.but(out=self._device(moved, given)), ways)
        return [
            Arrived("sent", self._hook(POSTROUTING, sent, journal)),
            Arrived("delivered", self._looped(here, journal)),
        ]

    def _looped(self, flow: Flow, journal: Journal) -> Flow:
        """To an address of the host itself: out by lo and in again, with nat done after POSTROUTING."""
        leaving = Flow()
        for packet, ways in flow:
            leaving.take(packet.but(out="lo"), ways)
        back = Flow()
        for packet, ways in self._hook(POSTROUTING, leaving, journal):
            # A connection comes along; without one conntrack looks again.
            back.take(packet.but(in_="lo", out="", first=False, tracked=packet.connected), ways)
        return self._hook(INPUT, self._hook(PREROUTING, back, journal), journal)

    def _device(self, packet: Packet, given: str | Unknown) -> str | Unknown:
        if not isinstance(given, Unknown):
            return given
        if self.host.is_local(packet.dst) is True:
            return "lo"
        route = self.host.route(packet.dst)
        return route.device if route else given

    def _hook(self, hook: str, flow: Flow, journal: Journal) -> Flow:
        return self._tables(hook, tables(hook, self.backend), flow, journal)

    def _tables(self, hook: str, names: tuple[str, ...], flow: Flow, journal: Journal) -> Flow:
        for name in names:
            if names[0] == "raw" and name == names[1]:
                flow = _tracked(flow)
            walk = self.walk(name, hook)
            if walk is None or not flow:
                continue
            if name == "nat":
                flow, aside = _first_packets(flow)
                flow = walk.run(flow, journal) if flow else flow
                flow.merge(self._untranslated(aside, walk, journal))
            else:
                flow = walk.run(flow, journal)
        return flow

    def _untranslated(self, flow: Flow, walk: TableWalk, journal: Journal) -> Flow:
        """Packets of a connection known before, unless that is translated: its first packet decided to what."""
        passing = Flow()
        for packet, ways in flow:
            if packet.ctstate not in ("ESTABLISHED", "RELATED") or not walk.translates:
                passing.take(packet, ways)
                continue
            unsure = Unsure(Fact("translated"), "a dump does not hold conntrack's connections (try --ctstate NEW)")
            plain, other = part(ways, unsure, None, "the connection is not translated", journal)
            if plain:
                passing.take(packet, plain)
            if other:
                flow_lost = Flow()
                flow_lost.take(packet, other)
                reason = "it goes where its connection's first packet was translated to"
                journal.ended.append(Terminal("UNKNOWN", reason, flow_lost))
        return passing


def _tracked(flow: Flow) -> Flow:
    """The same packets, after conntrack looked at them: that is between raw and everything else."""
    after = Flow()
    for packet, ways in flow:
        # What was marked until here was CT's template, not the connection.
        mark = packet.original.ctmark if packet.template and packet.original else packet.ctmark
        after.take(packet if packet.tracked else packet.but(tracked=True, template=False, ctmark=mark), ways)
    return after


def _first_packets(flow: Flow) -> tuple[Flow, Flow]:
    """(packets that the nat table sees, the others): only the first packet of a tracked connection meets it."""
    first, aside = Flow(), Flow()
    for packet, ways in flow:
        (first if packet.ctstate == "NEW" and packet.first else aside).take(packet, ways)
    return first, aside
