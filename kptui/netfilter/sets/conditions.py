"""What a rule asks of a packet, as a box: exactly where all of it is known and settled, else with some left out.

A match takes part if its answer is the same whenever the same packet asks within one walk through a chain. What answers
by chance, by a rate or counter, or by a list that packets themselves change, is left out, and the box then is too big.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache

from kptui.netfilter.address import name_region, network, parse
from kptui.netfilter.extensions.mark import pair
from kptui.netfilter.extensions.ports import ports
from kptui.netfilter.extensions.values import number
from kptui.netfilter.intervals import Intervals, normal, subtract
from kptui.netfilter.packet import DCCP, SCTP, TCP, UDP, UDPLITE, WITH_PORTS, flags
from kptui.netfilter.protocols import protocol_number
from kptui.netfilter.sets import cubes
from kptui.netfilter.sets.boxes import NO, STATES, YES, Box, Field, Values, every, meet_values
from kptui.records import dataclass
from kptui.syntax.ast import Match, Option, Rule

Asked = list[tuple[Field, Values]]
"""Fields and the values they must have; None in its place where that can't be said."""

WHOLE = ("first fragment",)
"""Matches on ports fail for all but the first fragment of a packet (xt_tcpudp.c)."""
_STATE_NAMES = ("INVALID", "NEW", "ESTABLISHED", "RELATED", "UNTRACKED")
_DNAT, _SNAT = 1, 2


@dataclass(frozen=True, slots=True)
class Region:
    """The packets that a rule matches; a box of None: none at all. If not `exact`, it may match fewer of them."""

    box: Box | None
    exact: bool


NEVER_SURE = frozenset({
    "statistic", "recent", "limit", "hashlimit", "quota", "connlimit", "connbytes", "nfacct", "rateest", "time",
    "socket", "ipvs", "u32", "bpf", "string",
})  # fmt: skip
"""Matches whose answer may be another the next time the same packet asks, or hangs on bytes that a rule may change."""

_AS_A_WHOLE = frozenset({
    "owner", "physdev", "mac", "pkttype", "rpfilter", "policy", "cgroup", "devgroup", "realm", "helper", "connlabel",
    "cpu", "cluster", "ttl", "hl", "tos", "dscp", "ecn", "tcpmss", "icmp", "icmp6", "icmpv6", "ipv6-icmp", "ah", "esp",
    "ipcomp", "frag", "rt", "dst", "hbh", "ipv6header", "mh", "eui64", "osf",
})  # fmt: skip
"""Matches that are compared as they are written: two of them ask the same only if they are written alike."""


def region(rule: Rule, family: int) -> Region:
    """The packets a rule matches. A rule that could not be read may match anything."""
    if rule.refused:
        return Region({}, False)
    box: dict[Field, Values] = {}
    exact = True
    for asked in (*_generic(rule, family), *(_match(match, family) for match in rule.matches)):
        if asked is None:
            exact = False
            continue
        for field, values in asked:
            mine = box.get(field)
            both = values if mine is None else meet_values(field, mine, values)
            if not both:
                return Region(None, True)
            box[field] = both
    return Region(box, exact)


def _generic(rule: Rule, family: int) -> list[Asked | None]:
    return [_GENERIC[option.name](option, family) for option in rule.generic]


def _match(match: Match, family: int) -> Asked | None:
    name = match.name.lower() if match.implicit else match.name
    read = _MATCHES.get(name)
    try:
        if read is not None:
            return read(match.options, family)
        if name in _AS_A_WHOLE:
            return [_question(name, *sorted((o.name, o.values, o.negated) for o in match.options))]
    except (ValueError, IndexError, KeyError):
        pass
    return None


def _question(*what: Hashable) -> tuple[Field, Values]:
    return tuple(what), YES


def _put(option: Option, field: Field, values: Values, family: int) -> Asked:
    """A field and its values, or all the others after a `!`."""
    if option.negated:
        others = subtract(every(field, family), values)
        return [(field, others)]
    return [(field, values)]


@lru_cache(65536)
def _span(text: str, family: int) -> Intervals | tuple[int, int]:
    """A network, or several with commas, as ranges; (address, mask) where the mask has holes. Raises ValueError."""
    nets = [network(each, family) for each in text.split(",")]
    if len(nets) == 1 and nets[0].region is None:
        return nets[0].address, nets[0].mask
    return normal([span for net in nets for span in net.region or ()])


def _address(field: str) -> Callable[[Option, int], Asked | None]:
    def read(option: Option, family: int) -> Asked | None:
        try:
            found = _span(option.value, family)
        except ValueError:
            return None
        if found and isinstance(found[0], int):
            return [((field, "under a mask", found), NO if option.negated else YES)]
        return _put(option, field, found, family)

    return read


def _interface(field: str) -> Callable[[Option, int], Asked | None]:
    return lambda option, family: _put(option, field, name_region(option.value), family)


def _protocol(option: Option, family: int) -> Asked | None:
    try:
        found = protocol_number(option.value)
    except ValueError:
        return None
    return _put(option, "proto", ((found, found),) if found else ((0, 255),), family)


def _fragment(option: Option, family: int) -> Asked | None:
    return [(WHOLE, YES if option.negated else NO)]


_GENERIC: dict[str, Callable[[Option, int], Asked | None]] = {
    "source": _address("src"),
    "destination": _address("dst"),
    "in": _interface("in"),
    "out": _interface("out"),
    "protocol": _protocol,
    "fragment": _fragment,
}

Read = Callable[[Sequence[Option], int], Asked | None]


@lru_cache(65536)
def _ports(text: str) -> Intervals:
    return ports(text)


def _with_ports(protocol: int) -> Read:
    """tcp, udp, sctp, …: the protocol itself, ports, and TCP's flags; anything else is asked as it is written."""

    def read(options: Sequence[Option], family: int) -> Asked | None:
        found: Asked = [("proto", ((protocol, protocol),)), (WHOLE, YES)]
        for option in options:
            if option.name in ("sport", "dport"):
                found += _put(option, option.name, _ports(option.value), family)
            elif option.name in ("tcp-flags", "syn"):
                mask, wanted = option.values if option.values else ("FIN,SYN,RST,ACK", "SYN")
                found += _put(option, "flags", _flags(flags(mask), flags(wanted)), family)
            else:
                found.append(_question(protocol, option.name, option.values, option.negated))
        return found

    return read


def _flags(mask: int, wanted: int) -> Intervals:
    return normal([(bits, bits) for bits in range(64) if bits & mask == wanted])


def _multiport(options: Sequence[Option], family: int) -> Asked | None:
    found: Asked = [("proto", normal([(each, each) for each in WITH_PORTS])), (WHOLE, YES)]
    for option in options:
        field = {"s": "sport", "d": "dport"}.get(option.name[0])
        if field is None:
            found.append((("ports", _ports(option.value)), NO if option.negated else YES))
        else:
            found += _put(option, field, _ports(option.value), family)
    return found


@lru_cache(256)
def states(text: str) -> Intervals:
    """The values of the field "state" that a list such as NEW,DNAT stands for."""
    wanted = frozenset(text.upper().split(","))
    bits = (_DNAT if "DNAT" in wanted else 0) | (_SNAT if "SNAT" in wanted else 0)
    return normal([
        (value, value) for value in range(STATES) if _STATE_NAMES[value // 4] in wanted or value % 4 & bits
    ])  # fmt: skip


def _conntrack(options: Sequence[Option], family: int) -> Asked | None:
    found: Asked = []
    for option in options:
        if option.name in ("ctstate", "state"):
            found += _put(option, "state", states(option.value), family)
        elif option.name in ("ctexpire", "ctstatus"):
            return None
        else:
            # Without a connection it fails, negated or not: the one is not the contrary of the other.
            found.append(_question("conntrack", option.name, option.values, option.negated))
    return found


def _mark(field: str) -> Read:
    def read(options: Sequence[Option], family: int) -> Asked | None:
        found: Asked = [] if field == "mark" else [_question("has a connection")]
        for option in options:
            value, mask = pair(option.value)
            cube: Values = () if value & ~mask else ((value, mask),)
            found.append((field, cubes.minus(cubes.ALL, cube) if option.negated else cube))
        return found

    return read


def _addrtype(options: Sequence[Option], family: int) -> Asked | None:
    limits = tuple(sorted(option.name for option in options if option.name.startswith("limit")))
    return [
        (("addrtype", option.name, frozenset(option.value.upper().split(",")), limits), NO if option.negated else YES)
        for option in options
        if option.name in ("src-type", "dst-type")
    ]


def _set(options: Sequence[Option], family: int) -> Asked | None:
    """ipset: plain membership; with counters its answer changes as packets come by."""
    names = {option.name for option in options}
    if not names <= {"match-set", "return-nomatch"}:
        return None
    return [
        (("set", option.values, "return-nomatch" in names), NO if option.negated else YES)
        for option in options
        if option.name == "match-set"
    ]


def _iprange(options: Sequence[Option], family: int) -> Asked | None:
    found: Asked = []
    for option in options:
        low, dash, high = option.value.partition("-")
        span = normal([(parse(low, family), parse(high if dash else low, family))])
        found += _put(option, option.name[:3], span, family)
    return found


def _length(options: Sequence[Option], family: int) -> Asked | None:
    found: Asked = []
    for option in options:
        low, colon, high = option.value.partition(":")
        top = number(high) if high else 65535 if colon else number(low)
        found += _put(option, "length", normal([(number(low or "0"), top)]), family)
    return found


_MATCHES: dict[str, Read] = {
    "comment": lambda options, family: [],
    "tcp": _with_ports(TCP),
    "udp": _with_ports(UDP),
    "sctp": _with_ports(SCTP),
    "udplite": _with_ports(UDPLITE),
    "dccp": _with_ports(DCCP),
    "multiport": _multiport,
    "conntrack": _conntrack,
    "state": _conntrack,
    "mark": _mark("mark"),
    "connmark": _mark("ctmark"),
    "addrtype": _addrtype,
    "set": _set,
    "iprange": _iprange,
    "length": _length,
}
