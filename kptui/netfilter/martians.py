"""Sources and destinations that the kernel lets nothing pass with, and the reverse path test (fib_frontend.c, route.c).

Seen on Linux 6.18. IPv4 looks at them after PREROUTING; IPv6 has none there, and no reverse path test but -m rpfilter.
"""

from __future__ import annotations

from kptui.netfilter.address import show
from kptui.netfilter.deciding import decided, lose, parted, shown_source, surely_in
from kptui.netfilter.facts import Answer, Fact, Unsure
from kptui.netfilter.fib import HERE, Query
from kptui.netfilter.host import Host, loopback
from kptui.netfilter.own_address import bare
from kptui.netfilter.packet import EVERYONE, MULTICAST, Decision, Name, Packet
from kptui.netfilter.walk import Journal
from kptui.netfilter.worlds import Flow, Ways

_LOCALNET = "route_localnet is set"


def no_martians(packet: Packet, ways: Ways, host: Host, journal: Journal) -> Ways:
    """Lose what the kernel calls martian; IPv6 has none after PREROUTING."""
    if packet.family == 6:
        return ways
    why = _martian(packet, host)
    if why:
        lose(journal, why, packet, ways)
        return {}
    for address, words in ((packet.dst, "to"), (packet.src, "from")):
        if surely_in(address, loopback(4)):
            ways, refused = parted(_localnet(host, packet.in_), ways, _LOCALNET, journal)
            shown = show(address, 4) if isinstance(address, int) else ""
            lose(journal, f"martian: {words} {shown} from outside, without route_localnet", packet, refused)
            break
    return ways


def _martian(packet: Packet, host: Host) -> str | None:
    """Why an IPv4 packet from outside is surely a martian, None if it isn't surely."""
    if not isinstance(packet.src, int):
        return "martian destination 0.0.0.0" if packet.dst == 0 else None
    if packet.src in MULTICAST[4] or packet.src == EVERYONE or (packet.src == 0 and packet.dst != EVERYONE):
        return f"martian source {shown_source(packet)}"
    if packet.dst == 0:
        return "martian destination 0.0.0.0"
    # With accept_local, a packet may come from one of the host's own addresses.
    accepted = _either(host, "accept_local", packet.in_)
    own = (
        not accepted
        and host.is_local(packet.src) is True
        and (packet.src not in loopback(4) or packet.src == 0x7F000001)
    )
    if own and host.settings.get("accept_local", "no").lower() not in ("yes", "true", "1"):
        return f"martian source: {shown_source(packet)} is an address of this host"
    return None


def from_loopback(packet: Packet, out: Name, ways: Ways, host: Host, journal: Journal) -> Ways:
    """The ways on which a packet of this host may go to another one: from 127.0.0.0/8 route_localnet must allow it."""
    if packet.family == 6 or not surely_in(packet.src, loopback(4)):
        return ways
    allowed, refused = parted(_localnet(host, out), ways, _LOCALNET, journal)
    lose(
        journal, f"a packet from {shown_source(packet)} may not leave this host without route_localnet", packet, refused
    )
    return allowed


def come_back(packet: Packet, ways: Ways, decision: Decision, host: Host, journal: Journal) -> Ways:
    """The ways that pass the reverse path test (__fib_validate_source); IPv6 has none but -m rpfilter.

    It is asked where the sysctls, the source and the incoming interface are known; else the packet is taken for one
    that passes.
    """
    strict = _reverse_path(packet, host)
    if not strict or not isinstance(packet.src, int) or packet.in_ == "lo" or not host.routed:
        return ways
    marked = _either(host, "src_valid_mark", packet.in_) is True
    out = decision.device if decision.kind not in HERE else "lo"
    query = Query(packet.src, packet.dst, packet.mark if marked else 0, out, tos=packet.tos)
    passed = Flow()
    for back, some in decided(packet, ways, query, host, journal):
        why = _no_way_back(packet, back, strict, host)
        if why is None:
            passed.take(packet, some)
        else:
            lose(journal, why, packet, some)
    return next((kept for _, kept in passed), {})


def _no_way_back(packet: Packet, back: Decision, strict: int, host: Host) -> str | None:
    """Why a packet is thrown away for what its source's route is, None if it is not."""
    source = shown_source(packet)
    if back.kind == "local":
        own = f"martian source: {source} is an address of this host (accept_local = 0)"
        return None if _either(host, "accept_local", packet.in_) else own
    if back.kind in ("broadcast", "anycast", "multicast"):
        return f"martian source: {source} is a {back.kind} address"
    filtered = f"rp_filter = {strict} on {packet.in_}"
    if back.kind != "unicast":
        return f"no route back to {source} ({filtered})"
    if not isinstance(back.device, str) or packet.in_ in back.devices:
        return None
    if bare(host, packet.in_):
        return f"{packet.in_} has no address, and the way back to {source} is not by it ({filtered})"
    return f"the way back to {source} is by {', '.join(sorted(back.devices))} ({filtered})" if strict == 1 else None


def _reverse_path(packet: Packet, host: Host) -> int:
    """1 strict, 2 loose, 0 not at all, or not known: the greater of the settings for all and for the device."""
    if packet.family == 6 or not isinstance(packet.in_, str):
        return 0
    found = [host.sysctl(f"net.ipv4.conf.{name}.rp_filter", packet.in_) for name in ("all", "DEV")]
    return max((int(each) for each in found if each in ("1", "2")), default=0)


def _either(host: Host, name: str, device: Name) -> bool | None:
    """Whether a sysctl is set for all devices or this one (IN_DEV_ORCONF), None where that isn't known."""
    found = [host.sysctl(f"net.ipv4.conf.{which}.{name}", device) for which in ("all", "DEV")]
    return True if "1" in found else None if None in found else False


def _localnet(host: Host, device: Name) -> Answer:
    """Whether 127.0.0.0/8 may be routed by a device; `--set route_localnet=yes|no` tells, else the sysctls do."""
    told = host.settings.get("route_localnet")
    if told is not None:
        return told.lower() in ("yes", "true", "1")
    known = _either(host, "route_localnet", device)
    if known is not None:
        return known
    return Unsure(Fact(("route_localnet",)), "the sysctl route_localnet is not known (--set route_localnet=yes|no)")
