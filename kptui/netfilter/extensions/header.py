"""length, ttl, hl, tos, dscp, mac, pkttype, tcpmss and the targets that change such header fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kptui.netfilter.extensions.base import (
    Apply,
    Effect,
    MatchExtension,
    Say,
    Scope,
    TargetExtension,
    Test,
    TestOf,
    independent,
    setting,
    spoken,
)
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, within
from kptui.netfilter.intervals import Intervals
from kptui.netfilter.packet import Packet
from kptui.syntax.ast import Option

_DSCP_CLASSES = {"BE": 0, "EF": 46} | {f"CS{n}": n * 8 for n in range(8)}
_DSCP_CLASSES |= {f"AF{i}{j}": i * 8 + j * 2 for i in range(1, 5) for j in range(1, 4)}


def _range(text: str) -> Intervals:
    low, colon, high = text.partition(":")
    return ((int(low or "0", 0), int(high, 0) if high else 65535 if colon else int(low, 0)),)


def _field(field: str, what: str, region: Callable[[str], Intervals]) -> TestOf:
    def test_of(option: Option, scope: Scope) -> Test:
        wanted = region(option.value)
        return lambda packet: within(getattr(packet, field), wanted, f"the {what}")

    return test_of


def _hops(what: str, prefix: str) -> MatchExtension:
    def exactly(text: str) -> Intervals:
        return ((int(text), int(text)),)

    def below(text: str) -> Intervals:
        return ((0, int(text) - 1),) if int(text) else ()

    def above(text: str) -> Intervals:
        return ((int(text) + 1, 255),)

    return independent(
        {
            f"{prefix}-eq": (1, _field("ttl", what, exactly), lambda option: f"{what} {option.value}"),
            f"{prefix}-lt": (1, _field("ttl", what, below), lambda option: f"{what} below {option.value}"),
            f"{prefix}-gt": (1, _field("ttl", what, above), lambda option: f"{what} above {option.value}"),
        }
    )


def _masked(value: int, mask: int) -> Test:
    def test(packet: Packet) -> Answer:
        if isinstance(packet.tos, Unknown):
            return Unsure(Fact((packet.tos.label, value, mask)), "the TOS is not known")
        return packet.tos & mask == value

    return test


def _tos(option: Option, scope: Scope) -> Test:
    value, _, mask = option.value.partition("/")
    return _masked(int(value, 0), int(mask, 0) if mask else 0xFF)


def _dscp(option: Option, scope: Scope) -> Test:
    named = option.name == "dscp-class"
    return _masked((_DSCP_CLASSES[option.value.upper()] if named else int(option.value, 0)) << 2, 0xFC)


def _mac(option: Option, scope: Scope) -> Test:
    wanted = option.value.lower()
    unsure = Unsure(Fact(("mac", wanted)), "the source MAC address is not known")
    return lambda packet: unsure if isinstance(packet.mac_source, Unknown) else packet.mac_source.lower() == wanted


def _told(option: Option, scope: Scope) -> Test:
    return setting(scope, option.name, option.values, f"the packet's {option.name.replace('-', ' ')} is not known")


def _words(what: str) -> Say:
    return lambda option: f"{what} {option.value}"


MATCHES = {
    "length": independent({"length": (1, _field("length", "packet length", _range), _words("length"))}),
    "ttl": _hops("TTL", "ttl"),
    "hl": _hops("hop limit", "hl"),
    "tos": independent({"tos": (1, _tos, _words("TOS"))}),
    "dscp": independent({"dscp": (1, _dscp, _words("DSCP")), "dscp-class": (1, _dscp, _words("DSCP class"))}),
    "mac": independent({"mac-source": (1, _mac, _words("from MAC"))}),
    "pkttype": independent({"pkt-type": (1, _told, _words("link-layer"))}),
    "tcpmss": independent({"mss": (1, _field("mss", "MSS", _range), _words("MSS"))}),
}


def _set_hops(options: Sequence[Option], scope: Scope) -> Apply:
    option = options[0]
    number, how = int(option.value), option.name.rsplit("-", 1)[1]

    def apply(packet: Packet) -> Effect:
        if how == "set":
            new: int | Unknown = number
        elif isinstance(packet.ttl, int):
            new = max(0, min(255, packet.ttl + (number if how == "inc" else -number)))
        else:
            new = Unknown(f"{packet.ttl.label} {how} {number}", 8)
        return Effect(packet.but(ttl=new), None, f"TTL {new if isinstance(new, int) else f'{how} {number}'}")

    return apply


def _set_tos(options: Sequence[Option], scope: Scope) -> Apply:
    option = options[0]
    named = {
        "set-dscp": lambda text: int(text, 0) << 2,
        "set-dscp-class": lambda text: _DSCP_CLASSES[text.upper()] << 2,
    }

    def apply(packet: Packet) -> Effect:
        if option.name in named:
            value, keep = named[option.name](option.value), 0x03
        else:
            text, _, mask = option.value.partition("/")
            value, keep = int(text, 0), ~int(mask, 0) & 0xFF if mask else 0
        old = packet.tos
        new = (
            (old & keep) ^ value if isinstance(old, int) else value if keep == 0 else Unknown(f"{old.label} changed", 8)
        )
        return Effect(packet.but(tos=new), None, spoken(option).lstrip("-"))

    return apply


def _passes(name: str) -> Callable[[Sequence[Option], Scope], Apply]:
    def compile_it(options: Sequence[Option], scope: Scope) -> Apply:
        words = " ".join([name, *(spoken(option) for option in options)])
        return lambda packet: Effect(packet, None, words)

    return compile_it


def _say(what: str) -> Callable[[Sequence[Option]], str]:
    return lambda options: " ".join([what, *(spoken(option).lstrip("-") for option in options)])


def _target(name: str, options: dict[str, int], words: str) -> TargetExtension:
    """A target that changes what no match here looks at, and passes the packet on."""
    return TargetExtension(options, _passes(name), _say(words))


TARGETS = {
    "TTL": TargetExtension({"ttl-set": 1, "ttl-inc": 1, "ttl-dec": 1}, _set_hops, _say("change the TTL:")),
    "HL": TargetExtension({"hl-set": 1, "hl-inc": 1, "hl-dec": 1}, _set_hops, _say("change the hop limit:")),
    "TOS": TargetExtension({"set-tos": 1, "and-tos": 1, "or-tos": 1, "xor-tos": 1}, _set_tos, _say("change the TOS:")),
    "DSCP": TargetExtension({"set-dscp": 1, "set-dscp-class": 1}, _set_tos, _say("change the DSCP:")),
    "TCPMSS": _target("TCPMSS", {"set-mss": 1, "clamp-mss-to-pmtu": 0}, "change the MSS:"),
    "TCPOPTSTRIP": _target("TCPOPTSTRIP", {"strip-options": 1}, "strip TCP options:"),
    "CHECKSUM": _target("CHECKSUM", {"checksum-fill": 0}, "compute the checksum:"),
    "CLASSIFY": _target("CLASSIFY", {"set-class": 1}, "set the queueing class:"),
    "ECN": _target("ECN", {"ecn-tcp-remove": 0}, "remove ECN:"),
}
