"""The contents of ipsets, as `ipset save` prints them, and whether a packet is in one (ip_set_core.c, ipset(8))."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from kptui.errors import UsageError
from kptui.netfilter.address import Network, family_of, name_number, network, parse
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, within
from kptui.netfilter.intervals import Intervals, intersect, normal, subtract
from kptui.netfilter.packet import TCP, UDP, WITH_PORTS, Packet
from kptui.netfilter.protocols import protocol_number
from kptui.text import visible

_ADDRESS_KINDS = {"ip", "net"}
_LIST = ("set",)
_COMMENT = re.compile(r' comment "[^"]*"')
_KINDS = _ADDRESS_KINDS | {"port", "iface", "mac", "mark", "set"}
# part of an element -> ranges of the packet's field that fit it
Part = tuple[str, Intervals]


@dataclass(frozen=True, slots=True)
class Element:
    """One element: a range for each of the set's dimensions; `nomatch` takes it out of a wider one."""

    parts: tuple[Part, ...]
    nomatch: bool = False
    size: int = 0
    """How many addresses its networks hold: the most specific element decides."""


@dataclass(slots=True)
class IpSet:
    """A set by name, the kinds of its dimensions, and its elements; a list:set has `members` instead."""

    name: str
    kinds: tuple[str, ...]
    elements: list[Element] = field(default_factory=list)
    members: list[str] = field(default_factory=list)


IpSets = Mapping[str, IpSet]


def read_ipsets(text: str) -> dict[str, IpSet]:
    """The sets that `ipset save` describes; raises UsageError with the line that is none of its lines."""
    sets: dict[str, IpSet] = {}
    for number, line in enumerate(text.split("\n"), 1):
        words = _COMMENT.sub("", line).split()
        if not words or words[0].startswith("#"):
            continue
        try:
            if words[0] in ("create", "-N") and len(words) >= 3:
                sets[words[1]] = _created(words)
            elif words[0] in ("add", "-A") and len(words) >= 3:
                _add(sets, words)
            else:
                raise ValueError("expected “create NAME TYPE …” or “add NAME ELEMENT …”")
        except (KeyError, ValueError) as error:
            why = f"set {error} is not created above" if isinstance(error, KeyError) else str(error)
            raise UsageError(f"ipset file, line {number}: {visible(why)}.") from None
    return sets


def _created(words: list[str]) -> IpSet:
    kinds = tuple(words[2].partition(":")[2].split(","))
    if not set(kinds) <= _KINDS:
        raise ValueError(f"“{words[2]}” is no set type")
    return IpSet(words[1], kinds)


def _add(sets: dict[str, IpSet], words: list[str]) -> None:
    found = sets[words[1]]
    if found.kinds == _LIST:
        if sets[words[2]].kinds == _LIST:
            raise ValueError("a list of sets holds no other list")
        found.members.append(words[2])
        return
    parts = words[2].split(",")
    if len(parts) > len(found.kinds):
        raise ValueError(f"“{words[2]}” has more parts than the set's type")
    # bitmap:ip,mac may leave the address of the second part out, which then fits any.
    read = tuple(_part(kind, text) for kind, text in zip(found.kinds, parts, strict=False))
    size = 1
    for kind, ranges in read:
        if kind in _ADDRESS_KINDS:
            size *= sum(high - low + 1 for low, high in ranges)
    found.elements.append(Element(read, "nomatch" in words[3:], size))


def _part(kind: str, text: str) -> Part:
    if kind in _ADDRESS_KINDS:
        low, dash, high = text.partition("-")
        if dash:
            return kind, ((parse(low, family_of(low)), parse(high, family_of(high))),)
        return kind, _region(network(text, family_of(text)))
    if kind == "port":
        protocol, colon, ports = text.rpartition(":")
        low, _, high = ports.partition("-")
        return (f"port {protocol_number(protocol)}" if colon else "port"), ((int(low), int(high or low)),)
    if kind == "iface":
        name = text.removeprefix("physdev:")
        return ("physdev" if name != text else kind), ((name_number(name), name_number(name)),)
    if kind == "mark":
        return kind, ((int(text, 0), int(text, 0)),)
    return kind, ((int(text.replace(":", ""), 16),) * 2,)


def _region(net: Network) -> Intervals:
    if net.region is None:
        raise ValueError("a network in a set has no gaps in its mask")
    return net.region


def contains(sets: IpSets, name: str, sides: str, packet: Packet, reverse: bool = False) -> Answer:
    """Whether the packet's fields, taken from `sides` (src or dst for each dimension), are in the set.

    With `reverse` (--return-nomatch), whether they are in an element marked nomatch.
    """
    found = sets.get(name)
    if found is None:
        return Unsure(Fact(("set", name, sides)), f"the ipset {name} is not among those loaded")
    if found.members:
        return _in_any(sets, found, sides, packet, reverse)
    return _in_set(found, sides.split(","), packet, reverse)


def _in_any(sets: IpSets, found: IpSet, sides: str, packet: Packet, reverse: bool) -> Answer:
    answers = [contains(sets, member, sides, packet, reverse) for member in found.members]
    if True in answers:
        return True
    unsure = [answer for answer in answers if isinstance(answer, Unsure)]
    if len(unsure) <= 1:
        return unsure[0] if unsure else False
    return Unsure(Fact(("set", found.name, sides, _looked_up(packet))), unsure[0].why)


def _in_set(found: IpSet, sides: list[str], packet: Packet, reverse: bool) -> Answer:
    values = [_value(kind, sides[min(i, len(sides) - 1)], packet) for i, kind in enumerate(found.kinds)]
    if len(found.kinds) == 1 and found.kinds[0] in _ADDRESS_KINDS:
        return within(values[0], _addresses(found, reverse), f"the {_label(values[0])}")
    fitting = [
        (element, answer) for element in found.elements if (answer := _fits(element, values, packet)) is not False
    ]
    if not fitting:
        return False
    closest, answer = min(fitting, key=lambda each: each[0].size)
    if answer is True and len({each[0].nomatch for each in fitting if each[1] is not True}) == 0:
        return closest.nomatch == reverse
    why = f"not all that the ipset {found.name} looks at is known"
    return Unsure(Fact(("set", found.name, tuple(sides), reverse, _looked_up(packet))), why)


def _addresses(found: IpSet, reverse: bool) -> Intervals:
    """The addresses of a one-dimensional set: wider networks first, narrower ones add to them or take away."""
    region: Intervals = ()
    if not reverse and not any(element.nomatch for element in found.elements):
        return normal([span for element in found.elements for span in element.parts[0][1]])
    for element in sorted(found.elements, key=lambda each: -each.size):
        ranges = element.parts[0][1]
        region = subtract(region, ranges) if element.nomatch != reverse else normal([*region, *ranges])
    return region


def _value(kind: str, side: str, packet: Packet) -> int | Unknown:
    source = side == "src"
    if kind in _ADDRESS_KINDS:
        return packet.src if source else packet.dst
    if kind == "port":
        return packet.sport if source else packet.dport
    if kind == "mark":
        return packet.mark
    if kind == "iface":
        name = packet.in_ if source else packet.out
        return name if isinstance(name, Unknown) else name_number(name)
    mac = packet.mac_source
    return mac if isinstance(mac, Unknown) else int(mac.replace(":", ""), 16)


def _fits(element: Element, values: list[int | Unknown], packet: Packet) -> bool | None:
    """Whether the values lie in the element; None where that is not known."""
    sure: bool | None = True
    for (kind, ranges), value in zip(element.parts, values, strict=False):
        if kind.startswith("port"):
            # A bitmap of ports knows TCP and UDP only (ip_set_get_ip_port).
            if packet.proto not in (WITH_PORTS if " " in kind else (TCP, UDP)):
                return False
            if " " in kind and packet.proto != int(kind.split()[1]):
                return False
        if isinstance(value, Unknown):
            if not intersect(value.space, ranges):
                return False
            sure = None
        elif not any(low <= value <= high for low, high in ranges):
            return False
        if kind == "physdev":
            sure = None
    return sure


def _label(value: int | Unknown) -> str:
    return value.label if isinstance(value, Unknown) else "address"


def _looked_up(packet: Packet) -> tuple[object, ...]:
    return packet.src, packet.sport, packet.dst, packet.dport, packet.proto, packet.in_, packet.out
