"""-m conntrack for a packet whose connection is known: a reply, or what conntrack's table or a first packet tells.

Source: xt_conntrack.c; the status bits are those of nf_conntrack_core.c and of nf_nat_setup_info.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kptui.netfilter.address import network
from kptui.netfilter.connection import Connection
from kptui.netfilter.extensions.base import MatchExtension, Scope, Test
from kptui.netfilter.extensions.ports import ports
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, negate, within
from kptui.netfilter.intervals import intersect
from kptui.netfilter.packet import WITH_PORTS, Number, Packet
from kptui.syntax.ast import Option

Known = Callable[[Packet, Connection], Answer]
"""What an option answers for a packet of a connection."""

_FIELDS = {
    "ctorigsrc": ("came", "src"), "ctorigdst": ("came", "dst"),
    "ctorigsrcport": ("came", "sport"), "ctorigdstport": ("came", "dport"),
    "ctreplsrc": ("left", "dst"), "ctrepldst": ("left", "src"),
    "ctreplsrcport": ("left", "dport"), "ctrepldstport": ("left", "sport"),
}  # fmt: skip
"""Which end of a connection an option asks for; an answer comes from where the first packet went in the end."""


def for_known(inner: MatchExtension) -> MatchExtension:
    """The same match, but where a packet's connection is known, that decides."""

    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        tests = [inner.compile([option], scope) for option in given]
        return [_either(option, test, scope) for option, found in zip(given, tests, strict=True) for test in found]

    return MatchExtension(inner.options, compile_all, inner.say)


def _either(option: Option, otherwise: Test, scope: Scope) -> Test:
    known = _known(option, scope)
    if known is None:
        return otherwise
    decided = known

    def test(packet: Packet) -> Answer:
        if packet.connection is None or not packet.connected:
            return otherwise(packet)
        return negate(decided(packet, packet.connection), option.negated)

    return test


def _known(option: Option, scope: Scope) -> Known | None:
    if option.name == "ctstate":
        return _state(option)
    if option.name == "ctdir":
        return _direction(option)
    if option.name == "ctstatus" and option.name not in scope.host.settings:
        return _status(option)
    if option.name in _FIELDS:
        return _port(option) if option.name.endswith("port") else _address(option, scope)
    return None


def _state(option: Option) -> Known:
    """The state, or the bits that DNAT and SNAT set where they changed anything."""
    wanted = frozenset(option.value.upper().split(","))

    def known(packet: Packet, connection: Connection) -> Answer:
        if packet.state in wanted:
            return True
        answers = [_changed(connection, side) for side in ("DNAT", "SNAT") if side in wanted]
        return True if True in answers else next((answer for answer in answers if answer is not False), False)

    return known


def _changed(connection: Connection, side: str) -> Answer:
    came, left = connection.came, connection.left
    fields = ("dst", "dport") if side == "DNAT" else ("src", "sport")
    pairs = [(getattr(came, field), getattr(left, field)) for field in fields]
    if all(old == new for old, new in pairs):
        return False
    if any(not intersect(_values(old), _values(new)) for old, new in pairs):
        return True
    fact = Fact((side, *(value for pair in pairs for value in pair)))
    return Unsure(fact, f"whether {side} changed anything is not known")


def _values(value: Number) -> tuple[tuple[int, int], ...]:
    return value.space if isinstance(value, Unknown) else ((value, value),)


def _direction(option: Option) -> Known:
    wanted = option.value.upper()

    def known(packet: Packet, connection: Connection) -> Answer:
        if connection.replying is None:
            return Unsure(Fact(("ctdir", wanted)), "which way of its connection the packet goes is not known")
        return wanted == ("REPLY" if connection.replying else "ORIGINAL")

    return known


def _status(option: Option) -> Known:
    """Whether one of these bits is set: an answer was seen, and so it is confirmed."""
    wanted = set(option.value.upper().split(","))

    def known(packet: Packet, connection: Connection) -> Answer:
        if wanted & {"SEEN_REPLY", "CONFIRMED"} or ("ASSURED" in wanted and connection.assured):
            return True
        bits = {"ASSURED": connection.assured, "EXPECTED": connection.expected}
        perhaps = tuple(bit for bit, set_ in bits.items() if bit in wanted and set_ is None)
        why = f"whether the connection is {' or '.join(perhaps)} is not known"
        return Unsure(Fact(("ctstatus", perhaps)), why) if perhaps else False

    return known


def _address(option: Option, scope: Scope) -> Known:
    net = network(option.value, scope.host.family)
    side, field = _FIELDS[option.name]

    def known(packet: Packet, connection: Connection) -> Answer:
        value: Number = getattr(getattr(connection, side), field)
        if not isinstance(value, Unknown):
            return value in net
        if net.region is None:
            return Unsure(Fact((value.label, net.address, net.mask)), f"the {value.label} is not known")
        return within(value, net.region, f"the {value.label}")

    return known


def _port(option: Option) -> Known:
    region = ports(option.value)
    side, field = _FIELDS[option.name]

    def known(packet: Packet, connection: Connection) -> Answer:
        if packet.proto not in WITH_PORTS:
            # What conntrack keeps there of other protocols (an echo's number) is not known.
            return Unsure(Fact(("ct", option.name, option.values)), "the connection's first packet is not known")
        value: Number = getattr(getattr(connection, side), field)
        return within(value, region, f"the {value.label}" if isinstance(value, Unknown) else "")

    return known
