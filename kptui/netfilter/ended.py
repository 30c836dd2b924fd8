"""How packets ended, brought together where they differ in nothing that is told of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from kptui.netfilter.connection import connection_of
from kptui.netfilter.facts import Unknown
from kptui.netfilter.journey import Arrived, End
from kptui.netfilter.packet import Packet
from kptui.netfilter.walk import Journal
from kptui.netfilter.worlds import Flow
from kptui.records import dataclass, field, replace

_ENDS: dict[str, End] = {"DROP": "dropped", "REJECT": "rejected", "QUEUE": "queued", "LOST": "lost", "UNKNOWN": "lost"}
Shape = Callable[[Packet, Packet], Packet]
"""What is told of a packet that ended, given the one that was asked for."""


@dataclass(slots=True)
class Ended:
    """All ends of the packets of one trace: verdict, end and reason, and what ended so."""

    shape: Shape
    asked: Packet
    flows: defaultdict[tuple[str, End, str | None], Flow] = field(default_factory=lambda: defaultdict(Flow))

    def add(self, verdict: str, end: End, reason: str | None, flow: Flow) -> None:
        """Some more that ended so."""
        into = self.flows[verdict, end, reason]
        for packet, ways in flow:
            told = self.shape(packet, self.asked)
            for facts, way in ways.items():
                into.add(told, facts, way)

    def all_of(self, arrived: Iterable[Arrived], journal: Journal) -> None:
        """What arrived, and what the journal says ended on the way."""
        for reached in arrived:
            self.add("ACCEPT", reached.end, None, reached.flow)
        for ended in journal.ended:
            self.add(ended.verdict, _ENDS[ended.verdict], ended.reason, ended.flow)
        journal.ended.clear()


def shown(packet: Packet, asked: Packet) -> Packet:
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


def kept(packet: Packet, asked: Packet) -> Packet:
    """The packet with all that decides what becomes of a reply to it, too."""
    return shown(packet, asked).but(
        out=packet.out,
        ctmark=packet.ctmark,
        ctstate=packet.ctstate,
        original=packet.original,
        changed=packet.changed,
        connection=connection_of(packet),
    )
