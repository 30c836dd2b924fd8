"""conntrack, state, CT, NOTRACK: what connection tracking thinks of the packet (xt_conntrack.c, xt_CT.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.address import network
from kptui.netfilter.extensions.base import (
    Apply,
    Effect,
    Scope,
    TargetExtension,
    Test,
    TestOf,
    independent,
    setting,
    spoken,
)
from kptui.netfilter.extensions.ports import ports
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, within
from kptui.netfilter.packet import Packet
from kptui.netfilter.protocols import protocol_number
from kptui.syntax.ast import Option


def _states(option: Option, scope: Scope) -> Test:
    """--ctstate: the state, or the status bits that DNAT and SNAT set (SNAT and DNAT are no states of their own)."""
    wanted = frozenset(option.value.upper().split(","))

    def test(packet: Packet) -> Answer:
        if packet.ctstate in wanted:
            return True
        return ("DNAT" in wanted and packet.dnat is not None) or ("SNAT" in wanted and packet.snat is not None)

    return test


def _direction(option: Option, scope: Scope) -> Test:
    wanted = option.value.upper()

    def test(packet: Packet) -> Answer:
        if packet.ctstate == "NEW":
            return wanted == "ORIGINAL"
        return Unsure(Fact(("ctdir", wanted)), "which way of its connection the packet goes is not known")

    return test


def _original(field: str) -> TestOf:
    """--ctorigsrc and --ctorigdst: the connection's addresses before any NAT."""

    def test_of(option: Option, scope: Scope) -> Test:
        net = network(option.value, scope.host.family)

        def test(packet: Packet) -> Answer:
            value = getattr(packet.original or packet, field)
            if packet.ctstate != "NEW" or (isinstance(value, Unknown) and net.region is None):
                return Unsure(Fact(("ct", option.name, option.values)), "the connection's first packet is not known")
            return (
                within(value, net.region or (), f"the original {value.label}")
                if isinstance(value, Unknown)
                else value in net
            )

        return test

    return test_of


def _original_port(field: str) -> TestOf:
    def test_of(option: Option, scope: Scope) -> Test:
        region = ports(option.value)

        def test(packet: Packet) -> Answer:
            if packet.ctstate != "NEW":
                return Unsure(Fact(("ct", option.name, option.values)), "the connection's first packet is not known")
            return within(getattr(packet.original or packet, field), region, "the original port")

        return test

    return test_of


def _protocol(option: Option, scope: Scope) -> Test:
    number = protocol_number(option.value)
    return lambda packet: within(packet.proto, ((number, number),), "the protocol")


def _unknown(option: Option, scope: Scope) -> Test:
    return setting(scope, option.name, (option.name, option.values), f"the connection's {option.name[2:]} is not known")


_STATES = (1, _states, lambda option: f"connection state {option.value.replace(',', ' or ')}")
MATCHES = {
    "state": independent({"state": _STATES}),
    "conntrack": independent(
        {
            "ctstate": _STATES,
            "ctproto": (1, _protocol, lambda option: f"connection of protocol {option.value}"),
            "ctorigsrc": (1, _original("src"), lambda option: f"connection opened from {option.value}"),
            "ctorigdst": (1, _original("dst"), lambda option: f"connection opened to {option.value}"),
            "ctorigsrcport": (1, _original_port("sport"), lambda option: f"connection opened from port {option.value}"),
            "ctorigdstport": (1, _original_port("dport"), lambda option: f"connection opened to port {option.value}"),
            "ctreplsrc": (1, _unknown, spoken),
            "ctrepldst": (1, _unknown, spoken),
            "ctreplsrcport": (1, _unknown, spoken),
            "ctrepldstport": (1, _unknown, spoken),
            "ctstatus": (1, _unknown, spoken),
            "ctexpire": (1, _unknown, spoken),
            "ctdir": (1, _direction, lambda option: f"in the {option.value.lower()} direction of its connection"),
        }
    ),
}


def _ct(options: Sequence[Option], scope: Scope) -> Apply:
    if any(option.name == "notrack" for option in options):
        return _notrack(options, scope)
    words = " ".join(spoken(option) for option in options)
    return lambda packet: Effect(packet, None, f"CT {words}".strip())


def _notrack(options: Sequence[Option], scope: Scope) -> Apply:
    return lambda packet: Effect(packet.but(ctstate="UNTRACKED"), None, "not tracked")


def _say_ct(options: Sequence[Option]) -> str:
    if any(option.name == "notrack" for option in options):
        return "do not track the connection, so no NAT"
    return "set up tracking: " + " ".join(spoken(option) for option in options)


TARGETS = {
    "CT": TargetExtension(
        {
            "notrack": 0,
            "helper": 1,
            "ctevents": 1,
            "expevents": 1,
            "zone": 1,
            "zone-orig": 1,
            "zone-reply": 1,
            "timeout": 1,
        },
        _ct,
        _say_ct,
    ),
    "NOTRACK": TargetExtension({}, _notrack, lambda options: "do not track the connection, so no NAT"),
}
