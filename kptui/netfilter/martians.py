"""Sources and destinations that the kernel lets nothing pass with, and the reverse path test (fib_frontend.c, route.c).

Seen on Linux 6.18. IPv4 looks at them after PREROUTING; IPv6 has none there, and no reverse path test but -m rpfilter.
"""

from __future__ import annotations

from collections.abc import Iterator

from kptui.netfilter.address import show
from kptui.netfilter.deciding import decided, lose, parted, shown_source, surely, surely_in, until
from kptui.netfilter.facts import Answer, Fact, Facts, Unknown, Unsure, domain, known, negate, within
from kptui.netfilter.fib import HERE, Query
from kptui.netfilter.host import Host, loopback
from kptui.netfilter.intervals import Intervals, subtract
from kptui.netfilter.own_address import bare
from kptui.netfilter.packet import EVERYONE, MULTICAST, Decision, Name, Number, Packet
from kptui.netfilter.walk import Journal
from kptui.netfilter.worlds import Flow, Ways

_LOCALNET = "route_localnet is set"
_ZERO: Intervals = ((0, 0),)
_EVERYONE: Intervals = ((EVERYONE, EVERYONE),)
_NO_SOURCE: Intervals = (*(MULTICAST[4].region or ()), *_EVERYONE)
_LOOPBACK: Intervals = loopback(4).region or ()
_OTHER_LOOPBACK = subtract(_LOOPBACK, ((0x7F000001, 0x7F000001),))


def no_martians(packet: Packet, ways: Ways, host: Host, journal: Journal, routed: int | None = None) -> Ways:
    """Lose what the kernel calls martian (ip_route_input_slow); IPv6 has none after PREROUTING.

    Of addresses that nobody told, what the rules have assumed decides; where they assumed nothing, it is no martian.
    Rules behind routing assume, too: what is lost then never came to them, and its path ends at the step `routed`.
    """
    # A packet on the loopback device was routed when it was sent.
    if packet.family == 6 or packet.in_ == "lo":
        return ways
    for answers, why in _martians(packet, host):
        passed: Ways = {}
        for answer in answers:
            ways, others = surely(answer, ways)
            passed |= others
        lose(journal, why, packet, until(ways, routed))
        ways = passed
    own, ways = _own(packet, ways, host)
    lose(journal, f"martian source: {shown_source(packet)} is an address of this host", packet, until(own, routed))
    for address, words in ((packet.dst, "to"), (packet.src, "from")):
        looped, ways = surely(within(address, _LOOPBACK, ""), ways)
        allowed, refused = parted(_localnet(host, packet.in_), looped, _LOCALNET, journal)
        shown = show(address, 4) if isinstance(address, int) else "127.0.0.0/8"
        lose(journal, f"martian: {words} {shown} from outside, without route_localnet", packet, until(refused, routed))
        ways |= allowed
    return ways


def _martians(packet: Packet, host: Host) -> Iterator[tuple[list[Answer], str]]:
    """What makes an IPv4 packet from outside a martian, if all of the answers are yes, and what is said of it then."""
    source, destination = shown_source(packet), packet.dst
    zero = within(packet.src, _ZERO, "")
    yield [within(packet.src, _NO_SOURCE, "")], f"martian source {source}"
    # To 255.255.255.255 or, of old, from nowhere to nowhere: both are broadcasts.
    yield [zero, negate(within(destination, (*_ZERO, *_EVERYONE), ""))], f"martian source {source}"
    yield [negate(zero), within(destination, _ZERO, "")], "martian destination 0.0.0.0"


def _own(packet: Packet, ways: Ways, host: Host) -> tuple[Ways, Ways]:
    """(Ways on which the source is one of the host's own addresses, which accept_local alone lets in, the others)."""
    told = host.settings.get("accept_local", "no").lower() in ("yes", "true", "1")
    if told or _either(host, "accept_local", packet.in_):
        return {}, ways
    # Of 127.0.0.0/8, route_localnet lets all in but the one that every host has.
    looped, left = surely(within(packet.src, _OTHER_LOOPBACK, ""), ways)
    own, others = surely(host.is_local(packet.src), left)
    for facts, way in list(others.items()):
        address = _only(packet.src, facts)
        if address is not None and surely(host.is_local(address), {facts: way})[0]:
            own[facts] = others.pop(facts)
    return own, others | looped


def not_to_itself(packet: Packet, ways: Ways, host: Host) -> Ways:
    """The ways, knowing of a destination that is the source, too, that it is not this host's: else it was a martian."""
    local = host.is_local(packet.dst)
    if not isinstance(local, Unsure) or not isinstance(packet.dst, int):
        return ways
    found: Ways = {}
    for facts, way in ways.items():
        source = packet.src if isinstance(packet.src, int) else _only(packet.src, facts)
        if source == packet.dst and known(local.fact, facts) is None:
            facts |= {(local.fact, not local.holds)}
        found[facts] = way
    return found


def _only(address: Number, facts: Facts) -> int | None:
    """The one value that what is assumed leaves of an address that nobody told, None if there are more."""
    if not isinstance(address, Unknown):
        return None
    left = domain(Fact(address.label, (), address.space), facts)
    return left[0][0] if len(left) == 1 and left[0][0] == left[0][1] else None


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
