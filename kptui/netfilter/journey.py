"""A packet's whole journey: which hooks it meets, where routing sends it, and how it ends.

The order is the kernel's (netfilter hooks and ip_input.c, ip_forward.c, ip_output.c), as seen on Linux 6.18.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Literal

from kptui.netfilter.connection import translated, translation_words
from kptui.netfilter.deciding import decided
from kptui.netfilter.facts import Fact, Unknown, Unsure, through
from kptui.netfilter.fib import HERE, Query
from kptui.netfilter.hooks import FORWARD, HOOKS, INPUT, OUTPUT, POSTROUTING, PREROUTING, stages
from kptui.netfilter.host import Host, loopback
from kptui.netfilter.martians import from_loopback, no_martians
from kptui.netfilter.missing import as_if_whole, beyond, within_table
from kptui.netfilter.own_address import source_for
from kptui.netfilter.packet import Decision, Name, Number, Packet, changes
from kptui.netfilter.path import Step
from kptui.netfilter.routing import Moment, alive, arrived, forwardable, forwarding, refused
from kptui.netfilter.ties import both
from kptui.netfilter.walk import Journal, TableWalk, Terminal, part, stepped
from kptui.netfilter.worlds import Flow, Ways
from kptui.records import dataclass, replace
from kptui.syntax.ast import Backend, Ruleset

Origin = Literal["external", "local"]
End = Literal["forwarded", "delivered", "sent", "dropped", "rejected", "queued", "lost", "bypassed"]
_ELSEWHERE = Unknown("outgoing interface after rerouting", 120)
"""The device of a packet of this host that was translated, where nobody told the routes."""
_TIE = "which of the two was loaded last is not in a dump; the kernel asks that one first"
_REROUTING = ("mangle", "nat")
"""The tables of OUTPUT after which a packet may be routed again."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Packets that got through, and by which end."""

    end: End
    flow: Flow


@lru_cache(1024)
def _one_less(ttl: Number) -> Number:
    """A TTL after a hop."""
    return through(ttl, lambda ttl: max(ttl - 1, 0))


class Journey:
    """The way of packets through one ruleset on one host; walks are kept, so many packets share what was made ready."""

    def __init__(self, ruleset: Ruleset, host: Host, backends: Sequence[Backend]) -> None:
        """Nothing is read of a chain before a packet comes to it; of tables of both back ends, those are followed."""
        self.ruleset = ruleset
        self.host = host
        self.backends = backends
        self._walks: dict[tuple[str, str, Backend], TableWalk | None] = {}

    def run(self, packet: Packet, origin: Origin, journal: Journal, ways: Ways | None = None) -> list[Arrived]:
        """Send one packet on its way, with what is assumed already; what does not arrive is in the journal."""
        journal.begin()
        start = Flow.of(replace(packet, original=packet, tracked=False), ways)
        start = as_if_whole(start, beyond(self.ruleset.gaps, self.host.family), journal)
        if not start:
            return []
        return self._external(start, journal) if origin == "external" else self._local(start, journal)

    @property
    def translates(self) -> bool:
        """Whether any rule translates addresses."""
        return any(walk.translates for hook in HOOKS for walk in self.walks("nat", hook, self.backends))

    def walks(self, table: str, hook: str, backends: Sequence[Backend]) -> list[TableWalk]:
        """The walks of a table at a hook, one for each of those back ends that has it."""
        return [walk for each in backends if (walk := self.walk(table, hook, each)) is not None]

    def walk(self, table: str, hook: str, backend: Backend) -> TableWalk | None:
        """The walk of a back end's table at a hook, None if the dump has no such base chain."""
        key = (table, hook, backend)
        if key not in self._walks:
            named = self.ruleset.tables_named(table, 6 if self.host.family == 6 else 4)
            # A table without a header is of the back end that is followed, as is all of a dump of a single one.
            alone = len(self.backends) == 1 and len(named) == 1
            found = next((each for each in named if alone or each.backend in (backend, None)), None)
            has = found is not None and hook in found.chains and found.chains[hook].builtin
            told = backend if len(self.backends) > 1 else None
            self._walks[key] = TableWalk(found, hook, self.host, told) if has and found is not None else None
        return self._walks[key]

    def _external(self, start: Flow, journal: Journal) -> list[Arrived]:
        [(packet, ways)] = start
        came, host = Moment.now(journal), self.host
        ways = alive(packet, ways, journal)
        if not ways:
            return []
        here, onward = arrived(self._hook(PREROUTING, Flow.of(packet.but(out=""), ways), journal), host, journal)
        routed = Moment.now(journal)
        delivered = routed.rethought(self._hook(INPUT, here, journal), journal, self._routable(routed, journal))
        ends = [Arrived("delivered", delivered), Arrived("forwarded", self._forward(packet.out, onward, journal))]
        if host.family == 4:
            return ends
        live = partial(alive, journal=journal, came=came.step)
        return [
            replace(each, flow=came.rethought(each.flow, journal, lambda _, some: live(packet, some))) for each in ends
        ]

    def _routable(self, routed: Moment, journal: Journal) -> Callable[[Packet, Ways], Ways]:
        def kept(packet: Packet, ways: Ways) -> Ways:
            # INPUT's nat may have given it a source since, which nothing before it can have changed.
            came = packet.but(src=packet.original.src) if packet.original else packet
            return no_martians(came, ways, self.host, journal, routed.step)

        return kept

    def _forward(self, out: Name, flow: Flow, journal: Journal) -> Flow:
        """FORWARD and POSTROUTING; the TTL is one less from here on (ip_forward.c)."""
        leaving = Flow()
        for packet, ways in flow:
            assert packet.route is not None
            if not forwarding(packet, ways, self.host, journal) or refused(packet, packet.route, journal, ways):
                continue
            device = packet.route.device if isinstance(packet.route.device, str) else out
            left = forwardable(packet, device, ways, journal)
            if left:
                leaving.take(packet.but(out=device, ttl=_one_less(packet.ttl)), left)
        routed = Moment.now(journal)
        forwarded = routed.rethought(self._hook(FORWARD, leaving, journal), journal, self._routable(routed, journal))
        return self._hook(POSTROUTING, forwarded, journal)

    def _local(self, start: Flow, journal: Journal) -> list[Arrived]:
        [(packet, ways)] = start
        given = packet.out
        flow = self._hook(OUTPUT, self._departing(packet.but(in_=""), ways, journal), journal)
        here, sent = Flow(), Flow()
        for moved, left in flow:
            for decision, some in self._last_decision(moved, left, journal):
                if decision.kind in HERE:
                    here.take(moved.but(route=decision), some)
                    continue
                told = given if moved.dst == packet.dst else _ELSEWHERE
                fixed = not isinstance(told, Unknown) or not isinstance(decision.device, str)
                sent.take(moved.but(route=decision, out=told if fixed else decision.device), some)
        return [
            Arrived("sent", self._hook(POSTROUTING, sent, journal)),
            Arrived("delivered", self._looped(here, journal)),
        ]

    def _departing(self, packet: Packet, ways: Ways, journal: Journal) -> Flow:
        """A packet that a process sends, routed for the first time, with an address of its own."""
        if not self._asked_early(packet):
            known = self.host.is_local(packet.dst) is True and isinstance(packet.out, Unknown)
            return Flow.of(packet.but(out="lo") if known else packet, ways)
        start = Flow()
        for routed, some in self._routed(packet, ways, journal):
            assert routed.route is not None
            start.take(_sourced(self._leaving(routed), self.host), some)
        return start

    def _leaving(self, packet: Packet) -> Packet:
        """A packet with the device it leaves by, where the user has not named one."""
        assert packet.route is not None
        return packet.but(out=packet.route.device) if isinstance(packet.out, Unknown) else packet

    def _asked_early(self, packet: Packet) -> bool:
        """Whether it matters before OUTPUT where a packet goes; without routes it is asked when all else is done."""
        local_source = isinstance(packet.src, int) and packet.src in loopback(packet.family)
        return self.host.routed or local_source

    def _routed(self, packet: Packet, ways: Ways, journal: Journal) -> list[tuple[Packet, Ways]]:
        """The packet with each decision of routing; what can't be sent is lost."""
        found = []
        for decision, some in decided(packet, ways, Query.of(packet, "lo"), self.host, journal):
            left = some
            if decision.kind not in HERE:
                left = from_loopback(packet, decision.device, some, self.host, journal)
                if not left or refused(packet, decision, journal, left):
                    continue
            found.append((packet.but(route=decision), left))
        return found

    def _last_decision(self, packet: Packet, ways: Ways, journal: Journal) -> list[tuple[Decision, Ways]]:
        """Where a packet of this host goes in the end."""
        if packet.route is not None:
            return [(packet.route, ways)]
        return decided(packet, ways, Query.of(packet, "lo"), self.host, journal)

    def _rerouted(self, flow: Flow, table: str, journal: Journal) -> Flow:
        """Routed again if a table of OUTPUT changed what routing looks at (ip_route_me_harder).

        mangle does so for a changed source, destination, mark or TOS, nat for a changed destination. `-o` in the tables
        after it still is the old device: only POSTROUTING sees the new one.
        """
        after = Flow()
        for packet, ways in flow:
            plain = packet.but(before=())
            if packet.before == _looked_at(packet, table) or not self._asked_early(packet):
                after.take(plain, ways)
                continue
            for routed, some in self._routed(plain, ways, journal):
                after.take(routed, some)
        return after

    def _looped(self, flow: Flow, journal: Journal) -> Flow:
        """To an address of the host itself: out by lo and in again, with nat done after POSTROUTING."""
        leaving = Flow()
        for packet, ways in flow:
            leaving.take(packet.but(out="lo"), ways)
        back = Flow()
        for packet, ways in self._hook(POSTROUTING, leaving, journal):
            # A connection comes along; without one conntrack looks again.
            back.take(packet.but(in_="lo", out="", first=False, tracked=packet.connected, before=(packet.dst,)), ways)
        return self._hook(INPUT, self._hook(PREROUTING, back, journal), journal)

    def _hook(self, hook: str, flow: Flow, journal: Journal) -> Flow:
        for table, backends in stages(hook, self.backends):
            if table == "mangle" and hook in (PREROUTING, OUTPUT):
                flow = _tracked(flow)
            if not flow:
                continue
            again = hook == OUTPUT and table in _REROUTING
            if again:
                flow = _noted(flow, table)
            walks = self.walks(table, hook, backends)
            if table == "nat":
                flow = self._translated(hook, walks, flow, journal)
            else:
                flow = self._asked(walks, flow, journal)
            if again:
                flow = self._rerouted(flow, table, journal)
        return flow

    def _asked(self, walks: Sequence[TableWalk], flow: Flow, journal: Journal) -> Flow:
        """A table at a hook: of one back end, of both, or none."""
        ready = [partial(self._through, walk) for walk in walks]
        if len(ready) < 2:
            return ready[0](flow, journal) if ready else flow
        first, second = walks
        table, hook = first.table.name, first.hook
        text = f"iptables-{first.backend}'s {table} comes before iptables-{second.backend}'s in {hook}"
        unsure = Unsure(Fact(("order", table, hook)), _TIE)
        return both(ready[0], ready[1], flow, journal, unsure, text, partial(_translated_at, first))

    def _through(self, walk: TableWalk, flow: Flow, journal: Journal) -> Flow:
        """One table; its nat leaves alone what the other back end's has translated at this hook."""
        flow = as_if_whole(flow, within_table(self.ruleset.gaps, walk.table), journal)
        waiting, done = Flow(), Flow()
        for packet, ways in flow:
            (done if _translated_at(walk, packet) else waiting).take(packet, ways)
        passed = walk.run(waiting, journal) if waiting else waiting
        passed.merge(done)
        return passed

    def _translated(self, hook: str, walks: Sequence[TableWalk], flow: Flow, journal: Journal) -> Flow:
        """Where nat is: its table sees the first packet of a connection only, conntrack knows about others."""
        first, known, others = _by_connection(flow)
        passed = self._asked(walks, first, journal) if first else first
        passed.merge(_as_before(known, hook, walks[0] if walks else None, journal))
        passed.merge(self._untranslated(others, walks, journal) if walks else others)
        return _bound(passed) if hook == PREROUTING else passed

    def _untranslated(self, flow: Flow, walks: Sequence[TableWalk], journal: Journal) -> Flow:
        """Packets of a connection known before, unless that is translated: its first packet decided to what."""
        passing = Flow()
        for packet, ways in flow:
            if packet.ctstate not in ("ESTABLISHED", "RELATED") or not any(walk.translates for walk in walks):
                passing.take(packet, ways)
                continue
            unsure = Unsure(
                Fact("translated"), "a dump does not hold conntrack's connections (--conntrack, or --ctstate NEW)"
            )
            plain, other = part(ways, unsure, None, "the connection is not translated", journal)
            if plain:
                passing.take(packet, plain)
            if other:
                flow_lost = Flow()
                flow_lost.take(packet, other)
                reason = "it goes where its connection's first packet was translated to"
                journal.ended.append(Terminal("UNKNOWN", reason, flow_lost))
        return passing


def _looked_at(packet: Packet, table: str) -> tuple[Number, ...]:
    """What of a packet makes a table of OUTPUT have it routed again, if it changes."""
    return (packet.dst,) if table == "nat" else (packet.src, packet.dst, packet.mark, packet.tos)


def _noted(flow: Flow, table: str) -> Flow:
    """The same packets, with what routing looks at kept beside."""
    after = Flow()
    for packet, ways in flow:
        after.take(packet.but(before=_looked_at(packet, table)), ways)
    return after


def _sourced(packet: Packet, host: Host) -> Packet:
    """A packet with the address that the kernel gives it, where its process chose none and it can be known."""
    if not isinstance(packet.src, Unknown) or packet.src.local or packet.route is None:
        return packet
    address = source_for(host, packet)
    if address is None:
        return packet
    original = packet.original.but(src=address) if packet.original else None
    return packet.but(src=address, original=original)


def _tracked(flow: Flow) -> Flow:
    """The same packets, after conntrack looked at them: that is between raw and everything else."""
    after = Flow()
    for packet, ways in flow:
        # What was marked until here was CT's template, not the connection.
        mark = packet.original.ctmark if packet.template and packet.original else packet.ctmark
        after.take(packet if packet.tracked else packet.but(tracked=True, template=False, ctmark=mark), ways)
    return after


def _translated_at(walk: TableWalk, packet: Packet) -> bool:
    """Whether a table is a nat that leaves a packet alone, as another has translated it at this hook."""
    translated = packet.dnat if walk.hook in (PREROUTING, OUTPUT) else packet.snat
    return walk.table.name == "nat" and translated is not None


def _by_connection(flow: Flow) -> tuple[Flow, Flow, Flow]:
    """(First packets of a connection, those of a known one, others): only the first are seen by the nat table."""
    first, known, others = Flow(), Flow(), Flow()
    for packet, ways in flow:
        fresh = packet.ctstate == "NEW" and packet.first
        (first if fresh else known if packet.connection and packet.connected else others).take(packet, ways)
    return first, known, others


def _bound(flow: Flow) -> Flow:
    """The same packets, where DNPT changed the destination of those that loop, with what conntrack translates it to.

    Behind mangle, the connection's translation is done once more (nf_nat_packet).
    """
    after = Flow()
    for packet, ways in flow:
        looped = not packet.first and packet.before
        dst = packet.before[0] if looped and packet.dnat is not None else packet.dst
        after.take(packet.but(dst=dst, before=()) if looped else packet, ways)
    return after


def _as_before(flow: Flow, hook: str, walk: TableWalk | None, journal: Journal) -> Flow:
    """Packets of known connections, translated as the first one was."""
    after = Flow()
    at = (walk.base.line, walk.base.text) if walk else (0, "")
    for packet, ways in flow:
        moved = translated(packet, hook)
        if moved == packet:
            after.take(packet, ways)
            continue
        step = Step(journal.number(), hook, "nat", hook, None, *at, translation_words(packet, moved))
        step = replace(step, changed=changes(packet, moved))
        after.take(moved, stepped(ways, step))
    return after
