"""Kinds of option values, each by name: what is expected in words, and whether a text is one.

Source: libxtables/xtoptions.c (the XTTYPE_ kinds) and the parsers of single extensions, iptables 1.8.9. A kind takes
what the real parser takes; where releases differ it takes what any of them takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from kptui.netfilter.address import parse
from kptui.netfilter.protocols import protocol_number
from kptui.patterns import pattern
from kptui.syntax.vocabulary import Kind, anything

Fits = Callable[[str, int], bool]

# What iptables-save usually writes, as patterns: see Kind.usual.
_USUAL_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_USUAL_ADDRESS = rf"{_USUAL_BYTE}(?:\.{_USUAL_BYTE}){{3}}"
_USUAL_NETWORK = {4: rf"{_USUAL_ADDRESS}(?:/(?:3[0-2]|[12]?[0-9]))?"}
_USUAL_PORT = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2})"
_USUAL_PORTS = dict.fromkeys((4, 6), _USUAL_PORT)
_USUAL_NAT = {4: rf"{_USUAL_ADDRESS}(?::{_USUAL_PORT})?"}
_NUMBER = pattern(r"[+]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)\Z")
_MAC = pattern(r"[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}\Z")
_BITS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64}
SYSLOG = "emerg|panic|alert|crit|err|error|warning|warn|notice|info|debug"
TCP_FLAGS = frozenset(["SYN", "ACK", "FIN", "RST", "URG", "PSH", "ALL", "NONE"])
TOS = {
    "minimize-delay": 0x10, "maximize-throughput": 0x08, "maximize-reliability": 0x04, "minimize-cost": 0x02,
    "normal-service": 0x00,
}  # fmt: skip
_RATE = pattern(r"([0-9]+)(?:/([a-z]+))?\Z", re.IGNORECASE)
_BYTE_RATE = pattern(r"[0-9]+(?:k|m)?b/s\Z", re.IGNORECASE)
_BYTES = pattern(r"[0-9]+(?:(?:k|m)?b)?\Z", re.IGNORECASE)
_UNITS = ("second", "minute", "hour", "day")


def number(text: str) -> int:
    """A number in the bases strtoul(3) knows: 10, 0x1f, 017; raises ValueError."""
    if not _NUMBER.match(text):
        raise ValueError(f"“{text}” is no number")
    digits = text.lstrip("+")
    return int(digits, 8) if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit() else int(digits, 0)


def is_number(text: str, low: int, high: int) -> bool:
    """Whether a text is a number from low to high."""
    # No value of any kind has more digits than 2^64 in octal.
    return len(text) <= 24 and _NUMBER.match(text) is not None and low <= number(text) <= high


def service(text: str) -> int | None:
    """The port of a service name (services(5)), None if there is none; surrogates and NUL are no name."""
    import socket  # rarely needed, and slow to import

    try:
        return socket.getservbyname(text)
    except (OSError, ValueError):
        return None


def is_port(text: str) -> bool:
    """Whether a text is a port's number or a service's name."""
    return is_number(text, 0, 65535) or (not text.isdecimal() and text[:1].isalpha() and _known_service(text))


@lru_cache(1024)
def _known_service(text: str) -> bool:
    # A host without /etc/services can't tell names from misprints, so it takes them all.
    return service(text) is not None or service("domain") is None


@lru_cache(65536)
def is_address(text: str, family: int) -> bool:
    """Whether a text is a whole address."""
    try:
        parse(text, family)
    except ValueError:
        return False
    return True


@lru_cache(65536)
def is_network(text: str, family: int) -> bool:
    """Whether a text is ADDRESS, ADDRESS/LENGTH or ADDRESS/MASK; IPv4 may leave trailing parts out (10/8)."""
    host, slash, mask = text.partition("/")
    if family == 4 and slash and host.replace(".", "").isdecimal() and host.count(".") < 3:
        host += ".0" * (3 - host.count("."))
    if family == 4 and not slash and host.isdecimal():
        return is_number(host, 0, 0xFFFFFFFF)
    if family == 4 and not slash and host.count(".") in (1, 2):
        return all(is_number(part, 0, 0xFFFFFF) for part in host.split("."))
    bits = 32 if family == 4 else 128
    return is_address(host, family) and (not slash or is_number(mask, 0, bits) or is_address(mask, family))


def _between(separator: str, fits: Fits, least: int = 1, ordered: Callable[[str], int] | None = None) -> Fits:
    """LOW<separator>HIGH, either end left open; with `ordered`, LOW may not be above HIGH."""

    def test(text: str, family: int) -> bool:
        ends = text.split(separator, 2)
        if not least <= len(ends) <= 2 or not all(end == "" or fits(end, family) for end in ends):
            return False
        if ordered is None or len(ends) < 2 or "" in ends:
            return text != ""
        return ordered(ends[0]) <= ordered(ends[1])

    return test


def _listed(fits: Fits) -> Fits:
    return lambda text, family: len(text) <= 65536 and all(fits(part, family) for part in text.split(","))


def _port_value(text: str) -> int:
    return number(text) if text.isdecimal() else service(text) or 0


def _bounds(bits: int, argument: str) -> tuple[int, int]:
    low, _, high = argument.partition("-")
    return int(low or 0), int(high) if high else (1 << bits) - 1


def _number_kind(bits: int, argument: str) -> Kind:
    low, high = _bounds(bits, argument)
    return Kind(f"a number from {low} to {high}", lambda text, family: is_number(text, low, high))


def _range_kind(bits: int, argument: str) -> Kind:
    low, high = _bounds(bits, argument)
    fits: Fits = lambda text, family: is_number(text, low, high)  # noqa: E731
    return Kind(f"a number from {low} to {high}, or two as LOW:HIGH", _between(":", fits))


def _ordered_range(bits: int, argument: str) -> Kind:
    low, high = _bounds(bits, argument)
    fits: Fits = lambda text, family: is_number(text, low, high)  # noqa: E731
    words = f"a number from {low} to {high}, or two as LOW:HIGH, the lower first"
    return Kind(words, _between(":", fits, 1, number))


def _text(argument: str) -> Kind:
    low, _, high = argument.partition("-")
    least, most = int(low or 0), int(high) if high else 1 << 20
    words = f"text of at most {most} bytes" if high else "text"
    words = words if not least else f"{words}, not empty"
    if argument == "":
        return Kind(words, anything)
    usual = f'"[ !#-\\[\\]-~]{{{least},{most}}}"|[A-Za-z0-9][A-Za-z0-9_-]{{{max(0, least - 1)},{most - 1}}}'
    fits: Fits = lambda text, family: least <= len(text.encode("utf-8", "surrogateescape")) <= most  # noqa: E731
    return Kind(words, fits, usual=dict.fromkeys((4, 6), usual))


def _enum(argument: str) -> Kind:
    names = argument.split("|")
    known = frozenset(names)
    return Kind("one of " + ", ".join(names), lambda text, family: text in known)


def _ienum(argument: str) -> Kind:
    names = argument.split("|")
    known = frozenset(name.lower() for name in names)
    return Kind("one of " + ", ".join(names), lambda text, family: text.lower() in known)


def _each(argument: str) -> Kind:
    inner = _ienum(argument)
    return Kind(f"{inner.expected}, or several with commas", _listed(inner.fits))


def _pair(bits: int, argument: str) -> Kind:
    high = (1 << bits) - 1

    def fits(text: str, family: int) -> bool:
        value, slash, mask = text.partition("/")
        return is_number(value, 0, high) and (not slash or is_number(mask, 0, high))

    return Kind(f"a number up to {high:#x}, or VALUE/MASK", fits)


def _tos(argument: str) -> Kind:
    inner = _pair(8, "").fits
    words = "a number up to 0xff, VALUE/MASK or a name such as Minimize-Delay"
    return Kind(words, lambda text, family: text.lower() in TOS or inner(text, family))


def _port_list(argument: str) -> Kind:
    def fits(text: str, family: int) -> bool:
        slots = 0
        for part in text.split(","):
            low, colon, high = part.partition(":")
            slots += 2 if colon else 1
            if not is_port(low) or (colon and not (is_port(high) and _port_value(low) < _port_value(high))):
                return False
        return slots <= 15

    return Kind("up to 15 ports with commas, a range LOW:HIGH counting as two", fits)


def _prefix_length(argument: str) -> Kind:
    def fits(text: str, family: int) -> bool:
        return is_number(text, 0, 32 if family == 4 else 128) or (argument == "mask" and is_address(text, family))

    return Kind("a prefix length" + (" or a mask" if argument == "mask" else ""), fits)


def _protocol(argument: str) -> Kind:
    @lru_cache(256)
    def fits(text: str, family: int) -> bool:
        try:
            protocol_number(text)
        except ValueError:
            return False
        return True

    return Kind("a protocol's name, or its number up to 255", fits)


def _rate(argument: str) -> Kind:
    """xt_limit's N[/second|minute|hour|day], the unit's first letters being enough; xt_hashlimit's Nkb/s too."""

    def fits(text: str, family: int) -> bool:
        found = _RATE.match(text)
        if found is None:
            return argument == "bytes" and _BYTE_RATE.match(text) is not None
        unit = (found[2] or "second").lower()
        return any(name.startswith(unit) for name in _UNITS) and len(found[1]) < 11 and int(found[1]) > 0

    return Kind("a rate such as 10/minute" + (" or 4kb/s" if argument else ""), fits)


def _nat(argument: str) -> Kind:
    """ADDRESS[-ADDRESS][:PORT[-PORT][/PORT]]; IPv6 addresses in brackets where ports follow."""

    def fits(text: str, family: int) -> bool:
        addresses, ports = split_endpoint(text, family)
        ends = addresses.split("-", 2) if addresses else []
        known = len(ends) <= 2 and all(is_address(end, family) for end in ends)
        return known and (_nat_ports(ports) if ports is not None else bool(ends))

    def bare(text: str, family: int) -> bool:
        return split_endpoint(text, family)[1] is None and fits(text, family)

    without = Kind("ADDRESS[-ADDRESS]: a port needs -p tcp, udp, sctp or dccp", bare)
    return Kind("ADDRESS[-ADDRESS][:PORT[-PORT]]", fits, without, usual=_USUAL_NAT)


def _redirect_ports(argument: str) -> Kind:
    without = Kind("no port: it needs -p tcp, udp, sctp or dccp", lambda text, family: False)
    return Kind("a port, or two as LOW-HIGH", lambda text, family: "/" not in text and _nat_ports(text), without)


def split_endpoint(text: str, family: int) -> tuple[str, str | None]:
    """(addresses, ports) of a NAT target's value, ports None where none are named."""
    if text.startswith("["):
        addresses, closed, rest = text[1:].partition("]")
        if closed and (rest == "" or rest.startswith(":")):
            return addresses, rest[1:] if rest else None
        return text, None
    if family == 6:
        return text, None
    addresses, colon, ports = text.partition(":")
    return addresses, ports if colon else None


def _nat_ports(text: str) -> bool:
    """PORT, LOW-HIGH or LOW-HIGH/BASE; names of services may hold a dash themselves (ftp-data)."""
    ports, slash, base = text.partition("/")
    if slash and (not is_port(base) or base == "0"):
        return False
    if is_port(ports):
        return True
    low, dash, high = ports.partition("-")
    return bool(dash) and is_number(low, 0, 65535) and is_number(high, 0, 65535) and number(low) <= number(high)


_REASONS = {
    4: "icmp-net-unreachable|icmp-host-unreachable|icmp-proto-unreachable|icmp-port-unreachable|icmp-net-prohibited|"
       "icmp-host-prohibited|icmp-admin-prohibited|tcp-reset|net-unreach|host-unreach|proto-unreach|port-unreach|"
       "net-prohib|host-prohib|tcp-rst|admin-prohib",
    6: "icmp6-no-route|icmp6-adm-prohibited|icmp6-addr-unreachable|icmp6-port-unreachable|tcp-reset|"
       "icmp6-policy-fail|icmp6-reject-route|no-route|adm-prohibited|addr-unreach|port-unreach|policy-fail|reject-route",
}  # fmt: skip


def _reject(argument: str) -> Kind:
    """A reason's name; a beginning of it will do."""

    def fits(text: str, family: int) -> bool:
        return bool(text) and any(name.startswith(text.lower()) for name in _REASONS[family].split("|"))

    def not_reset(text: str, family: int) -> bool:
        return fits(text, family) and not text.lower().startswith("tcp-r")

    words = "a reason such as icmp-port-unreachable (icmp6-port-unreachable in IPv6)"
    return Kind(words, fits, Kind("another reason: tcp-reset needs -p tcp", not_reset))


def _address_range(argument: str) -> Kind:
    def fits(text: str, family: int) -> bool:
        ends = text.split("-", 2)
        return len(ends) <= 2 and all(is_address(end, family) for end in ends)

    return Kind("an address, or two as FIRST-LAST", fits)


def _probability(argument: str) -> Kind:
    def fits(text: str, family: int) -> bool:
        try:
            return 0 <= float(text) <= 1 and "_" not in text
        except ValueError:
            return False

    return Kind("a number from 0 to 1", fits)


def _pattern(pattern: str, words: str) -> Kind:
    compiled = re.compile(rf"(?:{pattern})\Z")
    return Kind(words, lambda text, family: compiled.match(text) is not None)


_PLAIN: dict[str, Callable[[str], Kind]] = {
    "text": _text,
    "enum": _enum,
    "ienum": _ienum,
    "each": _each,
    "mark": lambda _: _pair(32, ""),
    "pair16": lambda _: _pair(16, ""),
    "tos": _tos,
    "port": lambda _: Kind("a port, by number or name", lambda text, family: is_port(text), usual=_USUAL_PORTS),
    "ports": lambda _: Kind(
        "a port, or two as LOW:HIGH", _between(":", lambda text, family: is_port(text)), usual=_USUAL_PORTS
    ),
    "orderedports": lambda _: Kind(
        "a port, or two as LOW:HIGH, the lower first",
        _between(":", lambda text, family: is_port(text), 1, _port_value),
        usual=_USUAL_PORTS,
    ),
    "portlist": _port_list,
    "natports": _redirect_ports,
    "reject": _reject,
    "nat": _nat,
    "address": lambda _: Kind("an address", is_address),
    "network": lambda _: Kind("an address or a network", is_network, usual=_USUAL_NETWORK),
    "networks": lambda _: Kind(
        "an address, a network, or several with commas",
        _listed(is_network),
        negated=Kind("one address or network: ! goes with a single one", is_network, usual=_USUAL_NETWORK),
        usual=_USUAL_NETWORK,
    ),
    "addressrange": _address_range,
    "length": _prefix_length,
    "protocol": _protocol,
    "mac": lambda _: Kind("a MAC address", lambda text, family: _MAC.match(text) is not None),
    "interface": lambda _: Kind(
        "an interface name of at most 15 bytes",
        lambda text, family: 1 <= len(text.encode("utf-8", "surrogateescape")) <= 15,
    ),
    "tcpflags": lambda _: Kind(
        "TCP flags: SYN ACK FIN RST URG PSH ALL NONE, with commas",
        _listed(lambda text, family: text.upper() in TCP_FLAGS),
    ),
    "syslog": lambda _: Kind(
        "a log level: 0 to 7 or one of " + SYSLOG.replace("|", ", "),
        lambda text, family: is_number(text, 0, 7) or text.lower() in SYSLOG.split("|"),
    ),
    "rate": _rate,
    "burst": lambda _: Kind("a number, or bytes such as 400kb", lambda text, family: bool(_BYTES.match(text))),
    "probability": _probability,
    "sides": lambda _: _pattern("(?:src|dst)(?:,(?:src|dst)){0,5}", "src or dst, up to six with commas"),
    "ids": lambda _: _pattern(r"\d+(?:-\d+)?|[A-Za-z_][^ \t:]*", "a number, a range FIRST-LAST, or a name"),
    "class": lambda _: _pattern("[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}", "MAJOR:MINOR in hexadecimal"),
    "date": lambda _: _pattern(
        r"\d{4}(?:-\d{1,2}(?:-\d{1,2}(?:T\d{1,2}(?::\d{1,2}(?::\d{1,2})?)?)?)?)?", "a date as YYYY-MM-DDThh:mm:ss"
    ),
    "time": lambda _: _pattern(r"\d{1,2}:\d{1,2}(?::\d{1,2})?", "a time as hh:mm:ss"),
    "interval": lambda _: _pattern(r"\d+(?:\.\d+)?(?:s|sec|secs|ms|msec|msecs|us|usec|usecs)?", "a time such as 250ms"),
    "bits": lambda _: _pattern(r"\d+(?:\.\d+)?(?:[kmgt]?(?:i?bit|bps)|[kmgt]i?)?", "a rate such as 5kbit"),
}  # fmt: skip


@lru_cache(None)
def kind(text: str) -> Kind:
    """The kind of that name, with its argument if it has one: `u8(1-255)`, `enum(in|out)`, `port`."""
    name, _, argument = text.removesuffix(")").partition("(")
    base = name.removesuffix("s") if name not in _PLAIN else name
    if name in _BITS:
        return _number_kind(_BITS[name], argument)
    if name.startswith("range"):
        return _range_kind(int(name[5:]), argument)
    if name.startswith("ordered") and name[7:].isdecimal():
        return _ordered_range(int(name[7:]), argument)
    return _PLAIN[base](argument)
