"""Where a packet goes: to this host, to another, or nowhere (route.c, ip_input.c, ip6_input.c, ip6_output.c).

Seen on Linux 6.18. The sources that the kernel calls martian are looked at after PREROUTING, for IPv6's before it.
"""

from __future__ import annotations

from kptui.netfilter.address import Network, network, show
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure
from kptui.netfilter.host import Host, loopback
from kptui.netfilter.packet import Name, Packet
from kptui.netfilter.walk import Journal, part
from kptui.netfilter.worlds import Flow, Ways

EVERYONE = 0xFFFFFFFF
"""255.255.255.255, which every host on the link takes for its own."""

_MULTICAST = {4: network("224.0.0.0/4", 4), 6: network("ff00::/8", 6)}
_LINK_LOCAL = network("fe80::/10", 6)
_LOCALNET = "route_localnet is set"


def dead_on_arrival(packet: Packet) -> str | None:
    """Why IPv6 throws a packet from outside away before any rule sees it (ip6_rcv_core), None if it does not."""
    if packet.family != 6 or packet.in_ == "lo":
        return None
    if _in(packet.src, loopback(6)) or _in(packet.dst, loopback(6)):
        return "::1 never comes in from outside"
    return "the source is a multicast address" if _in(packet.src, _MULTICAST[6]) else None


def arrived(flow: Flow, host: Host, journal: Journal) -> tuple[Flow, Flow]:
    """(Packets for this host, packets for others) of those that passed PREROUTING; the rest is lost."""
    here, onward = Flow(), Flow()
    for packet, ways in flow:
        # A packet on the loopback device was routed when it was sent.
        left = ways if packet.in_ == "lo" else _no_martians(packet, ways, host, journal)
        if _in(packet.dst, _MULTICAST[packet.family]):
            joined, left = _group(packet, left, journal)
            here.take(packet, joined)
            _lose(journal, f"this host is in no group {_shown(packet)}", packet, left)
            continue
        if packet.family == 4 and packet.dst == EVERYONE:
            here.take(packet, left)
            continue
        broadcast, left = _broadcast(packet, left, host, journal)
        mine, others = _delivered(packet, left, host, journal)
        for ways_here in (broadcast, mine):
            if ways_here:
                here.take(packet, ways_here)
        if others:
            onward.take(packet, others)
    return here, onward


def routed(flow: Flow, host: Host, journal: Journal) -> tuple[Flow, Flow]:
    """(Packets to this host itself, packets to others) of those that a process of it sends."""
    here, onward = Flow(), Flow()
    for packet, ways in flow:
        mine, others = _delivered(packet, ways, host, journal)
        if mine:
            here.take(packet, mine)
        if others:
            onward.take(packet, others)
    return here, onward


def forwardable(packet: Packet, out: Name, ways: Ways, journal: Journal) -> Ways:
    """The ways on which a packet may be forwarded to a device; the rest is lost (ip_forward.c, ip6_forward)."""
    if isinstance(packet.ttl, int) and packet.ttl <= 1:
        _lose(journal, "the TTL expired before it could be forwarded", packet, ways)
        return {}
    if packet.family == 4 or not (_in(packet.src, _LINK_LOCAL) or packet.src == 0):
        return ways
    # Such a source means something on its own link only, and there it is let back.
    if isinstance(packet.in_, str) and isinstance(out, str):
        answer: Answer = packet.in_ == out
    else:
        answer = Unsure(Fact(("back", packet.dst)), "the devices it comes in and goes out by are not known")
    back, ended = _decided(answer, ways, f"{_shown(packet)} lies behind the incoming interface", journal)
    _lose(journal, f"the source {_source(packet)} is not forwarded to another link", packet, ended)
    return back


def from_loopback(packet: Packet, ways: Ways, host: Host, journal: Journal) -> Ways:
    """The ways on which a packet of this host may go to another one: from 127.0.0.0/8 route_localnet must allow it."""
    if packet.family == 6 or not _in(packet.src, loopback(4)):
        return ways
    allowed, refused = _decided(_localnet(host), ways, _LOCALNET, journal)
    _lose(journal, f"a packet from {_source(packet)} may not leave this host without route_localnet", packet, refused)
    return allowed


def confined(packet: Packet) -> bool:
    """Whether IPv6 looks for a route on the incoming interface only (rt6_need_strict)."""
    return packet.family == 6 and (_in(packet.dst, loopback(6)) or _in(packet.dst, _LINK_LOCAL))


def _no_martians(packet: Packet, ways: Ways, host: Host, journal: Journal) -> Ways:
    """Lose what the kernel calls martian; IPv6 has none after PREROUTING."""
    if packet.family == 6:
        return ways
    why = _martian(packet, host)
    if why:
        _lose(journal, why, packet, ways)
        return {}
    for address, words in ((packet.dst, "to"), (packet.src, "from")):
        if _in(address, loopback(4)):
            ways, refused = _decided(_localnet(host), ways, _LOCALNET, journal)
            shown = show(address, 4) if isinstance(address, int) else ""
            _lose(journal, f"martian: {words} {shown} from outside, without route_localnet", packet, refused)
            break
    return ways


def _martian(packet: Packet, host: Host) -> str | None:
    """Why an IPv4 packet from outside is surely a martian, None if it isn't surely."""
    if not isinstance(packet.src, int):
        return "martian destination 0.0.0.0" if packet.dst == 0 else None
    if packet.src in _MULTICAST[4] or packet.src == EVERYONE or (packet.src == 0 and packet.dst != EVERYONE):
        return f"martian source {_source(packet)}"
    if packet.dst == 0:
        return "martian destination 0.0.0.0"
    own = host.is_local(packet.src) is True and (packet.src not in loopback(4) or packet.src == 0x7F000001)
    if own and host.settings.get("accept_local", "no").lower() not in ("yes", "true", "1"):
        return f"martian source: {_source(packet)} is an address of this host"
    return None


def _localnet(host: Host) -> Answer:
    """Whether 127.0.0.0/8 may be routed; `--set route_localnet=yes|no` tells."""
    told = host.settings.get("route_localnet")
    if told is not None:
        return told.lower() in ("yes", "true", "1")
    return Unsure(Fact(("route_localnet",)), "the sysctl route_localnet is not known (--set route_localnet=yes|no)")


def _group(packet: Packet, ways: Ways, journal: Journal) -> tuple[Ways, Ways]:
    answer = Unsure(Fact(("group", packet.dst)), "the multicast groups this host is in are not known")
    return _decided(answer, ways, f"this host is in the multicast group {_shown(packet)}", journal)


def _broadcast(packet: Packet, ways: Ways, host: Host, journal: Journal) -> tuple[Ways, Ways]:
    """(Ways on which the destination is a network's broadcast address, the others): the last address of a route."""
    route = host.route(packet.dst)
    if route is None or not host.may_be_broadcast(packet.dst):
        return {}, ways
    why = f"whether the network of {route.device} has a broadcast address is not known"
    answer = Unsure(Fact(("broadcast", packet.dst)), why)
    return _decided(answer, ways, f"{_shown(packet)} is a broadcast address of {route.device}", journal)


def _delivered(packet: Packet, ways: Ways, host: Host, journal: Journal) -> tuple[Ways, Ways]:
    """(Ways on which a packet is for this host, the others)."""
    if packet.tproxy:
        why = "whether a policy route by mark delivers it to this host is not known"
        answer: Answer = Unsure(Fact(("tproxy route",)), why)
    elif _nobodys(packet):
        answer = False
    else:
        answer = host.is_local(packet.dst)
    return _decided(answer, ways, f"{_shown(packet)} is an address of this host", journal)


def _nobodys(packet: Packet) -> bool:
    """Whether the destination is no single host's: a group, everyone, or ::1 seen on another device than lo."""
    if _in(packet.dst, _MULTICAST[packet.family]) or (packet.family == 4 and packet.dst == EVERYONE):
        return True
    return packet.family == 6 and _in(packet.dst, loopback(6)) and packet.in_ not in ("", "lo")


def _decided(answer: Answer, ways: Ways, text: str, journal: Journal) -> tuple[Ways, Ways]:
    """(Ways for which it is so, the others)."""
    if not ways:
        return {}, {}
    if isinstance(answer, Unsure):
        return part(ways, answer, None, text, journal)
    return (ways, {}) if answer is True else ({}, ways)


def _lose(journal: Journal, reason: str, packet: Packet, ways: Ways) -> None:
    if ways:
        lost = Flow()
        lost.take(packet, ways)
        journal.lose(reason, lost)


def _in(address: int | Unknown, net: Network) -> bool:
    """Whether an address surely is in a network."""
    return isinstance(address, int) and address in net


def _shown(packet: Packet) -> str:
    return show(packet.dst, packet.family) if isinstance(packet.dst, int) else f"the {packet.dst.label}"


def _source(packet: Packet) -> str:
    return show(packet.src, packet.family) if isinstance(packet.src, int) else f"the {packet.src.label}"
