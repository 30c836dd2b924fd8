"""Values of options in a form that is equal for equal meanings: numbers, intervals, networks, sets."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping

from kptui.netfilter.address import network
from kptui.netfilter.extensions.header import dscp_class, tos_pair
from kptui.netfilter.extensions.mark import pair
from kptui.netfilter.extensions.ports import port, ports
from kptui.netfilter.extensions.statistic import share
from kptui.netfilter.extensions.values import SYSLOG, is_number, is_port, number, split_endpoint
from kptui.netfilter.extensions.words import rate
from kptui.netfilter.icmp_types import parse_type
from kptui.netfilter.packet import flags
from kptui.netfilter.protocols import protocol_number
from kptui.syntax.ast import Option
from kptui.syntax.vocabulary import OptionSyntax

Read = Callable[[tuple[str, ...], int], Hashable]


def _ports(values: tuple[str, ...], family: int) -> Hashable:
    found = ports(values[0])
    return WHOLE if found == ((0, 65535),) else found


def _network(values: tuple[str, ...], family: int) -> Hashable:
    net = network(values[0], family)
    return net.address, net.mask


def _names(values: tuple[str, ...], family: int) -> Hashable:
    return tuple(sorted(set(values[0].upper().split(","))))


def _pair(values: tuple[str, ...], family: int) -> Hashable:
    return pair(values[0])


def _flags(values: tuple[str, ...], family: int) -> Hashable:
    return flags(values[0]), flags(values[1])


def _icmp(values: tuple[str, ...], family: int) -> Hashable:
    return parse_type(values[0], family)


def _level(values: tuple[str, ...], family: int) -> Hashable:
    """A log level's number; some have two names (syslog(3))."""
    text = values[0].lower()
    if is_number(text, 0, 7):
        return number(text)
    names = {"panic": "emerg", "error": "err", "warn": "warning"}
    order = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
    return order.index(names.get(text, text)) if text in SYSLOG.split("|") else text


def _open_end(text: str, most: int) -> Hashable:
    """FROM[:TO]: without TO there is no upper end."""
    return _range(text if ":" in text else f"{text}:", most)


def _range(text: str, most: int) -> Hashable:
    low, colon, high = text.partition(":")
    if not all(end == "" or is_number(end, 0, most) for end in (low, high)):
        return text
    first = number(low) if low else 0
    last = first if not colon else number(high) if high else most
    return WHOLE if (first, last) == (0, most) else (first, last)


def _translation(values: tuple[str, ...], family: int) -> Hashable:
    """ADDRESS[-ADDRESS][:PORT[-PORT][/BASE]], ports by number."""
    addresses, given = split_endpoint(values[0], family)
    if given is None:
        return addresses
    span, slash, base = given.partition("/")
    low, dash, high = (span, "", "") if is_port(span) else span.partition("-")
    return addresses, port(low), port(high) if dash else port(low), port(base) if slash else None


_LINK = {"host": "unicast", "bcast": "broadcast", "mcast": "multicast"}
_CONNECTION_PORTS = ("ctorigsrcport", "ctorigdstport", "ctreplsrcport", "ctrepldstport")
VALUES: Mapping[str, Read] = {
    **dict.fromkeys(("sport", "dport", "sports", "dports", "ports", *_CONNECTION_PORTS), _ports),
    **dict.fromkeys(
        ("ctorigsrc", "ctorigdst", "ctreplsrc", "ctrepldst", "tunnel-src", "tunnel-dst", "vaddr"), _network
    ),
    **dict.fromkeys(("src-type", "dst-type", "ctstate", "state", "ctstatus", "ctdir", "ctevents"), _names),
    **dict.fromkeys(("mark", "tproxy-mark"), _pair),
    **dict.fromkeys(("icmp-type", "icmpv6-type"), _icmp),
    **dict.fromkeys(("limit", "hashlimit-upto", "hashlimit-above"), lambda values, family: rate(values[0])),
    **dict.fromkeys(("tos", "set-tos"), lambda values, family: tos_pair(values[0])),
    **dict.fromkeys(("dscp-class", "set-dscp-class"), lambda values, family: dscp_class(values[0])),
    **dict.fromkeys(("ctproto", "proto", "vproto"), lambda values, family: protocol_number(values[0])),
    **dict.fromkeys(("mac-source", "clustermac"), lambda values, family: values[0].upper()),
    "dscp": lambda values, family: number(values[0]),
    "set-dscp": lambda values, family: number(values[0]),
    "connbytes": lambda values, family: _open_end(values[0], (1 << 64) - 1),
    "mh-type": lambda values, family: _range(values[0], 255),
    "tcp-flags": _flags,
    "to": _network,
    **dict.fromkeys(("to-destination", "to-source"), _translation),
    "probability": lambda values, family: share(values[0]),
    "log-level": _level,
    "pkt-type": lambda values, family: _LINK.get(values[0].lower(), values[0].lower()),
}
"""How the values of an option are read; a name means the same in every extension that has it."""


def numeric(option: Option, declared: Mapping[str, OptionSyntax]) -> Hashable:
    """Values as they are, but those that are declared as numbers (or as LOW:HIGH) as numbers."""
    syntax = declared.get(option.name)
    kinds = syntax.kinds if syntax is not None else ()
    found = [_number(value, kinds[at].expected) if at < len(kinds) else value for at, value in enumerate(option.values)]
    return WHOLE if found == [WHOLE] else tuple(found)


WHOLE = "whole"
"""Stands for a range that leaves nothing out."""
_NUMBERS = re.compile(r"a number from (\d+) to (\d+)")


def _number(text: str, expected: str) -> Hashable:
    """A number, or a range of which either end may be open."""
    declared = _NUMBERS.match(expected)
    if declared is None:
        return text
    least, most = int(declared[1]), int(declared[2])
    low, colon, high = text.partition(":")
    ends = [number(end) if is_number(end, 0, 1 << 64) else default for end, default in ((low, least), (high, most))]
    if not colon:
        return ends[0] if is_number(low, 0, 1 << 64) else text
    if ends == [least, most]:
        return WHOLE
    return ends[0] if ends[0] == ends[1] else tuple(ends)
