"""Where a packet goes: to this host, to another, or nowhere (route.c, ip_input.c, ip6_input.c, ip6_output.c).

Seen on Linux 6.18. The sources that the kernel calls martian are looked at after PREROUTING, for IPv6's before it.
"""

from __future__ import annotations

from collections.abc import Callable

from kptui.netfilter.address import network
from kptui.netfilter.deciding import decided, lose, parted, shown_destination, shown_source, surely, surely_in, until
from kptui.netfilter.facts import Answer, Fact, Unsure, negate, within
from kptui.netfilter.fib import HERE, Query
from kptui.netfilter.host import Host, loopback
from kptui.netfilter.martians import come_back, no_martians, not_to_itself
from kptui.netfilter.packet import EVERYONE, MULTICAST, Decision, Name, Packet
from kptui.netfilter.walk import Journal
from kptui.netfilter.worlds import Flow, Ways
from kptui.records import dataclass, replace

_LINK_LOCAL = network("fe80::/10", 6)


def alive(packet: Packet, ways: Ways, journal: Journal, came: int | None = None) -> Ways:
    """What IPv6 lets in of a packet from outside; the rest is thrown away before any rule sees it (ip6_rcv_core).

    Rules assume addresses later: what is lost then never came to them, and its path ends at the step `came`.
    """
    if packet.family == 6 and packet.in_ != "lo":
        for address, net, why in (
            (packet.src, loopback(6), "::1 never comes in from outside"),
            (packet.dst, loopback(6), "::1 never comes in from outside"),
            (packet.src, MULTICAST[6], "the source is a multicast address"),
        ):
            dead, ways = surely(within(address, net.region or (), ""), ways)
            lose(journal, why, packet, until(dead, came))
    return ways


def arrived(flow: Flow, host: Host, journal: Journal) -> tuple[Flow, Flow]:
    """(Packets for this host, packets for others) of those that passed PREROUTING; the rest is lost."""
    here, onward = Flow(), Flow()
    for packet, ways in flow:
        left = no_martians(packet, ways, host, journal)
        if surely_in(packet.dst, MULTICAST[packet.family]):
            joined, left = _group(packet, left, journal)
            here.take(packet, joined)
            lose(journal, f"this host is in no group {shown_destination(packet)}", packet, left)
            continue
        if packet.family == 4 and packet.dst in (0, EVERYONE):
            here.take(packet, left)
            continue
        broadcast, left = _broadcast(packet, left, host, journal)
        if broadcast:
            here.take(packet, broadcast)
        mine, left = _taken_by_mark(packet, left, host, journal)
        if mine:
            here.take(packet, mine)
        if packet.in_ != "lo":
            left = not_to_itself(packet, left, host)
        for decision, some in _looked_up(packet, left, host, journal):
            kept = come_back(packet, some, decision, host, journal)
            if kept:
                (here if decision.kind in HERE else onward).take(packet.but(route=decision), kept)
    return here, onward


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of the journey: the step it came after, and how much had ended by then."""

    step: int
    ended: int

    @classmethod
    def now(cls, journal: Journal) -> Moment:
        """The moment a journal has come to."""
        return cls(journal.count, len(journal.ended))

    def rethought(self, flow: Flow, journal: Journal, keep: Callable[[Packet, Ways], Ways]) -> Flow:
        """What of a flow is kept at that moment, now that rules behind it have assumed more of its addresses.

        `keep` loses the rest, which then never came to those rules, be it in the flow or dropped by one of them.
        """
        ended = journal.ended[self.ended :]
        del journal.ended[self.ended :]
        for each in ended:
            kept = _kept(each.flow, keep)
            if kept:
                journal.ended.append(replace(each, flow=kept))
        return _kept(flow, keep)


def _kept(flow: Flow, keep: Callable[[Packet, Ways], Ways]) -> Flow:
    kept = Flow()
    for packet, ways in flow:
        left = keep(packet, ways)
        if left:
            kept.take(packet, left)
    return kept


def _looked_up(packet: Packet, ways: Ways, host: Host, journal: Journal) -> list[tuple[Decision, Ways]]:
    if not ways:
        return []
    oif = packet.in_ if confined(packet) and isinstance(packet.in_, str) else ""
    return decided(packet, ways, Query.of(packet, packet.in_, oif), host, journal)


def refused(packet: Packet, decision: Decision, journal: Journal, ways: Ways) -> bool:
    """Whether a decision sends a packet nowhere; then it is lost."""
    where = f" to {shown_destination(packet)}" if isinstance(packet.dst, int) else ""
    words = {
        "none": f"no route{where}",
        "blackhole": f"{decision.told} is a black hole",
        "unreachable": f"{decision.told} says unreachable (ICMP host unreachable)",
        "prohibit": f"{decision.told} says prohibited (ICMP administratively prohibited)",
    }
    if decision.kind not in words:
        return False
    lose(journal, words[decision.kind], packet, ways)
    return True


def forwarding(packet: Packet, ways: Ways, host: Host, journal: Journal) -> bool:
    """Whether the host forwards what comes in where the packet did; what it does not forward is lost.

    Nothing known of it, it does. IPv4 asks the device's own setting (IN_DEV_FORWARD), IPv6 that of all (ip6_forward).
    """
    name = "net.ipv6.conf.all.forwarding" if packet.family == 6 else "net.ipv4.conf.DEV.forwarding"
    if packet.family == 4 and not isinstance(packet.in_, str):
        name = "net.ipv4.ip_forward"
    if host.sysctl(name, packet.in_) != "0":
        return True
    shown = name.replace("DEV", packet.in_) if isinstance(packet.in_, str) else name
    lose(journal, f"this host does not forward ({shown} = 0)", packet, ways)
    return False


def forwardable(packet: Packet, out: Name, ways: Ways, journal: Journal) -> Ways:
    """The ways on which a packet may be forwarded to a device; the rest is lost (ip_forward.c, ip6_forward)."""
    ways = _not_expired(packet, ways, journal)
    if packet.family == 4 or not (surely_in(packet.src, _LINK_LOCAL) or packet.src == 0):
        return ways
    # Such a source means something on its own link only, and there it is let back.
    if isinstance(packet.in_, str) and isinstance(out, str):
        answer: Answer = packet.in_ == out
    else:
        answer = Unsure(Fact(("back", packet.dst)), "the devices it comes in and goes out by are not known")
    back, ended = parted(answer, ways, f"{shown_destination(packet)} lies behind the incoming interface", journal)
    lose(journal, f"the source {shown_source(packet)} is not forwarded to another link", packet, ended)
    return back


def _not_expired(packet: Packet, ways: Ways, journal: Journal) -> Ways:
    """Lose what has too small a TTL; one that is not known is taken to do, unless a rule has learnt otherwise."""
    expired, lasting = surely(negate(within(packet.ttl, ((2, 255),), "the TTL")), ways)
    lose(journal, "the TTL expired before it could be forwarded", packet, expired)
    return lasting


def confined(packet: Packet) -> bool:
    """Whether IPv6 looks for a route on the incoming interface only (rt6_need_strict)."""
    return packet.family == 6 and (surely_in(packet.dst, loopback(6)) or surely_in(packet.dst, _LINK_LOCAL))


def _group(packet: Packet, ways: Ways, journal: Journal) -> tuple[Ways, Ways]:
    answer = Unsure(Fact(("group", packet.dst)), "the multicast groups this host is in are not known")
    return parted(answer, ways, f"this host is in the multicast group {shown_destination(packet)}", journal)


def _broadcast(packet: Packet, ways: Ways, host: Host, journal: Journal) -> tuple[Ways, Ways]:
    """(Ways on which the destination is a network's broadcast address, the others): the last address of a route."""
    route = host.connected(packet.dst)
    if host.broadcasts is not None or route is None or not host.may_be_broadcast(packet.dst):
        return {}, ways
    why = f"whether the network of {route.device} has a broadcast address is not known"
    answer = Unsure(Fact(("broadcast", packet.dst)), why)
    return parted(answer, ways, f"{shown_destination(packet)} is a broadcast address of {route.device}", journal)


def _taken_by_mark(packet: Packet, ways: Ways, host: Host, journal: Journal) -> tuple[Ways, Ways]:
    """(Ways on which a packet that TPROXY took is for this host, the others), where the policy rules don't tell."""
    if not packet.tproxy or host.policies is not None:
        return {}, ways
    why = "whether a policy route by mark delivers it to this host is not known"
    return parted(
        Unsure(Fact(("tproxy route",)), why), ways, f"{shown_destination(packet)} is an address of this host", journal
    )
