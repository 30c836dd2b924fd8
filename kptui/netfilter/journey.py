"""A packet's whole journey: which hooks it meets, where routing sends it, and how it ends.

The order is the kernel's (netfilter hooks and ip_input.c, ip_forward.c, ip_output.c), as seen on Linux 6.18.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from kptui.netfilter.address import show
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure
from kptui.netfilter.hooks import FORWARD, INPUT, OUTPUT, POSTROUTING, PREROUTING, tables
from kptui.netfilter.host import Host
from kptui.netfilter.packet import Packet
from kptui.netfilter.walk import Journal, TableWalk, part
from kptui.netfilter.worlds import Flow
from kptui.syntax.ast import Backend, Ruleset

Origin = Literal["external", "local"]
End = Literal["forwarded", "delivered", "sent", "dropped", "rejected", "queued", "lost"]


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
        packet = replace(packet, original=packet)
        return self._external(packet, journal) if origin == "external" else self._local(packet, journal)

    def walk(self, table: str, hook: str) -> TableWalk | None:
        """The walk of a table at a hook, None if the dump has no such base chain."""
        key = (table, hook)
        if key not in self._walks:
            found = self.ruleset.table(table)
            has = found is not None and hook in found.chains and found.chains[hook].builtin
            self._walks[key] = TableWalk(found, hook, self.host) if has and found is not None else None
        return self._walks[key]

    def _external(self, packet: Packet, journal: Journal) -> list[Arrived]:
        flow = self._hook(PREROUTING, Flow.of(packet.but(out="")), journal)
        here, onward = self._routed(flow, journal)
        delivered = self._hook(INPUT, here, journal)
        return [Arrived("delivered", delivered), Arrived("forwarded", self._forward(packet.out, onward, journal))]

    def _forward(self, out: str | Unknown, flow: Flow, journal: Journal) -> Flow:
        """FORWARD and POSTROUTING; the TTL is one less from here on (ip_forward.c)."""
        leaving = Flow()
        for packet, ways in flow:
            ttl = packet.ttl
            if isinstance(ttl, int) and ttl <= 1:
                lost = Flow()
                lost.take(packet, ways)
                journal.lose("the TTL expired before it could be forwarded", lost)
                continue
            route = self.host.route(packet.dst)
            device = route.device if route else out
            less = ttl - 1 if isinstance(ttl, int) else Unknown("TTL after forwarding", 8)
            if self.host.routes and route is None and isinstance(packet.dst, int):
                lost = Flow()
                lost.take(packet, ways)
                journal.lose(f"no route to {show(packet.dst, packet.family)}", lost)
                continue
            leaving.take(packet.but(out=device, ttl=less), ways)
        return self._left(self._hook(FORWARD, leaving, journal), journal)

    def _left(self, flow: Flow, journal: Journal) -> Flow:
        without = Flow()
        for packet, ways in flow:
            without.take(packet.but(in_=""), ways)
        return self._hook(POSTROUTING, without, journal)

    def _local(self, packet: Packet, journal: Journal) -> list[Arrived]:
        start = packet.but(in_="", out=self._device(packet, packet.out))
        flow = self._tables(OUTPUT, ("raw", "mangle", "nat"), Flow.of(start), journal)
        # The later tables of OUTPUT still see the old device: rerouting is done, skb->dev is set afterwards.
        flow = self._tables(OUTPUT, ("filter", "security"), flow, journal)
        here, onward = self._routed(flow, journal)
        sent = Flow()
        for moved, ways in onward:
            changed = moved.dst != start.dst
            sent.take(moved.but(out=self._device(moved, _elsewhere(packet) if changed else packet.out)), ways)
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
            back.take(packet.but(in_="lo", out="", first=False), ways)
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
            walk = self.walk(name, hook)
            if walk is None or not flow:
                continue
            if name == "nat":
                flow, aside = _first_packets(flow)
                flow = walk.run(flow, journal) if flow else flow
                flow.merge(aside)
            else:
                flow = walk.run(flow, journal)
        return flow

    def _routed(self, flow: Flow, journal: Journal) -> tuple[Flow, Flow]:
        """(packets for this host, packets for others) by the destination as it now is."""
        here, onward = Flow(), Flow()
        for packet, ways in flow:
            answer = _delivered(packet, self.host)
            if isinstance(answer, Unsure):
                shown = show(packet.dst, packet.family) if isinstance(packet.dst, int) else f"the {packet.dst.label}"
                yes, no = part(ways, answer, None, f"{shown} is an address of this host", journal)
            else:
                yes, no = (ways, {}) if answer is True else ({}, ways)
            if yes:
                here.take(packet, yes)
            if no:
                onward.take(packet, no)
        return here, onward


def _delivered(packet: Packet, host: Host) -> Answer:
    """Whether routing hands a packet to the host itself."""
    if packet.tproxy:
        return Unsure(Fact(("tproxy route",)), "whether a policy route by mark delivers it to this host is not known")
    return host.is_local(packet.dst)


def _first_packets(flow: Flow) -> tuple[Flow, Flow]:
    """(packets that the nat table sees, the others): only the first packet of a tracked connection meets it."""
    first, aside = Flow(), Flow()
    for packet, ways in flow:
        (first if packet.ctstate == "NEW" and packet.first else aside).take(packet, ways)
    return first, aside


def _elsewhere(packet: Packet) -> Unknown:
    """The device after rerouting, where nobody told the routes."""
    return Unknown("outgoing interface after rerouting", 120) if not isinstance(packet.out, Unknown) else packet.out
