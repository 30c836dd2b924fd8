"""conntrack, state, CT, NOTRACK: what connection tracking thinks of the packet (xt_conntrack.c, xt_CT.c)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from kptui.netfilter.address import network
from kptui.netfilter.extensions.base import (
    Apply,
    Effect,
    MatchExtension,
    Scope,
    TargetExtension,
    Test,
    TestOf,
    independent,
    setting,
)
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.known import for_known
from kptui.netfilter.extensions.ports import ports
from kptui.netfilter.extensions.values import is_number, number
from kptui.netfilter.extensions.words import (
    Say,
    both,
    constant,
    either,
    listed,
    named,
    said,
    span,
    spoken,
)
from kptui.netfilter.extensions.words import (
    ports as port_words,
)
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, under_mask, within
from kptui.netfilter.intervals import Intervals, intersect
from kptui.netfilter.packet import DCCP, WITH_PORTS, Number, Packet
from kptui.netfilter.protocols import protocol_number
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Given

_TRACKED = WITH_PORTS - {DCCP}
"""Protocols of which conntrack keeps ports on every kernel: since Linux 6.16 it knows nothing of DCCP."""


def _states(option: Option, scope: Scope) -> Test:
    """--ctstate: the state, or the status bits that DNAT and SNAT set (SNAT and DNAT are no states of their own)."""
    wanted = frozenset(option.value.upper().split(","))

    def test(packet: Packet) -> Answer:
        if packet.state in wanted:
            return True
        answers = [_translated(packet, side) for side in ("DNAT", "SNAT") if side in wanted]
        return True if True in answers else next((answer for answer in answers if answer is not False), False)

    return test


def _translated(packet: Packet, side: str) -> Answer:
    """Whether NAT changed anything: what is translated to what it is already gets no status bit (nf_nat_setup_info)."""
    destination, before = side == "DNAT", packet.original
    if packet.ctstate in ("ESTABLISHED", "RELATED"):
        return Unsure(Fact(("status", side)), f"whether the connection has had {side} is not known")
    if (packet.dnat if destination else packet.snat) is None:
        return False
    if before is None:
        return True
    pairs = (
        [(before.dst, packet.dst), (before.dport, packet.dport)]
        if destination
        else [(before.src, packet.src), (before.sport, packet.sport)]
    )
    if any(not intersect(_values(old), _values(new)) for old, new in pairs):
        return True
    if all(old == new for old, new in pairs):
        return False
    fact = Fact((side, *(value for pair in pairs for value in pair)))
    return Unsure(fact, f"whether {side} changed anything is not known")


def _values(value: Number) -> Intervals:
    return value.space if isinstance(value, Unknown) else ((value, value),)


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
            if packet.ctstate != "NEW":
                return Unsure(Fact(("ct", option.name, option.values)), "the connection's first packet is not known")
            value: Number = getattr(packet.original or packet, field)
            if isinstance(value, Unknown) and net.region is not None:
                return within(value, net.region, f"the original {value.label}")
            return under_mask(value, net.mask, net.address, "the connection's first packet")

        return test

    return test_of


def _original_port(field: str) -> TestOf:
    def test_of(option: Option, scope: Scope) -> Test:
        region = ports(option.value)

        def test(packet: Packet) -> Answer:
            # Other protocols keep something else where ports are: an ICMP echo's number, a GRE key.
            if packet.ctstate != "NEW" or packet.proto not in _TRACKED:
                return Unsure(Fact(("ct", option.name, option.values)), "the connection's first packet is not known")
            return within(getattr(packet.original or packet, field), region, "the original port")

        return test

    return test_of


def _answered(field: Literal["src", "dst", "sport", "dport"]) -> TestOf:
    """--ctrepl…: the addresses and ports of an answer, the packet's own turned round, after any NAT so far."""

    def test_of(option: Option, scope: Scope) -> Test:
        of_port = field.endswith("port")
        net = None if of_port else network(option.value, scope.host.family)
        region = ports(option.value) if net is None else net.region
        what = f"the {option.name[2:]} of the connection"

        def test(packet: Packet) -> Answer:
            if packet.ctstate != "NEW" or packet.zone is None or (of_port and packet.proto not in _TRACKED):
                return Unsure(Fact(("ct", option.name, option.values)), f"{what} is not known")
            value: Number = getattr(packet, field)
            if region is not None:
                return within(value, region, what)
            assert net is not None
            return under_mask(value, net.mask, net.address, what)

        return test

    return test_of


_STATUS = {"NONE": 0, "EXPECTED": 1, "SEEN_REPLY": 2, "ASSURED": 4, "CONFIRMED": 8}


def _status(option: Option, scope: Scope) -> Test:
    """--ctstatus: whether one of these bits is set (so NONE never matches).

    The first packet has none before it leaves the host or arrives there, which confirms its connection; one that is
    ESTABLISHED has been answered.
    """
    wanted = 0
    for name in option.value.upper().split(","):
        wanted |= _STATUS[name]
    told = scope.host.settings.get(option.name)

    def test(packet: Packet) -> Answer:
        if told is not None:
            return told.lower() in ("yes", "true", "1")
        surely, perhaps = _bits_of(packet)
        if wanted & surely:
            return True
        if not wanted & perhaps:
            return False
        return Unsure(Fact(("ctstatus", wanted & perhaps)), "the connection's status is not known")

    return test


def _bits_of(packet: Packet) -> tuple[int, int]:
    """(Status bits that are set, bits that may be)."""
    if packet.ctstate == "NEW":
        return 0 if packet.first else _STATUS["CONFIRMED"], 0
    if packet.ctstate == "ESTABLISHED":
        return _STATUS["SEEN_REPLY"] | _STATUS["CONFIRMED"], 15
    return 0, 15


def _protocol(option: Option, scope: Scope) -> Test:
    number = protocol_number(option.value)
    return lambda packet: within(packet.proto, ((number, number),), "the protocol")


def _unknown(option: Option, scope: Scope) -> Test:
    return setting(scope, option.name, (option.name, option.values), f"the connection's {option.name[2:]} is not known")


def _say_states(option: Option) -> str:
    """SNAT and DNAT are no states, but what was done to the connection."""
    given = option.value.upper().split(",")
    states, done = [each for each in given if each not in _DONE], [_DONE[each] for each in given if each in _DONE]
    if option.negated:
        words = f"connection state neither {listed(states, 'nor')}" if len(states) > 1 else ""
        words = words or (f"connection state not {states[0]}" if states else "")
        return ", ".join(filter(None, [words, *(f"connection not {each}" for each in done)]))
    return ", or ".join(
        [*([f"connection state {listed(states)}"] if states else []), *(f"connection {d}" for d in done)]
    )


_DONE = {"DNAT": "translated by DNAT", "SNAT": "translated by SNAT"}
_STATES = (_states, _say_states)
_STATE_NAMES = "INVALID|NEW|ESTABLISHED|RELATED|UNTRACKED"
_EVENTS = "each(new|related|destroy|reply|assured|protoinfo|helper|mark|natseqinfo|secmark)"


def _port_said(words: str) -> Say:
    return said(f"connection {words} {{}}", f"connection not {words} {{}}", port_words)


def _say_direction(option: Option) -> str:
    back = option.value.upper() == "REPLY"
    return "in the reply direction of its connection" if back else "in the direction its connection was opened in"


def _something(given: Sequence[Given]) -> str | None:
    """Conntrack wants something to look at."""
    return None if given else "the match needs at least one option"


def _of_connection(inner: MatchExtension) -> MatchExtension:
    """Without a connection nothing but the state is asked, and without --ctstate the match fails, negated or not."""

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        state = any(option.name == "ctstate" for option in given)
        tests = [inner.compile([option], scope) for option in given]
        return [
            found if option.name == "ctstate" else _if_connected(found, option, state)
            for option, [found] in zip(given, tests, strict=True)
        ]

    return MatchExtension(inner.options, compile_all, inner.say)


def _if_connected(inner: Test, option: Option, otherwise: bool) -> Test:
    fact = Fact(("template", option.name, option.values))
    unsure = Unsure(fact, "conntrack has not looked at the packet yet", holds=not option.negated)

    def test(packet: Packet) -> Answer:
        if packet.template:
            return unsure
        return inner(packet) if packet.connected else otherwise

    return test


MATCHES = {
    "state": independent(
        declare(f"! state: each({_STATE_NAMES})", needed="state"),
        {"state": _STATES},
    ),
    "conntrack": _of_connection(for_known(independent(
        declare(
            f"! ctstate: each({_STATE_NAMES}|SNAT|DNAT)",
            "! ctproto: protocol",
            "! ctorigsrc: network", "! ctorigdst: network", "! ctreplsrc: network", "! ctrepldst: network",
            "! ctorigsrcport: ports", "! ctorigdstport: ports", "! ctreplsrcport: ports", "! ctrepldstport: ports",
            "! ctstatus: each(NONE|EXPECTED|SEEN_REPLY|ASSURED|CONFIRMED)",
            "! ctexpire: range32",
            "ctdir: ienum(ORIGINAL|REPLY)",
            check=_something,
        ),
        {
            "ctstate": _STATES,
            "ctproto": (_protocol, said("connection of protocol {}", "connection of another protocol than {}")),
            "ctorigsrc": (_original("src"), said("connection opened from {}", "connection not opened from {}")),
            "ctorigdst": (_original("dst"), said("connection opened to {}", "connection not opened to {}")),
            "ctorigsrcport": (_original_port("sport"), _port_said("opened from")),
            "ctorigdstport": (_original_port("dport"), _port_said("opened to")),
            "ctreplsrc": (_answered("dst"), said("connection answered from {}", "connection not answered from {}")),
            "ctrepldst": (_answered("src"), said("connection answered to {}", "connection not answered to {}")),
            "ctreplsrcport": (_answered("dport"), _port_said("answered from")),
            "ctrepldstport": (_answered("sport"), _port_said("answered to")),
            "ctstatus": (_status, said("connection status {}", "connection status not {}", either)),
            "ctexpire": (_unknown, said("connection timing out in {} s", "connection timing out not in {} s", span)),
            "ctdir": (_direction, _say_direction),
        },
    ))),
}  # fmt: skip


def _ct(options: Sequence[Option], scope: Scope) -> Apply:
    if any(option.name == "notrack" for option in options):
        return _notrack(options, scope)
    words = " ".join(["CT", *(spoken(option) for option in options)])
    zones = [option.value for option in options if option.name in ("zone", "zone-orig")]
    zone = 0 if not zones else number(zones[-1]) if is_number(zones[-1], 0, 0xFFFF) else None

    def apply(packet: Packet) -> Effect:
        waits = not packet.tracked and packet.ctstate != "UNTRACKED" and not packet.template
        return Effect(packet.but(template=True, zone=zone) if waits else packet, None, words)

    return apply


def _notrack(options: Sequence[Option], scope: Scope) -> Apply:
    def apply(packet: Packet) -> Effect:
        # It does nothing where there is a connection, after loopback, or another CT was first (xt_ct_target).
        return Effect(packet if packet.connected else packet.but(ctstate="UNTRACKED"), None, "not tracked")

    return apply


_UNTRACKED = "do not track its connection: no NAT for it, and its state is UNTRACKED"
_CT = {
    "zone": "in zone {}",
    "zone-orig": "in zone {} in its own direction",
    "zone-reply": "in zone {} in the reply direction",
    "helper": "with the helper {}",
    "timeout": "with the timeout policy {}",
    "ctevents": "reporting only the events {}",
    "expevents": "reporting only the events {} of expected connections",
}


def _say_ct(options: Sequence[Option]) -> str:
    given = named(options)
    if "notrack" in given:
        return _UNTRACKED
    return ", ".join(
        ["track its connection", *(_CT[name].format(both(given[name].value)) for name in _CT if name in given)]
    )


TARGETS = {
    "CT": TargetExtension(
        declare(
            "notrack", "helper: text", "timeout: text", f"ctevents: {_EVENTS}", "expevents: each(new)",
            "zone: text", "zone-orig: text", "zone-reply: text",
            tables="raw",
        ),
        _ct,
        _say_ct,
    ),
    "NOTRACK": TargetExtension(
        declare(tables="raw"), _notrack, constant(_UNTRACKED)
    ),
}  # fmt: skip
