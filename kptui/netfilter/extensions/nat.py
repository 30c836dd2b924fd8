"""DNAT, SNAT, MASQUERADE, REDIRECT, NETMAP: address translation, which ends the nat table's hook (nf_nat_core.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.address import endpoint, network, parse
from kptui.netfilter.extensions.base import Apply, Effect, Scope, TargetExtension
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.ports import port
from kptui.netfilter.extensions.values import split_endpoint
from kptui.netfilter.extensions.words import SayAll, each_said, said
from kptui.netfilter.facts import Fact, Unknown, Unsure
from kptui.netfilter.hooks import INPUT, OUTPUT, POSTROUTING
from kptui.netfilter.host import Host, loopback
from kptui.netfilter.intervals import Intervals, subtract
from kptui.netfilter.nat_choice import chosen
from kptui.netfilter.own_address import bare, first_on, nowhere, select
from kptui.netfilter.packet import WITH_PORTS, Number, Packet
from kptui.patterns import pattern
from kptui.records import dataclass
from kptui.syntax.ast import Option

_SIX = pattern(r"^\[([^\]]+)\](?::(.+))?$")
_FLAGS = ("random", "random-fully", "persistent")


@dataclass(frozen=True, slots=True)
class _To:
    """What a --to-… names: an address or a range, a port or a range; None where it leaves the field alone."""

    first: int | None
    last: int | None
    port: int | None
    last_port: int | None
    text: str
    base: int | None = None


def _to(text: str, family: int) -> _To:
    """ADDRESS[-ADDRESS][:PORT[-PORT]], IPv6 addresses in brackets if a port follows; raises ValueError."""
    addresses, ports = text, ""
    bracketed = _SIX.match(text)
    if bracketed:
        addresses, ports = bracketed[1], bracketed[2] or ""
    elif family == 4 and ":" in text:
        addresses, ports = text.split(":", 1)
    first, _, last = addresses.partition("-")
    ports, _, base = ports.partition("/")
    low, _, high = ports.partition("-")
    address = parse(first, family) if first else None
    return _To(
        address,
        parse(last, family) if last else address,
        port(low) if low else None,
        port(high) if high else port(low) if low else None,
        text,
        port(base) if base else None,
    )


def _address(to: _To, packet: Packet, persistent: bool, of_source: bool) -> Number:
    """The address after translation: of a range, the one that the connection's addresses lead to."""
    if to.first is None or to.last is None:
        return packet.src if of_source else packet.dst
    if to.first == to.last:
        return to.first
    src, dst, zone = packet.src, packet.dst, packet.zone
    if isinstance(src, int) and zone is not None and (isinstance(dst, int) or persistent):
        other = dst if isinstance(dst, int) else 0
        ends = (to.first, to.last)
        return chosen(ends, src, other, packet.family, of_source=of_source, persistent=persistent, zone=zone)
    return Unknown(f"one address of {to.text}", 32 if packet.family == 4 else 128, possible=((to.first, to.last),))


def _port(to: _To, old: Number, packet: Packet, draws: bool = False, source: bool = False) -> Number:
    """The port after translation (nf_nat_core.c): one in the range is kept, unless it `draws` (--random).

    Without a range a source port is drawn from its own class (1-511, 600-1023, the rest), a destination port stays.
    """
    if packet.proto not in WITH_PORTS:
        return old
    if to.port is None or to.last_port is None:
        return Unknown(f"source port drawn for {to.text}", 16, possible=_class_of(old)) if draws and source else old
    if to.port == to.last_port:
        return to.port
    if isinstance(old, int) and to.base is not None:
        return to.port + ((old - to.base) & 0xFFFF) % (to.last_port - to.port + 1)
    if isinstance(old, int) and not draws and to.port <= old <= to.last_port:
        return old
    return Unknown(f"one port of {to.text}", 16, possible=((to.port, to.last_port),))


def _class_of(port: Number) -> Intervals:
    """The ports that one may be drawn from in a port's place."""
    if isinstance(port, Unknown):
        return ((1, 65535),)
    return ((1, 511),) if port < 512 else ((600, 1023),) if port < 1024 else ((1024, 65535),)


def _draws(options: Sequence[Option]) -> bool:
    return any(option.name in ("random", "random-fully") for option in options)


def _bits(scope: Scope) -> int:
    return 32 if scope.host.family == 4 else 128


def _destination(options: Sequence[Option], scope: Scope) -> Apply:
    value = _named(options, "to-destination")
    to, draws = _to(value, scope.host.family), _draws(options)
    persistent = any(option.name == "persistent" for option in options)

    def apply(packet: Packet) -> Effect:
        address = _address(to, packet, persistent, of_source=False)
        new = packet.but(dst=address, dport=_port(to, packet.dport, packet, draws))
        new = new.but(dnat=_written(new.dst, new.dport if to.port is not None else None, to.text, scope))
        return Effect(new, "ACCEPT", f"DNAT {to.text}")

    return apply


def _source(options: Sequence[Option], scope: Scope) -> Apply:
    to, draws = _to(_named(options, "to-source"), scope.host.family), _draws(options)
    persistent = any(option.name == "persistent" for option in options)

    def apply(packet: Packet) -> Effect:
        number = _port(to, packet.sport, packet, draws, source=True)
        # A packet that comes from one of the addresses already keeps it, if its port is in the range too.
        keeps = not draws and number == packet.sport and _among(to, packet.src)
        address = packet.src if keeps else _address(to, packet, persistent, of_source=True)
        new = packet.but(src=address, sport=number)
        written = _written(new.src, new.sport if to.port is not None else None, to.text, scope)
        return Effect(new.but(snat=written), "ACCEPT", f"SNAT {to.text}")

    return apply


def _among(to: _To, address: Number) -> bool:
    return isinstance(address, int) and to.first is not None and to.last is not None and to.first <= address <= to.last


def _written(address: Number, number: Number | None, otherwise: str, scope: Scope) -> str:
    if isinstance(address, int) and not isinstance(number, Unknown):
        return endpoint(address, number, scope.host.family)
    return otherwise


def _masquerade(options: Sequence[Option], scope: Scope) -> Apply:
    to, draws = _ports(options, scope), _draws(options)

    def apply(packet: Packet) -> Effect:
        known = _leaving(packet, scope.host)
        if known is None and scope.host.family == 4 and nowhere(scope.host):
            return Effect(packet, "DROP", "MASQUERADE", "the host has no address to masquerade with")
        # On lo, only IPv6 may take the loopback address: IPv4's is of a smaller scope.
        looping = scope.host.family == 6 and (packet.out == "lo" or isinstance(packet.out, Unknown))
        address = known if known is not None else _own("outgoing", scope, looping)
        # The port is kept where it is free, which only the kernel can tell.
        number = _port(to, packet.sport, packet, draws, source=True)
        return Effect(packet.but(src=address, sport=number, snat="MASQUERADE"), "ACCEPT", "MASQUERADE")

    return apply


def _leaving(packet: Packet, host: Host) -> int | None:
    """The address of the leaving interface, None where it isn't known."""
    if isinstance(packet.out, Unknown):
        return None
    if host.addresses is None:
        return host.source_on(packet.out) if packet.out != "lo" else None
    dst = packet.dst if isinstance(packet.dst, int) else None
    gateway = packet.route.via if packet.route is not None else None
    return select(host, packet.out, dst, dst if gateway is None else gateway)


def _own(which: str, scope: Scope, looping: bool = False) -> Unknown:
    """An address of this host on an interface that isn't known."""
    region, family = scope.host.local_region(), scope.host.family
    own = subtract(region, loopback(family).region or ()) if region and not looping else region
    return Unknown(f"address of the {which} interface", _bits(scope), local=True, possible=own or None)


def _ports(options: Sequence[Option], scope: Scope) -> _To:
    """What --to-ports says, or that nothing does."""
    text = next((option.value for option in options if option.name == "to-ports"), "")
    if not text:
        return _To(None, None, None, None, "another")
    low, _, high = text.partition("-")
    return _To(None, None, port(low), port(high or low), text)


def _redirect(options: Sequence[Option], scope: Scope) -> Apply:
    to, draws = _ports(options, scope), _draws(options)
    text = next((option.value for option in options if option.name == "to-ports"), "")

    def apply(packet: Packet) -> Effect:
        number = _port(to, packet.dport, packet, draws)
        words = f"REDIRECT {text}".strip()
        if scope.hook == OUTPUT:
            loopback = parse("127.0.0.1" if scope.host.family == 4 else "::1", scope.host.family)
            new = packet.but(dst=loopback, dport=number)
        elif scope.host.family == 4 and bare(scope.host, packet.in_):
            return Effect(packet, "DROP", words, "the incoming interface has no address to redirect to")
        else:
            new = packet.but(dst=_coming(packet, scope), dport=number)
        written = _written(new.dst, number if text else None, f"this host:{text}" if text else "this host", scope)
        if scope.hook == OUTPUT or not _narrow(packet.dst, scope):
            return Effect(new.but(dnat=written), "ACCEPT", words)
        why = "whether the incoming interface has an address of the destination's scope is not known"
        without = Effect(packet, "DROP", words, "the incoming interface has no address of the destination's scope")
        return Effect(
            new.but(dnat=written), "ACCEPT", words, None, Unsure(Fact(("redirect", packet.dst)), why), without
        )

    return apply


def _coming(packet: Packet, scope: Scope) -> Number:
    """The address of the incoming interface, its first one for IPv4 (nf_nat_redirect_ipv4)."""
    first = first_on(scope.host, packet.in_) if scope.host.family == 4 and isinstance(packet.in_, str) else None
    return _own("incoming", scope) if first is None else first


def _narrow(address: Number, scope: Scope) -> bool:
    """Whether an IPv6 address surely has a scope below global; REDIRECT then wants the same of the interface's own."""
    nets = ("fe80::/9", "ff01::/ff0f::", "ff02::/ff0f::", "ff05::/ff0f::")
    return scope.host.family == 6 and isinstance(address, int) and any(address in network(net, 6) for net in nets)


def _netmap(options: Sequence[Option], scope: Scope) -> Apply:
    to = network(_named(options, "to"), scope.host.family)
    source = scope.hook in (POSTROUTING, INPUT)

    def apply(packet: Packet) -> Effect:
        old = packet.src if source else packet.dst
        host_bits = ~to.mask & ((1 << to.bits) - 1)
        new: Number = (
            Unknown(f"{old.label} mapped", to.bits, possible=to.region)
            if isinstance(old, Unknown)
            else to.address | old & host_bits
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


_FLAG_WORDS = {
    "random": "with a port drawn by the connection's hash",
    "random-fully": "with a port drawn at random",
    "persistent": "with the same address for a client each time",
}


def _say(words: str, *names: str) -> SayAll:
    """`words` may hold the name of what is translated; the value follows, then what the flags ask for."""

    def say(options: Sequence[Option]) -> str:
        value = next((option.value for option in options if option.name in names), "")
        flags = [_FLAG_WORDS[option.name] for option in options if option.name in _FLAG_WORDS]
        return ", ".join([words.format(_to_words(value)), *flags])

    return say


def _to_words(text: str) -> str:
    """What a --to-… names: as it is written, ranges in words."""
    addresses, ports = split_endpoint(text, 6 if text.count(":") > 1 and not text.startswith("[") else 4)
    low, dash, high = addresses.partition("-")
    if not dash and (ports is None or not _RANGE.search(ports)):
        return text
    words = [f"an address from {low} to {high}" if dash else low] if addresses else []
    return " and ".join([*words, *([_port_words(ports)] if ports else [])])


_RANGE = pattern(r"\d-\d|/")


def _port_words(text: str) -> str:
    """PORT, LOW-HIGH, or LOW-HIGH/BASE: the port's distance from BASE is kept."""
    ports, _, base = text.partition("/")
    low, dash, high = ports.partition("-")
    words = f"a port from {low} to {high}" if dash and low.isdecimal() else f"port {ports}"
    return f"{words} ({base} becoming {low}, and so on)" if base else words


def _say_ports(words: str, between: str) -> SayAll:
    def say(options: Sequence[Option]) -> str:
        value = next((option.value for option in options if option.name == "to-ports"), "")
        flags = [_FLAG_WORDS[option.name] for option in options if option.name in _FLAG_WORDS]
        return ", ".join([words + (f"{between}{_port_words(value)}" if value else ""), *flags])

    return say


_MASQUERADE = "masquerade: change the source to the address of the interface that it leaves by"
TARGETS = {
    "DNAT": TargetExtension(
        declare("to-destination: nat", *_FLAGS, needed="to-destination", tables="nat", hooks="PREROUTING OUTPUT"),
        _destination,
        _say("change the destination to {}", "to-destination"),
    ),
    "SNAT": TargetExtension(
        declare("to-source: nat", *_FLAGS, needed="to-source", tables="nat", hooks="POSTROUTING INPUT"),
        _source,
        _say("change the source to {}", "to-source"),
    ),
    "MASQUERADE": TargetExtension(
        declare("to-ports: natports", *_FLAGS, tables="nat", hooks="POSTROUTING"),
        _masquerade,
        _say_ports(_MASQUERADE, ", with "),
    ),
    "REDIRECT": TargetExtension(
        declare("to-ports: natports", *_FLAGS, tables="nat", hooks="PREROUTING OUTPUT"),
        _redirect,
        _say_ports("redirect it to this host itself", ", "),
    ),
    "NETMAP": TargetExtension(
        declare("to: network", needed="to", tables="nat"),
        _netmap,
        each_said(
            {"to": said("map the address one to one into {} (the destination; in POSTROUTING and INPUT the source)")}
        ),
    ),
}
