"""A question about one packet, field by field as typed, and what the tracer needs to answer it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from kptui.errors import UsageError
from kptui.netfilter.address import Network, family_of, network, parse
from kptui.netfilter.facts import Unknown
from kptui.netfilter.host import Host, loopback, route
from kptui.netfilter.icmp_types import parse_type
from kptui.netfilter.journey import Origin
from kptui.netfilter.packet import ICMP, ICMPV6, TCP, WITH_PORTS, Packet, flags
from kptui.netfilter.protocols import protocol_number
from kptui.netfilter.told import Told
from kptui.patterns import pattern
from kptui.records import dataclass, field, replace
from kptui.syntax.ast import Backend
from kptui.text import visible

CTSTATES = ("NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED")
ORIGINS: tuple[Origin, ...] = get_args(Origin)
BACKENDS: tuple[Backend, ...] = get_args(Backend)
_INTERFACE = pattern(r"[^\s/]{1,15}\Z")
_TEXTS = {
    "mac_source": ("MAC address", pattern(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}\Z")),
    "payload": ("sequence of bytes in hexadecimal", pattern(r"([0-9A-Fa-f]{2})*\Z")),
}
BITS = {"length": 16, "ttl": 8, "tos": 8, "mss": 16, "uid": 32, "gid": 32}
DETAILS = (*BITS, *_TEXTS)
"""The fields of a packet that no option of their own tells."""
T = TypeVar("T")


class FieldError(UsageError):
    """A field that makes no sense; `field` is its name in a Request."""

    def __init__(self, name: str, message: str) -> None:
        """The message is one sentence for the user."""
        super().__init__(message)
        self.field = name


@dataclass(slots=True)
class Request:
    """A packet as the user typed it; an empty field is unknown, or has the default of the command line's reference."""

    src: str = ""
    dst: str = ""
    proto: str = ""
    sport: str = ""
    dport: str = ""
    in_: str = ""
    out: str = ""
    origin: str = ""
    ctstate: str = ""
    mark: str = ""
    ctmark: str = ""
    tcp_flags: str = ""
    icmp_type: str = ""
    local: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    assume: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    """length, ttl, tos, mss, uid, gid, mac_source, payload: what only --batch tells."""
    to_node: bool = False
    """Any address of the node is meant as the destination."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the tracer is asked."""

    packet: Packet
    host: Host
    origin: Origin


def question(request: Request, base: Host) -> Question:
    """Check every field; raises FieldError for the first that makes no sense.

    `base` is what is known of the host already; what the request says is added to it, and wins.
    """
    family = base.family
    for name in ("src", "dst"):
        given = getattr(request, name)
        if given and _parsed(name, given, _address_family) != family:
            raise FieldError(
                name, f"--{name} {visible(given)} is an IPv{family_of(given)} address, the rules are IPv{family}."
            )
    host = _host(request, base)
    proto = _parsed("proto", request.proto or "tcp", protocol_number)
    packet = Packet(
        family=family,
        proto=proto,
        src=_address("src", request.src, "source address", family),
        dst=_destination(request, family, host),
        sport=_port("sport", request.sport, "source port", proto),
        dport=_port("dport", request.dport, "destination port", proto),
        in_=_interface("in_", request.in_, "incoming interface"),
        out=_interface("out", request.out, "outgoing interface"),
        mark=_parsed("mark", request.mark or "0", _mark),
        ctmark=_parsed("ctmark", request.ctmark or "0", _mark),
        ctstate=_one_of("ctstate", (request.ctstate or "NEW").upper(), CTSTATES),
        **_flags(request, proto),
        **_icmp(request, proto, family),
        **_details(request),
    )
    return Question(packet, host, _origin(request, packet, host))


def _parsed(name: str, text: str, parser: Callable[[str], T]) -> T:
    try:
        return parser(text)
    except ValueError as error:
        raise FieldError(name, f"--{name.strip('_').replace('_', '-')}: {visible(str(error))}.") from None


def _address_family(text: str) -> int:
    parse(text, family_of(text))
    return family_of(text)


def _one_of(name: str, text: str, allowed: tuple[Any, ...]) -> Any:
    if text not in allowed:
        raise FieldError(name, f"--{name}: “{visible(text)}” is none of {', '.join(allowed)}.")
    return text


def _address(name: str, text: str, label: str, family: int) -> int | Unknown:
    bits = 32 if family == 4 else 128
    return _parsed(name, text, lambda given: parse(given, family)) if text else Unknown(label, bits)


def _destination(request: Request, family: int, host: Host) -> int | Unknown:
    if not request.to_node:
        return _address("dst", request.dst, "destination address", family)
    home = loopback(family)
    own = [net.address for net in host.local or () if net.mask == (1 << net.bits) - 1 and net.address not in home]
    return own[0] if own else Unknown("address of the node", 32 if family == 4 else 128, local=True)


def port_number(text: str) -> int:
    """A port as typed; raises ValueError."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"“{text}” is no port number")
    if int(text) > 65535:
        raise ValueError(f"{text} is above 65535, the highest port")
    return int(text)


def _port(name: str, text: str, label: str, proto: int) -> int | Unknown:
    if not text:
        return Unknown(label, 16)
    number = _parsed(name, text, port_number)
    if proto not in WITH_PORTS:
        raise FieldError(name, f"--{name}: this protocol has no ports.")
    return number


def _interface(name: str, text: str, label: str) -> str | Unknown:
    if not text:
        return Unknown(label, 120)
    if not _INTERFACE.match(text):
        raise FieldError(name, f"--{name.strip('_')}: “{visible(text)}” is no interface name (15 characters at most).")
    return text


def _mark(text: str) -> int:
    try:
        number = int(text, 0)
    except ValueError:
        raise ValueError(f"“{text}” is no mark: expected a number such as 0x4000") from None
    if not 0 <= number <= 0xFFFFFFFF:
        raise ValueError(f"“{text}” is no mark: it has 32 bits")
    return number


def _flags(request: Request, proto: int) -> dict[str, Any]:
    if request.tcp_flags:
        if proto != TCP:
            raise FieldError("tcp_flags", "--tcp-flags: only TCP has flags.")
        return {"tcp_flags": _parsed("tcp_flags", request.tcp_flags, flags)}
    opening = (request.ctstate or "NEW").upper() == "NEW"
    return {} if opening else {"tcp_flags": Unknown("TCP flags", 6)}


def _icmp(request: Request, proto: int, family: int) -> dict[str, Any]:
    if request.icmp_type and proto not in (ICMP, ICMPV6):
        raise FieldError("icmp_type", "--icmp-type: the protocol is not ICMP (--proto icmp).")
    kind, code = _parsed("icmp_type", request.icmp_type or "echo-request", lambda text: parse_type(text, family))
    return {"icmp_type": kind, "icmp_code": code or 0}


def _details(request: Request) -> dict[str, Any]:
    """What --batch and the explorer's form tell beyond the options of the command line."""
    found: dict[str, Any] = {}
    for name, value in request.details.items():
        if name in _TEXTS:
            what, pattern = _TEXTS[name]
            if not pattern.match(str(value)):
                raise FieldError(name, f"{name}: “{visible(str(value))}” is no {what}.")
            found[name] = str(value)
        elif isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << BITS[name]:
            found[name] = value
        else:
            raise FieldError(name, f"{name}: “{visible(str(value))}” is no number of {BITS[name]} bits.")
    return found


def _host(request: Request, base: Host) -> Host:
    family = base.family
    local: list[Network] = list(base.local or ())
    for text in request.local:
        for part in filter(None, re.split(r"[,\s]+", text)):
            if family_of(part) == family:
                local.append(_parsed("local", part, lambda given: network(given, family)))
            else:
                _parsed("local", part, lambda given: network(given, family_of(given)))
    routes = [_parsed("routes", text, lambda given: route(given, family)) for text in request.routes]
    return replace(
        base,
        local=tuple(local) if local or base.local is not None else None,
        routes=(*base.routes, *routes),
        settings=Told(request.settings),
        assume=tuple(_assumption(text) for text in request.assume),
    )


def _assumption(text: str) -> tuple[str, bool]:
    match, equals, answer = text.rpartition("=")
    if not equals or answer.lower() not in ("yes", "no") or not match.strip():
        raise FieldError("assume", f"--assume: “{visible(text)}” is not of the form TEXT=yes or TEXT=no.")
    return match.strip(), answer.lower() == "yes"


def _origin(request: Request, packet: Packet, host: Host) -> Origin:
    """As asked for, else from the packet: a source that is the host's own, and no incoming interface, was sent here."""
    if request.origin:
        found: Origin = _one_of("origin", request.origin.lower(), ORIGINS)
        return found
    if isinstance(packet.src, Unknown) or request.in_:
        return "external"
    return "local" if host.is_local(packet.src) is True else "external"
