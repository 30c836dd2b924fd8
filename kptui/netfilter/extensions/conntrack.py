"""conntrack, state, CT, NOTRACK: what connection tracking thinks of the packet (xt_conntrack.c, xt_CT.c)."""

from __future__ import annotations

from collections.abc import Sequence

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
    spoken,
)
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.ports import ports
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, within
from kptui.netfilter.intervals import Intervals, intersect
from kptui.netfilter.packet import Number, Packet
from kptui.netfilter.protocols import protocol_number
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import Given


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


_STATES = (_states, lambda option: f"connection state {option.value.replace(',', ' or ')}")
_STATE_NAMES = "INVALID|NEW|ESTABLISHED|RELATED|UNTRACKED"
_EVENTS = "each(new|related|destroy|reply|assured|protoinfo|helper|mark|natseqinfo|secmark)"


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
    "conntrack": _of_connection(independent(
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
            "ctproto": (_protocol, lambda option: f"connection of protocol {option.value}"),
            "ctorigsrc": (_original("src"), lambda option: f"connection opened from {option.value}"),
            "ctorigdst": (_original("dst"), lambda option: f"connection opened to {option.value}"),
            "ctorigsrcport": (_original_port("sport"), lambda option: f"connection opened from port {option.value}"),
            "ctorigdstport": (_original_port("dport"), lambda option: f"connection opened to port {option.value}"),
            "ctreplsrc": (_unknown, lambda option: f"connection answered by {option.value}"),
            "ctrepldst": (_unknown, lambda option: f"connection answered to {option.value}"),
            "ctreplsrcport": (_unknown, lambda option: f"connection answered from port {option.value}"),
            "ctrepldstport": (_unknown, lambda option: f"connection answered to port {option.value}"),
            "ctstatus": (_unknown, lambda option: f"connection status {option.value.replace(',', ' or ')}"),
            "ctexpire": (_unknown, lambda option: f"connection expiring in {option.value} s"),
            "ctdir": (_direction, lambda option: f"in the {option.value.lower()} direction of its connection"),
        },
    )),
}  # fmt: skip


def _ct(options: Sequence[Option], scope: Scope) -> Apply:
    if any(option.name == "notrack" for option in options):
        return _notrack(options, scope)
    words = " ".join(["CT", *(spoken(option) for option in options)])

    def apply(packet: Packet) -> Effect:
        waits = not packet.tracked and packet.ctstate != "UNTRACKED"
        return Effect(packet.but(template=True) if waits else packet, None, words)

    return apply


def _notrack(options: Sequence[Option], scope: Scope) -> Apply:
    def apply(packet: Packet) -> Effect:
        # It does nothing where there is a connection, after loopback, or another CT was first (xt_ct_target).
        return Effect(packet if packet.connected else packet.but(ctstate="UNTRACKED"), None, "not tracked")

    return apply


def _say_ct(options: Sequence[Option]) -> str:
    if any(option.name == "notrack" for option in options):
        return "do not track the connection, so no NAT"
    return "set up tracking: " + " ".join(spoken(option) for option in options)


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
        declare(tables="raw"), _notrack, lambda options: "do not track the connection, so no NAT"
    ),
}  # fmt: skip
