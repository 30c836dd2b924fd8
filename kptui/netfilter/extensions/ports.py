"""tcp, udp, sctp, udplite, dccp, multiport: ports and TCP's flags (xt_tcpudp.c, xt_multiport.c)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, TestOf, independent, setting
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.values import is_number, number, service
from kptui.netfilter.extensions.words import Say, both, either, said
from kptui.netfilter.extensions.words import ports as port_words
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, negate, under_mask, within
from kptui.netfilter.intervals import Intervals, contains, normal
from kptui.netfilter.packet import DCCP, SCTP, TCP, UDP, UDPLITE, WITH_PORTS, Packet, flag_names, flags
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Declared, Given


def port(text: str) -> int:
    """A port by number or by name (services(5)); raises ValueError."""
    if is_number(text, 0, 65535):
        return number(text)
    found = service(text)
    if found is None:
        raise ValueError(f"“{text}” is no port")
    return found


def ports(text: str) -> Intervals:
    """PORT, FROM:TO, or with an end left open, separated by commas; raises ValueError."""
    found = []
    for part in text.split(","):
        low, colon, high = part.partition(":")
        if not colon:
            found.append((port(part), port(part)))
        else:
            found.append((port(low) if low else 0, port(high) if high else 65535))
    return normal(found)


def source_port(option: Option, scope: Scope) -> Test:
    """--sport."""
    region = ports(option.value)
    return lambda packet: within(packet.sport, region, "the source port")


def destination_port(option: Option, scope: Scope) -> Test:
    """--dport."""
    region = ports(option.value)
    return lambda packet: within(packet.dport, region, "the destination port")


def _tcp_flags(option: Option, scope: Scope) -> Test:
    mask, wanted = flags(option.values[0]), flags(option.values[1])
    return _flags(mask, wanted)


def _syn(option: Option, scope: Scope) -> Test:
    return _flags(flags("FIN,SYN,RST,ACK"), flags("SYN"))


def _flags(mask: int, wanted: int) -> Test:
    return lambda packet: under_mask(packet.tcp_flags, mask, wanted, "the TCP flags")


def _say_flags(option: Option) -> str:
    """Which flags have to be set of those that are looked at; the opening of a connection by its name."""
    mask, wanted = flags(option.values[0]), flags(option.values[1])
    if (mask, wanted) == (flags("FIN,SYN,RST,ACK"), flags("SYN")):
        return _SYN(option)
    names = flag_names(mask)
    if wanted & ~mask:
        how = f"{flag_names(wanted)} of {names}, which {'always' if option.negated else 'never'} holds"
    elif wanted == 0:
        how = f"{'any' if option.negated else 'none'} of {names} set"
    elif wanted == mask:
        single = wanted & (wanted - 1) == 0
        how = f"{'not ' if option.negated else ''}{names if single else f'all of {names}'} set"
    else:
        how = f"of {names} {'not ' if option.negated else ''}just {flag_names(wanted)} set"
    return f"TCP flags: {how}"


_SYN = said("opening a connection (SYN)", "not opening a connection (no lone SYN)")


def _unknown_option(name: str) -> TestOf:
    return lambda option, scope: setting(
        scope, name, option.values, f"what --{name} asks of the packet is not modelled"
    )


_SPORT = (source_port, said("from {}", "not from {}", port_words))
_DPORT = (destination_port, said("to {}", "not to {}", port_words))


def _of_protocol(protocol: int, options: Declared, extra: Mapping[str, tuple[TestOf, Say]]) -> MatchExtension:
    """A match on a protocol with ports: never true for another protocol, not even negated."""
    inner = independent(options, {"sport": _SPORT, "dport": _DPORT, **extra})

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        return [lambda packet: of_protocol(packet, protocol), *inner.compile(given, scope)]

    return MatchExtension(options, compile_all, inner.say)


def of_protocol(packet: Packet, number: int) -> Answer:
    """Whether the packet is of that protocol and has its header: a later fragment has none."""
    return not packet.fragment and within(packet.proto, ((number, number),), "the protocol")


def _multiport(options: Sequence[Option], scope: Scope) -> list[Test]:
    protocols = normal([(number, number) for number in WITH_PORTS])
    tests: list[Test] = [lambda packet: not packet.fragment and within(packet.proto, protocols, "the protocol")]
    for option in options:
        region = ports(option.value)
        inner = {"s": source_port, "d": destination_port}.get(option.name[0])
        test = inner(option, scope) if inner else _either(region)
        tests.append(_inverted(test) if option.negated else test)
    return tests


_PORT = "the source or destination port"


def _either(region: Intervals) -> Test:
    """--ports: the source or the destination port."""

    def test(packet: Packet) -> Answer:
        found = [packet.sport, packet.dport]
        if any(isinstance(number, int) and contains(region, number) for number in found):
            return True
        # A known port that isn't in it leaves the question to the other.
        unknown = [answer for answer in (within(number, region, _PORT) for number in found) if answer is not False]
        if True in unknown or len(unknown) < 2:
            return True if True in unknown else unknown[0] if unknown else False
        labels = tuple(number.label for number in found if isinstance(number, Unknown))
        return Unsure(Fact(("ports", labels, region)), f"the {' and the '.join(labels)} are not known")

    return test


def _inverted(test: Test) -> Test:
    return lambda packet: negate(test(packet))


def _say_multiport(options: Sequence[Option]) -> str:
    sides = {"s": "from", "d": "to", "p": "from or to"}
    return ", ".join(
        f"{'not ' if option.negated else ''}{sides[option.name[0]]} {port_words(option.value)}" for option in options
    )


def _say_chunks(option: Option) -> str:
    how, kinds = option.values
    words = {"any": "with any of the SCTP chunks {}", "all": "with all of the SCTP chunks {}"}
    only = "with no SCTP chunks but {}"
    return ("not " if option.negated else "") + words.get(how.lower(), only).format(both(kinds))


_ORDERED = ("! sport|source-port: orderedports", "! dport|destination-port: orderedports")
_ANY_ORDER = ("! sport|source-port: ports", "! dport|destination-port: ports")
_CHUNKS = (
    "DATA|INIT|INIT_ACK|SACK|HEARTBEAT|HEARTBEAT_ACK|ABORT|SHUTDOWN|SHUTDOWN_ACK|ERROR|COOKIE_ECHO|COOKIE_ACK"
    "|ECN_ECNE|ECN_CWR|SHUTDOWN_COMPLETE|I_DATA|RE_CONFIG|PAD|ASCONF|ASCONF_ACK|FORWARD_TSN|I_FORWARD_TSN|ALL|NONE"
)
_DCCP = "REQUEST|RESPONSE|DATA|ACK|DATAACK|CLOSEREQ|CLOSE|RESET|SYNC|SYNCACK|INVALID"


def _chunks(given: Sequence[Given]) -> str | None:
    """--chunk-types any|all|only CHUNK[:FLAGS],…"""
    known = _CHUNKS.split("|")
    for option in given:
        if option.name == "chunk-types":
            wrong = [part for part in option.values[1].split(",") if part.partition(":")[0].upper() not in known]
            if wrong:
                return f"“{wrong[0]}” is no SCTP chunk type"
    return None


MATCHES = {
    "tcp": _of_protocol(
        TCP,
        declare(
            *_ORDERED, "! tcp-flags: tcpflags tcpflags", "! syn", "! tcp-option: u8(1-)",
            alone="syn|tcp-flags", protocols="tcp",
        ),
        {
            "tcp-flags": (_tcp_flags, _say_flags),
            "syn": (_syn, _SYN),
            "tcp-option": (_unknown_option("tcp-option"), said("with the TCP option {}", "without the TCP option {}")),
        },
    ),
    "udp": _of_protocol(UDP, declare(*_ANY_ORDER, protocols="udp"), {}),
    "udplite": _of_protocol(UDPLITE, declare(*_ANY_ORDER, protocols="udplite"), {}),
    "sctp": _of_protocol(
        SCTP,
        declare(
            *_ANY_ORDER, "! chunk-types: ienum(any|all|only) text(1-)",
            protocols="sctp", check=_chunks,
        ),
        {
            "chunk-types": (
                _unknown_option("chunk-types"), _say_chunks
            ),
        },
    ),
    "dccp": _of_protocol(
        DCCP,
        declare(*_ANY_ORDER, f"! dccp-types: each({_DCCP})", "! dccp-option: u8(1-)", protocols="dccp"),
        {
            "dccp-types": (_unknown_option("dccp-types"), said("DCCP type {}", "DCCP type not {}", either)),
            "dccp-option": (_unknown_option("dccp-option"), said("with DCCP option {}", "without DCCP option {}")),
        },
    ),
    "multiport": MatchExtension(
        declare(
            "! sports|source-ports: portlist", "! dports|destination-ports: portlist", "! ports: portlist",
            needed="sports|dports|ports", alone="sports|dports|ports", protocols="tcp udp udplite sctp dccp",
        ),
        _multiport,
        _say_multiport,
    ),
}  # fmt: skip
