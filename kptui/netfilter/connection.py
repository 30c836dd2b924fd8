"""A connection as conntrack keeps it, and what its NAT does to the packets after the first (nf_nat_core.c)."""

from __future__ import annotations

from typing import NamedTuple

from kptui.netfilter.address import show
from kptui.netfilter.facts import Unknown
from kptui.netfilter.hooks import OUTPUT, PREROUTING
from kptui.netfilter.packet import WITH_PORTS, Number, Packet
from kptui.records import dataclass, replace


class Ends(NamedTuple):
    """From where to where: conntrack's tuple."""

    src: Number
    sport: Number
    dst: Number
    dport: Number

    def turned(self) -> Ends:
        """The other way round."""
        return Ends(self.dst, self.dport, self.src, self.sport)


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that conntrack knows, by its first packet: as it `came`, and as it `left`, after all NAT.

    `replying` says whether the packet at hand goes against the first one (conntrack's direction REPLY), `assured`
    whether conntrack has seen enough of it to keep it, `expected` whether another one announced it; None where that
    isn't known.
    """

    came: Ends
    left: Ends
    replying: bool | None = False
    assured: bool | None = None
    expected: bool | None = None

    def turned(self) -> Connection:
        """The same connection, for an answer to the packet at hand."""
        return replace(self, replying=None if self.replying is None else not self.replying)

    @property
    def onward(self) -> Ends:
        """The ends that a packet of its direction has after all NAT."""
        return self.came.turned() if self.replying else self.left


def ends_of(packet: Packet) -> Ends:
    """A packet's ends as they are now."""
    return Ends(packet.src, packet.sport, packet.dst, packet.dport)


def connection_of(packet: Packet) -> Connection | None:
    """The connection of a packet that came to its end; None where conntrack has none of it."""
    if packet.connection is not None or not packet.connected:
        return packet.connection if packet.connected else None
    came, left = ends_of(packet.original or packet), ends_of(packet)
    if packet.ctstate == "NEW":
        return Connection(came, left, replying=False, assured=False, expected=False)
    # Without a known connection, only what is not translated comes so far after the first packet.
    return Connection(came, left, replying=None)


def translated(packet: Packet, hook: str) -> Packet:
    """A packet of a known connection after the hook where nat is: no rule is asked, its connection says to what.

    PREROUTING and OUTPUT change the destination, INPUT and POSTROUTING the source, in both directions (nf_nat_packet).
    """
    if packet.connection is None or not packet.connected:
        return packet
    to = packet.connection.onward
    if hook in (PREROUTING, OUTPUT):
        moved = packet.but(dst=to.dst, dport=to.dport)
        new = {"dnat": place(moved, "dst")} if moved != packet else {}
    else:
        moved = packet.but(src=to.src, sport=to.sport)
        new = {"snat": place(moved, "src") if to.sport != packet.sport else place(moved.but(proto=0), "src")}
        new = new if moved != packet else {}
    # What answers are turned back to is no translation that somebody asked for.
    return moved.but(**new) if packet.connection.replying is False else moved


def translation_words(before: Packet, after: Packet) -> str:
    """What such a translation changed, in a few words."""
    side = "dst" if (before.dst, before.dport) != (after.dst, after.dport) else "src"
    back = after.connection is not None and after.connection.replying
    kind = "DNAT" if (side == "dst") is not back else "SNAT"
    return f"conntrack: {'un-' if back else ''}{kind} {place(before, side)} -> {place(after, side)}"


def place(packet: Packet, side: str) -> str:
    """Address and port of one side of a packet, as DNAT writes them; what isn't known, by its name."""
    address: Number = getattr(packet, side)
    port: Number = packet.sport if side == "src" else packet.dport
    text = f"({address.label})" if isinstance(address, Unknown) else show(address, packet.family)
    if packet.proto not in WITH_PORTS or isinstance(port, Unknown):
        return text
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"


def arriving(connection: Connection) -> Ends:
    """The ends of a packet of that direction as it arrives, before any NAT."""
    return connection.left.turned() if connection.replying else connection.came
