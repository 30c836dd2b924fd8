"""tcp, udp, sctp, udplite, dccp, multiport: ports and TCP's flags (xt_tcpudp.c, xt_multiport.c)."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, TestOf, independent, setting
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, negate, within
from kptui.netfilter.intervals import Intervals, contains, normal
from kptui.netfilter.packet import DCCP, SCTP, TCP, UDP, UDPLITE, WITH_PORTS, Packet, flag_names, flags
from kptui.syntax.ast import Option


def port(text: str) -> int:
    """A port by number or by name (services(5)); raises ValueError."""
    if text.isdecimal() and int(text) <= 65535:
        return int(text)
    try:
        return socket.getservbyname(text)
    except OSError:
        raise ValueError(f"“{text}” is no port") from None


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
    unsure = Unsure(Fact(("tcp flags", mask, wanted)), "the TCP flags are not known")
    return lambda packet: (packet.tcp_flags & mask == wanted) if isinstance(packet.tcp_flags, int) else unsure


def _say_flags(option: Option) -> str:
    try:
        return f"TCP flags {flag_names(flags(option.values[1]))} of {flag_names(flags(option.values[0]))}"
    except ValueError:
        return "TCP flags " + " ".join(option.values)


def _unknown_option(name: str) -> TestOf:
    return lambda option, scope: setting(
        scope, name, option.values, f"what --{name} asks of the packet is not modelled"
    )


def _of_protocol(number: int, extra: Mapping[str, tuple[int, TestOf]]) -> MatchExtension:
    """A match on a protocol with ports: never true for another protocol, not even negated."""
    said = {"tcp-flags": _say_flags, "syn": lambda option: "opening a connection (SYN)"}
    inner = independent(
        {
            "sport": (1, source_port, lambda option: f"from port {option.value}"),
            "source-port": (1, source_port, lambda option: f"from port {option.value}"),
            "dport": (1, destination_port, lambda option: f"to port {option.value}"),
            "destination-port": (1, destination_port, lambda option: f"to port {option.value}"),
            **{
                name: (count, test, said.get(name, lambda option: " ".join([option.name, *option.values])))
                for name, (count, test) in extra.items()
            },
        }
    )

    def compile_all(options: Sequence[Option], scope: Scope) -> list[Test]:
        return [lambda packet: of_protocol(packet, number), *inner.compile(options, scope)]

    return MatchExtension(inner.options, compile_all, inner.say)


def of_protocol(packet: Packet, number: int) -> Answer:
    """Whether the packet is of that protocol."""
    return within(packet.proto, ((number, number),), "the protocol")


def _multiport(options: Sequence[Option], scope: Scope) -> list[Test]:
    tests: list[Test] = [lambda packet: within(packet.proto, normal([(p, p) for p in WITH_PORTS]), "the protocol")]
    for option in options:
        region = ports(option.value)
        inner = {"s": source_port, "d": destination_port}.get(option.name[0])
        test = inner(option, scope) if inner else _either(region)
        tests.append(_inverted(test) if option.negated else test)
    return tests


def _either(region: Intervals) -> Test:
    """--ports: the source or the destination port."""

    def test(packet: Packet) -> Answer:
        found = [packet.sport, packet.dport]
        if any(isinstance(number, int) and contains(region, number) for number in found):
            return True
        unknown = tuple(number.label for number in found if isinstance(number, Unknown))
        return (
            Unsure(Fact(("ports", unknown, region)), f"the {' and the '.join(unknown)} are not known")
            if unknown
            else False
        )

    return test


def _inverted(test: Test) -> Test:
    return lambda packet: negate(test(packet))


def _say_multiport(options: Sequence[Option]) -> str:
    words = {"s": "from port", "d": "to port", "p": "from or to port"}
    return ", ".join(
        f"{'not ' if option.negated else ''}{words.get(option.name[0], option.name)} {option.value.replace(',', ', ')}"
        for option in options
    )


MATCHES = {
    "tcp": _of_protocol(
        TCP, {"tcp-flags": (2, _tcp_flags), "syn": (0, _syn), "tcp-option": (1, _unknown_option("tcp-option"))}
    ),
    "udp": _of_protocol(UDP, {}),
    "udplite": _of_protocol(UDPLITE, {}),
    "sctp": _of_protocol(SCTP, {"chunk-types": (2, _unknown_option("chunk-types"))}),
    "dccp": _of_protocol(
        DCCP, {"dccp-types": (1, _unknown_option("dccp-types")), "dccp-option": (1, _unknown_option("dccp-option"))}
    ),
    "multiport": MatchExtension(
        {"sports": 1, "source-ports": 1, "dports": 1, "destination-ports": 1, "ports": 1}, _multiport, _say_multiport
    ),
}
