"""addrtype: what kind of address it is for the host's routing (xt_addrtype.c)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kptui.netfilter.address import network, show
from kptui.netfilter.extensions.base import MatchExtension, Scope, Test
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.words import listed
from kptui.netfilter.facts import Answer, Fact, Unsure, negate
from kptui.netfilter.host import Host
from kptui.netfilter.packet import Number, Packet
from kptui.syntax.ast import Option

_UNUSUAL = frozenset({"ANYCAST", "UNREACHABLE"})


def _address_is(kinds: frozenset[str], host: Host, address: Number, what: str, limit: str | None) -> Answer:
    """Whether an address is of one of those kinds; LOCAL and UNICAST rest on which addresses the host has."""
    if host.family == 6:
        return _six(kinds, host, address, what, limit)
    if isinstance(address, int):
        sure = _sure(address)
        if sure is not None:
            return sure in kinds
    if isinstance(address, int) and host.broadcasts is not None and limit is None:
        # All of the local routing table is known; what is not in it is unicast (inet_addr_type).
        own = "BROADCAST" if address in host.broadcasts else "LOCAL" if host.is_local(address) is True else "UNICAST"
        return own in kinds
    local = host.is_local(address)
    if kinds == {"LOCAL"} and limit is None:
        return local
    if local is True and limit is None:
        return "LOCAL" in kinds
    if local is False:
        # The local routing table knows no other kinds (__inet_dev_addr_type); broadcast addresses are in it, too.
        if kinds <= {"LOCAL"} or not kinds & {"UNICAST", "BROADCAST"}:
            return False
        if isinstance(address, int) and (kinds >= {"UNICAST", "BROADCAST"} or not host.may_be_broadcast(address)):
            return "UNICAST" in kinds
    return _unsure(kinds, host, address, what, limit)


def _six(kinds: frozenset[str], host: Host, address: Number, what: str, limit: str | None) -> Answer:
    """IPv6 takes the kinds one by one, and wants all of these: a local address is unicast, too (match_type6)."""
    if not isinstance(address, int):
        return (
            host.is_local(address)
            if kinds == {"LOCAL"} and limit is None
            else _unsure(kinds, host, address, what, limit)
        )
    group = address in network("ff00::/8", 6)
    if ("MULTICAST" in kinds and not group) or ("UNICAST" in kinds and (group or address == 0)):
        return False
    if "UNSPEC" in kinds and address != 0:
        return False
    if not kinds & {"LOCAL", *_UNUSUAL}:
        return True
    if kinds & _UNUSUAL or limit is not None:
        return _unsure(kinds, host, address, what, limit)
    return False if group else host.is_local(address)


def _unsure(kinds: frozenset[str], host: Host, address: Number, what: str, limit: str | None) -> Unsure:
    shown = show(address, host.family) if isinstance(address, int) else f"the {what} address"
    why = f"what kind of address {shown} is for this host is not known"
    return Unsure(Fact(("addrtype", kinds, address, limit)), why)


def _sure(address: int) -> str | None:
    """The kind of an IPv4 address that is the same on every host (net/ipv4/fib_frontend.c, __inet_dev_addr_type)."""
    if address in network("224.0.0.0/4", 4):
        return "MULTICAST"
    return "BROADCAST" if address in (0, 0xFFFFFFFF) else None


def _compile(options: Sequence[Option], scope: Scope) -> list[Test]:
    names = {option.name for option in options}
    limit = "in" if "limit-iface-in" in names else "out" if "limit-iface-out" in names else None
    tests = []
    for option in options:
        if option.name in ("src-type", "dst-type"):
            source = option.name == "src-type"
            field: Callable[[Packet], Number] = (lambda p: p.src) if source else (lambda p: p.dst)
            tests.append(_test(option, scope.host, field, "source" if source else "destination", limit))
    return tests


def _test(option: Option, host: Host, field: Callable[[Packet], Number], what: str, limit: str | None) -> Test:
    kinds = frozenset(option.value.upper().split(","))

    def test(packet: Packet) -> Answer:
        return negate(_address_is(kinds, host, field(packet), what, limit), option.negated)

    return test


_SIDES = {"src-type": "from", "dst-type": "to"}
_LIMITS = {"limit-iface-in": "that it came in by", "limit-iface-out": "that it leaves by"}
_KIND_WORDS = {"local": "an address of this host", "unspec": "the unspecified address", "anycast": "an anycast address",
               "unicast": "a unicast address", "unreachable": "an unreachable address"}  # fmt: skip


def _say(options: Sequence[Option]) -> str:
    limit = next((words for name, words in _LIMITS.items() if any(option.name == name for option in options)), None)
    return ", ".join(_kinds(option, limit) for option in options if option.name in _SIDES)


def _kinds(option: Option, limit: str | None) -> str:
    kinds = [kind.lower() for kind in option.value.split(",")]
    words = listed([_KIND_WORDS.get(kind, f"a {kind} address") for kind in kinds])
    if limit is not None:
        words = words.replace("of this host", f"of the interface {limit}") if "local" in kinds else f"{words} {limit}"
    return f"{'not ' if option.negated else ''}{_SIDES[option.name]} {words}"


_KINDS = "each(UNSPEC|UNICAST|LOCAL|BROADCAST|ANYCAST|MULTICAST|BLACKHOLE|UNREACHABLE|PROHIBIT|THROW|NAT|XRESOLVE)"
MATCHES = {
    "addrtype": MatchExtension(
        declare(
            f"! src-type: {_KINDS}", f"! dst-type: {_KINDS}", "limit-iface-in", "limit-iface-out",
            needed="src-type|dst-type", alone="limit-iface-in|limit-iface-out",
        ),
        _compile,
        _say,
    )
}  # fmt: skip
