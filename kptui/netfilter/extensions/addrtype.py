"""addrtype: what kind of address it is for the host's routing (xt_addrtype.c)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kptui.netfilter.address import network, show
from kptui.netfilter.extensions.base import MatchExtension, Scope, Test
from kptui.netfilter.facts import Answer, Fact, Unsure, negate
from kptui.netfilter.host import Host
from kptui.netfilter.packet import Number, Packet
from kptui.syntax.ast import Option


def _address_is(kinds: frozenset[str], host: Host, address: Number, what: str, limit: str | None) -> Answer:
    """Whether an address is of one of those kinds; LOCAL and UNICAST rest on which addresses the host has."""
    if isinstance(address, int):
        sure = _sure(address, host.family)
        if sure is not None:
            return sure in kinds
    local = host.is_local(address)
    if kinds == {"LOCAL"} and limit is None:
        return local
    if local is True and limit is None:
        return "LOCAL" in kinds
    if local is False and kinds <= {"LOCAL"}:
        return False
    if kinds == {"UNICAST"} and isinstance(address, int) and limit is None and host.local is not None:
        # An address of another host; a subnet's broadcast address is the one thing that still could be.
        return True
    shown = show(address, host.family) if isinstance(address, int) else f"the {what} address"
    why = f"what kind of address {shown} is for this host is not known"
    return Unsure(Fact(("addrtype", kinds, address, limit)), why)


def _sure(address: int, family: int) -> str | None:
    """The kind of an address that is the same on every host (net/ipv4/fib_frontend.c, __inet_dev_addr_type)."""
    if address in network("224.0.0.0/4" if family == 4 else "ff00::/8", family):
        return "MULTICAST"
    if family == 4 and (address == 0xFFFFFFFF or address in network("0.0.0.0/8", 4)):
        return "BROADCAST"
    return None


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


def _say(options: Sequence[Option]) -> str:
    words = []
    for option in options:
        if option.name in ("src-type", "dst-type"):
            side = "from" if option.name == "src-type" else "to"
            kinds = " or ".join(kind.lower() for kind in option.value.split(","))
            of = "an address of this host" if kinds == "local" else f"a {kinds} address"
            words.append(f"{'not ' if option.negated else ''}{side} {of}")
        else:
            words.append("looking at the packet's own interface only")
    return ", ".join(words)


MATCHES = {
    "addrtype": MatchExtension(
        {"src-type": 1, "dst-type": 1, "limit-iface-in": 0, "limit-iface-out": 0}, _compile, _say
    )
}
