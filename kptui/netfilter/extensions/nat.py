"""DNAT, SNAT, MASQUERADE, REDIRECT, NETMAP: address translation, which ends the nat table's hook (nf_nat_core.c)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kptui.netfilter.address import endpoint, network, parse
from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension
from kptui.netfilter.extensions.ports import port
from kptui.netfilter.facts import Unknown
from kptui.netfilter.hooks import INPUT, OUTPUT, POSTROUTING
from kptui.netfilter.host import loopback
from kptui.netfilter.intervals import subtract
from kptui.netfilter.packet import WITH_PORTS, Number, Packet
from kptui.syntax.ast import Option

_SIX = re.compile(r"^\[([^\]]+)\](?::(.+))?$")
_FLAGS = {"random": 0, "random-fully": 0, "persistent": 0}


@dataclass(frozen=True, slots=True)
class _To:
    """What a --to-… names: an address or a range, a port or a range; None where it leaves the field alone."""

    first: int | None
    last: int | None
    port: int | None
    last_port: int | None
    text: str


def _to(text: str, family: int) -> _To:
    """ADDRESS[-ADDRESS][:PORT[-PORT]], IPv6 addresses in brackets if a port follows; raises ValueError."""
    addresses, ports = text, ""
    bracketed = _SIX.match(text)
    if bracketed:
        addresses, ports = bracketed[1], bracketed[2] or ""
    elif family == 4 and ":" in text:
        addresses, ports = text.split(":", 1)
    first, _, last = addresses.partition("-")
    low, _, high = ports.partition("/")[0].partition("-")
    address = parse(first, family) if first else None
    return _To(
        address,
        parse(last, family) if last else address,
        port(low) if low else None,
        port(high) if high else port(low) if low else None,
        text,
    )


def _address(to: _To, old: Number, bits: int) -> Number:
    if to.first is None or to.last is None:
        return old
    if to.first == to.last:
        return to.first
    return Unknown(f"one address of {to.text}", bits, possible=((to.first, to.last),))


def _port(to: _To, old: Number, packet: Packet) -> Number:
    if to.port is None or packet.proto not in WITH_PORTS:
        return old
    if to.port == to.last_port or to.last_port is None:
        return to.port
    return Unknown(f"one port of {to.text}", 16, possible=((to.port, to.last_port),))


def _bits(scope: Scope) -> int:
    return 32 if scope.host.family == 4 else 128


def _destination(options: Sequence[Option], scope: Scope) -> Apply:
    value = _named(options, "to-destination", "to")
    to = _to(value, scope.host.family)

    def apply(packet: Packet) -> Effect:
        new = packet.but(dst=_address(to, packet.dst, _bits(scope)), dport=_port(to, packet.dport, packet))
        new = new.but(dnat=_written(new.dst, new.dport if to.port is not None else None, to.text, scope))
        return Effect(new, "ACCEPT", f"DNAT {to.text}")

    return apply


def _source(options: Sequence[Option], scope: Scope) -> Apply:
    to = _to(_named(options, "to-source", "to"), scope.host.family)

    def apply(packet: Packet) -> Effect:
        new = packet.but(src=_address(to, packet.src, _bits(scope)), sport=_port(to, packet.sport, packet))
        written = _written(new.src, new.sport if to.port is not None else None, to.text, scope)
        return Effect(new.but(snat=written), "ACCEPT", f"SNAT {to.text}")

    return apply


def _written(address: Number, number: Number | None, otherwise: str, scope: Scope) -> str:
    if isinstance(address, int) and not isinstance(number, Unknown):
        return endpoint(address, number, scope.host.family)
    return otherwise


def _masquerade(options: Sequence[Option], scope: Scope) -> Apply:
    def apply(packet: Packet) -> Effect:
        route = scope.host.route(packet.dst)
        known = route.source if route else None
        address = known if known is not None else _own("outgoing", scope)
        # The port is kept where it is free, which only the kernel can tell.
        return Effect(packet.but(src=address, snat="MASQUERADE"), "ACCEPT", "MASQUERADE")

    return apply


def _own(which: str, scope: Scope) -> Unknown:
    """An address of this host on an interface that isn't known."""
    region, family = scope.host.local_region(), scope.host.family
    own = subtract(region, loopback(family).region or ()) if region else None
    return Unknown(f"address of the {which} interface", _bits(scope), local=True, possible=own or None)


def _redirect(options: Sequence[Option], scope: Scope) -> Apply:
    text = next((option.value for option in options if option.name.startswith("to-port")), "")
    to = _to(f":{text}" if scope.host.family == 4 else f"[::]:{text}", scope.host.family) if text else None

    def apply(packet: Packet) -> Effect:
        number = _port(to, packet.dport, packet) if to else packet.dport
        if scope.hook == OUTPUT:
            loopback = parse("127.0.0.1" if scope.host.family == 4 else "::1", scope.host.family)
            new = packet.but(dst=loopback, dport=number)
        else:
            new = packet.but(dst=_own("incoming", scope), dport=number)
        written = _written(new.dst, number if to else None, f"this host:{text}" if text else "this host", scope)
        return Effect(new.but(dnat=written), "ACCEPT", f"REDIRECT {text}".strip())

    return apply


def _netmap(options: Sequence[Option], scope: Scope) -> Apply:
    to = network(_named(options, "to"), scope.host.family)
    source = scope.hook in (POSTROUTING, INPUT)

    def apply(packet: Packet) -> Effect:
        old = packet.src if source else packet.dst
        host_bits = ~to.mask & ((1 << to.bits) - 1)
        new: Number = (
            Unknown(f"{old.label} mapped", to.bits) if isinstance(old, Unknown) else to.address | old & host_bits
        )
        written = _written(new, None, _named(options, "to"), scope)
        changed = packet.but(src=new, snat=written) if source else packet.but(dst=new, dnat=written)
        return Effect(changed, "ACCEPT", f"NETMAP {_named(options, 'to')}")

    return apply


def _named(options: Sequence[Option], *names: str) -> str:
    found = [option.value for option in options if option.name in names]
    if len(found) != 1:
        raise ValueError(f"one --{names[0]} was expected, {len(found)} are there")
    return found[0]


def _say(verb: str, *names: str) -> Callable[[Sequence[Option]], str]:
    def say(options: Sequence[Option]) -> str:
        value = next((option.value for option in options if option.name in names), None)
        extra = [option.name for option in options if option.name in _FLAGS]
        return " ".join([verb, *([value] if value else []), *([f"({', '.join(extra)})"] if extra else [])])

    return say


TARGETS = {
    "DNAT": TargetExtension(
        {"to-destination": 1, "to": 1, **_FLAGS},
        _destination,
        _say("change the destination to", "to-destination", "to"),
    ),
    "SNAT": TargetExtension(
        {"to-source": 1, "to": 1, **_FLAGS}, _source, _say("change the source to", "to-source", "to")
    ),
    "MASQUERADE": TargetExtension(
        {"to-ports": 1, **_FLAGS},
        _masquerade,
        _say("masquerade: change the source to the address of the outgoing interface", "to-ports"),
    ),
    "REDIRECT": TargetExtension(
        {"to-ports": 1, "to-port": 1, "random": 0},
        _redirect,
        _say("redirect to this host, port", "to-ports", "to-port"),
    ),
    "NETMAP": TargetExtension({"to": 1}, _netmap, _say("map the network to", "to")),
}
