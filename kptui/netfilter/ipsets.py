"""The contents of ipsets, as `ipset save` prints them, and whether a packet is in one (ip_set_core.c, ipset(8))."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby, pairwise

from kptui.errors import UsageError
from kptui.netfilter.address import Network, family_of, name_number, name_region, network, parse
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, under_mask, within
from kptui.netfilter.icmp_types import parse_type
from kptui.netfilter.intervals import Intervals, normal, subtract
from kptui.netfilter.packet import ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE, Packet
from kptui.netfilter.protocols import protocol_number
from kptui.records import dataclass, field, replace
from kptui.text import visible

_ADDRESS_KINDS = {"ip", "net"}
_LIST = ("set",)
_NO_MAC = -1
_COMMENT = re.compile(r' comment "[^"]*"')
_KINDS = _ADDRESS_KINDS | {"port", "iface", "mac", "mark", "set"}
# part of an element -> ranges of the packet's field that fit it
Part = tuple[str, Intervals]


@dataclass(frozen=True, slots=True)
class Element:
    """One element: a range for each of the set's dimensions; `nomatch` takes it out of a wider one."""

    parts: tuple[Part, ...]
    nomatch: bool = False
    size: tuple[int, ...] = ()
    """How many addresses each of its networks holds: the most specific element decides, the first network first."""


@dataclass(slots=True)
class IpSet:
    """A set by name, the kinds of its dimensions, and its elements; a list:set has `members` instead."""

    name: str
    kinds: tuple[str, ...]
    family: int | None = None
    """4 or 6 where it holds addresses; a packet of the other family is in no such set."""
    netmask: int | None = None
    """The prefix length that stands for each address of a hash:ip or bitmap:ip."""
    elements: list[Element] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    regions: dict[bool, Intervals] = field(default_factory=dict, repr=False, compare=False)
    """What was found out of its addresses, with and without --return-nomatch."""
    narrowed: list[Element] = field(default_factory=list, repr=False, compare=False)
    """Its elements as they are looked up, where that is not as they are written."""


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
    options = dict(pairwise(words[3:]))
    family = {"inet6": 6}.get(options.get("family", "inet"), 4) if set(kinds) & _ADDRESS_KINDS else None
    netmask = options.get("netmask") or options.get("bitmask")
    return IpSet(words[1], kinds, family, _length(netmask, family or 4) if netmask else None)


def _length(mask: str, family: int) -> int:
    """The prefix length that a netmask is; raises ValueError where it has holes."""
    if mask.isdecimal():
        return int(mask)
    bits = 32 if family == 4 else 128
    length = parse(mask, family).bit_count()
    if parse(mask, family) != ((1 << length) - 1) << (bits - length):
        raise ValueError(f"the mask {mask} has holes")
    return length


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
    wildcard = "wildcard" in words[3:]
    read = tuple(_part(kind, text, found, wildcard) for kind, text in zip(found.kinds, parts, strict=False))
    size = tuple(sum(high - low + 1 for low, high in ranges) for kind, ranges in read if kind in _ADDRESS_KINDS)
    found.elements.append(Element(read, "nomatch" in words[3:], size))


def _part(kind: str, text: str, of: IpSet, wildcard: bool) -> Part:
    if kind in _ADDRESS_KINDS:
        low, dash, high = text.partition("-")
        if dash:
            return kind, ((parse(low, family_of(low)), parse(high, family_of(high))),)
        if of.netmask is not None and "/" not in text:
            text = f"{text}/{of.netmask}"
        return kind, _region(network(text, family_of(text)))
    if kind == "port":
        return _port_part(text, plain=of.kinds == ("port",))
    if kind == "iface":
        name = text.removeprefix("physdev:")
        return ("physdev" if name != text else kind), name_region(f"{name}+" if wildcard else name)
    if kind == "mark":
        return kind, ((int(text, 0), int(text, 0)),)
    return kind, ((int(text.replace(":", ""), 16),) * 2,)


def _port_part(text: str, plain: bool) -> Part:
    """PORT, LOW-HIGH, PROTOCOL:PORT or icmp:TYPE/CODE; without a protocol TCP is meant, but in a bitmap:port."""
    protocol, colon, ports = text.rpartition(":")
    low, _, high = ports.partition("-")
    if plain and not colon:
        return "port", ((int(low), int(high or low)),)
    number = protocol_number(protocol or "tcp")
    if number in (ICMP, ICMPV6):
        kind, code = parse_type(ports, 4 if number == ICMP else 6)
        value = kind << 8 | (code if isinstance(code, int) else 0)
        return f"port {number}", ((value, value),)
    return f"port {number}", ((int(low), int(high or low)),)


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
    if found.kinds == _LIST:
        return _in_any(sets, found, sides, packet, reverse)
    if len(sides.split(",")) < len(found.kinds) or found.family not in (None, packet.family):
        # ip_set_test: too few dimensions, or another family.
        return False
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
    values = [_value(kind, sides[i], packet) for i, kind in enumerate(found.kinds)]
    if len(found.kinds) == 1 and found.kinds[0] in _ADDRESS_KINDS:
        return within(values[0], _addresses(found, reverse), f"the {_label(values[0])}")
    if _NO_MAC in values:
        return False
    elements = _by_network(found) if "iface" in found.kinds else found.elements
    answers = [(element, _fits(element, values, packet)) for element in elements]
    fitting = sorted((each for each in answers if each[1] is not False), key=lambda each: each[0].size)
    if not fitting:
        return False
    if isinstance(packet.proto, int) and not any(_by_port_of_bridge(element) for element, _ in fitting):
        unknown = [index for index, value in enumerate(values) if isinstance(value, Unknown)]
        if len(unknown) == 1 and found.kinds[unknown[0]] != "mark":
            value = values[unknown[0]]
            return within(value, _side(fitting, unknown[0], reverse), f"the {_label(value)}")
    # The most specific element that fits decides; those before it may fit.
    results = set()
    for element, fits in fitting:
        results.add(element.nomatch == reverse)
        if fits:
            break
    else:
        results.add(False)
    if len(results) == 1:
        return results.pop()
    why = f"not all that the ipset {found.name} looks at is known"
    return Unsure(Fact(("set", found.name, tuple(sides), reverse, _looked_up(packet))), why)


def _by_network(found: IpSet) -> list[Element]:
    """The elements of a hash:net,iface, each without the addresses of more specific networks in the set.

    The kernel ends its search at the first network that has the address, whatever device stands beside it
    (ip_set_hash_gen.h, mtype_test_cidrs with IP_SET_HASH_WITH_MULTI).
    """
    if not found.narrowed:
        inner: dict[str, Intervals] = {}
        for _, group in groupby(sorted(found.elements, key=lambda each: each.size), key=lambda each: each.size):
            alike = list(group)
            for element in alike:
                (kind, region), device = element.parts[0], element.parts[1]
                left = subtract(region, inner.get(device[0], ()))
                found.narrowed.append(replace(element, parts=((kind, left), device)))
            for element in alike:
                device_kind = element.parts[1][0]
                inner[device_kind] = normal([*inner.get(device_kind, ()), *element.parts[0][1]])
    return found.narrowed


def _by_port_of_bridge(element: Element) -> bool:
    return any(kind == "physdev" for kind, _ in element.parts)


def _side(fitting: list[tuple[Element, bool | None]], index: int, reverse: bool) -> Intervals:
    """The values of one dimension that are in elements whose other parts fit; the most specific element first."""
    region: Intervals = ()
    for element, _ in reversed(fitting):
        # bitmap:ip,mac may leave its second part out, which then fits any.
        ranges = element.parts[index][1] if index < len(element.parts) else ((0, (1 << 128) - 1),)
        region = subtract(region, ranges) if element.nomatch != reverse else normal([*region, *ranges])
    return region


def _addresses(found: IpSet, reverse: bool) -> Intervals:
    """The addresses of a set with one dimension, kept from packet to packet."""
    if reverse not in found.regions:
        if not reverse and not any(element.nomatch for element in found.elements):
            ranges = [span for element in found.elements for span in element.parts[0][1]]
            found.regions[reverse] = normal(ranges)
        else:
            by_size: list[tuple[Element, bool | None]] = [(element, None) for element in found.elements]
            found.regions[reverse] = _side(sorted(by_size, key=lambda each: each[0].size), 0, reverse)
    return found.regions[reverse]


def _value(kind: str, side: str, packet: Packet) -> int | Unknown:
    source = side == "src"
    if kind in _ADDRESS_KINDS:
        return packet.src if source else packet.dst
    if kind == "port":
        return _port_of(packet, source)
    if kind == "mark":
        return packet.mark
    if kind == "iface":
        name = packet.in_ if source else packet.out
        return name if isinstance(name, Unknown) else name_number(name)
    if not source:
        return Unknown("destination MAC address", 48)
    # What this host sends has no link-layer header yet, what comes back by lo one of zeros.
    mac = {"": "", "lo": "0"}.get(packet.in_, packet.mac_source) if isinstance(packet.in_, str) else packet.mac_source
    return mac if isinstance(mac, Unknown) else int(mac.replace(":", ""), 16) if mac else _NO_MAC


def _port_of(packet: Packet, source: bool) -> int | Unknown:
    """What get_port (ip_set_getport.c) takes for a port: ICMP's type and code, and 0 where there is nothing like it."""
    if packet.proto in (TCP, UDP, SCTP, UDPLITE):
        return packet.sport if source else packet.dport
    if packet.proto in (ICMP, ICMPV6):
        kind, code = packet.icmp_type, packet.icmp_code
        if isinstance(kind, int) and isinstance(code, int):
            return kind << 8 | code
        return Unknown("ICMP type and code", 16)
    return 0 if isinstance(packet.proto, int) else Unknown("port of an unknown protocol", 16)


def _fits(element: Element, values: list[int | Unknown], packet: Packet) -> bool | None:
    """Whether the values lie in the element; None where that is not known."""
    sure: bool | None = True
    for (kind, ranges), value in zip(element.parts, values, strict=False):
        answers = [_within(kind, value, ranges)]
        if kind.startswith("port"):
            # A bitmap of ports knows TCP and UDP only (ip_set_get_ip_port).
            protocols = [int(kind.split()[1])] if " " in kind else [TCP, UDP]
            answers.append(within(packet.proto, normal([(each, each) for each in protocols]), "the protocol"))
        if False in answers:
            return False
        if any(answer is not True for answer in answers) or kind == "physdev":
            sure = None
    return sure


def _within(kind: str, value: int | Unknown, ranges: Intervals) -> Answer:
    """Whether a value fits one part of an element; marks are told bit by bit."""
    if kind == "mark":
        return under_mask(value, 0xFFFFFFFF, ranges[0][0], "the mark")
    return within(value, ranges, "the value")


def _label(value: int | Unknown) -> str:
    return value.label if isinstance(value, Unknown) else "address"


def _looked_up(packet: Packet) -> tuple[object, ...]:
    return packet.src, packet.sport, packet.dst, packet.dport, packet.proto, packet.in_, packet.out
