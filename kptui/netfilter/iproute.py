"""A host's addresses, routes and policy rules, as `ip -j addr|route|rule` prints them (iproute2, ip-route(8))."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from kptui.errors import UsageError
from kptui.netfilter.address import Network, network, parse
from kptui.netfilter.protocols import protocol_number
from kptui.records import dataclass

MAIN, LOCAL, DEFAULT = "main", "local", "default"
_NAMES = {"255": LOCAL, "254": MAIN, "253": DEFAULT}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Address:
    """An address on a device; `net` is the network it is in, `scope` one of global, site, link, host (or a number)."""

    device: str
    address: int
    net: Network
    scope: str = "global"
    secondary: bool = False
    deprecated: bool = False
    tentative: bool = False


@dataclass(frozen=True, slots=True)
class Hop:
    """One of several next hops of a route."""

    device: str
    via: int | None = None
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Route:
    """A route: packets to `to` leave by `device`, from `source` if they have no address of their own yet.

    `kind` is unicast, local, broadcast, multicast, anycast, blackhole, unreachable, prohibit or throw.
    """

    to: Network
    device: str
    source: int | None = None
    via: int | None = None
    kind: str = "unicast"
    table: str = MAIN
    metric: int = 0
    tos: int = 0
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule of `ip rule`: which packets ask which table, or what becomes of them (`action`).

    `odd` names what of it is not followed: whether the rule applies then is unknown.
    """

    priority: int
    table: str = ""
    action: str = ""
    negated: bool = False
    source: Network | None = None
    to: Network | None = None
    iif: str = ""
    oif: str = ""
    mark: int | None = None
    mask: int = 0xFFFFFFFF
    tos: int = 0
    proto: int | None = None
    sport: tuple[int, int] | None = None
    dport: tuple[int, int] | None = None
    uid: tuple[int, int] | None = None
    goto: int | None = None
    suppress: int | None = None
    odd: str = ""
    text: str = ""


def read_addresses(text: str, family: int) -> tuple[Address, ...]:
    """The addresses of a family; raises ValueError."""
    wanted = "inet" if family == 4 else "inet6"
    return tuple(
        _address(link, each, family)
        for link in _objects(text)
        for each in link.get("addr_info", ())
        if each.get("family") == wanted and "local" in each
    )


def _address(link: Mapping[str, Any], found: Mapping[str, Any], family: int) -> Address:
    local = found["local"]
    return Address(
        str(link["ifname"]),
        parse(local, family),
        network(f"{found.get('address', local)}/{int(found['prefixlen'])}", family),
        str(found.get("scope", "global")),
        bool(found.get("secondary")),
        bool(found.get("deprecated")),
        bool(found.get("tentative")) and not found.get("optimistic"),
    )


def read_routes(text: str, family: int) -> tuple[Route, ...]:
    """The routes of all tables; those the kernel marks dead are left out. Raises ValueError."""
    return tuple(_route(found, family) for found in _objects(text) if "dead" not in found.get("flags", ()))


def _route(found: Mapping[str, Any], family: int) -> Route:
    hops = tuple(
        Hop(str(hop["dev"]), _via(hop, family), int(hop.get("weight", 1)))
        for hop in found.get("nexthops", ())
        if "dev" in hop and "dead" not in hop.get("flags", ())
    )
    source = found.get("prefsrc")
    return Route(
        _net(found["dst"], family),
        str(found.get("dev") or (hops[0].device if hops else "")),
        parse(source, family) if source else None,
        _via(found, family),
        str(found.get("type", "unicast")),
        table_name(found.get("table", MAIN)),
        int(found.get("metric", 0)),
        _number(found.get("tos", 0)),
        hops,
    )


def _via(found: Mapping[str, Any], family: int) -> int | None:
    """The gateway; one of the other family says nothing of addresses here."""
    gateway = found.get("gateway")
    return parse(gateway, family) if gateway else None


def read_policies(text: str, family: int) -> tuple[Policy, ...]:
    """The policy rules by priority; raises ValueError."""
    return tuple(sorted((_policy(found, family) for found in _objects(text)), key=lambda each: each.priority))


_TOLD = {
    "priority", "src", "srclen", "dst", "dstlen", "iif", "iif_detached", "oif", "oif_detached", "fwmark", "fwmask",
    "tos", "ipproto", "sport", "sport_start", "sport_end", "dport", "dport_start", "dport_end", "uid_start", "uid_end",
    "table", "goto", "nop", "not", "action", "suppress_prefixlen", "protocol", "unresolved",
}  # fmt: skip


def _policy(found: Mapping[str, Any], family: int) -> Policy:
    goto = found.get("goto")
    return Policy(
        int(found["priority"]),
        table_name(found.get("table", "")),
        str(found.get("action", "nop" if "nop" in found else "")),
        "not" in found,
        _side(found, "src", family),
        _side(found, "dst", family),
        str(found.get("iif", "")),
        str(found.get("oif", "")),
        _number(found["fwmark"]) if "fwmark" in found else None,
        _number(found.get("fwmask", 0xFFFFFFFF)),
        _number(found.get("tos", 0)),
        protocol_number(str(found["ipproto"])) if "ipproto" in found else None,
        _range(found, "sport"),
        _range(found, "dport"),
        (int(found["uid_start"]), int(found["uid_end"])) if "uid_start" in found else None,
        goto if isinstance(goto, int) else None,
        int(found["suppress_prefixlen"]) if "suppress_prefixlen" in found else None,
        ", ".join(sorted(set(map(str, found)) - _TOLD)),
        _policy_text(found),
    )


def _policy_text(found: Mapping[str, Any]) -> str:
    """A policy rule in the words of `ip rule`, as far as a person needs to know it again."""
    words = [f"ip rule {found['priority']}:", *(["not"] if "not" in found else [])]
    for name, said in (("src", "from"), ("dst", "to")):
        if name in found:
            length = f"/{found[name + 'len']}" if name + "len" in found else ""
            words.append(f"{said} {found[name]}{length}")
    if "fwmark" in found:
        words.append(f"fwmark {found['fwmark']}" + (f"/{found['fwmask']}" if "fwmask" in found else ""))
    words += [f"{name} {found[name]}" for name in ("iif", "oif", "tos", "ipproto", "sport", "dport") if name in found]
    words += [f"lookup {found['table']}"] if "table" in found else [str(found.get("action", ""))]
    return " ".join(filter(None, words))


def _side(found: Mapping[str, Any], name: str, family: int) -> Network | None:
    text = str(found.get(name, "all"))
    if text in ("all", "default", "any"):
        return None
    bits = 32 if family == 4 else 128
    return network(f"{text}/{int(found.get(name + 'len', bits))}" if "/" not in text else text, family)


def _range(found: Mapping[str, Any], name: str) -> tuple[int, int] | None:
    if name in found:
        return int(found[name]), int(found[name])
    return (int(found[f"{name}_start"]), int(found[f"{name}_end"])) if f"{name}_start" in found else None


def _net(text: str, family: int) -> Network:
    whole = "0.0.0.0/0" if family == 4 else "::/0"
    return network(whole if text == "default" else text, family)


def table_name(given: object) -> str:
    """A routing table's name; those of the kernel's own three, whose numbers mean the same."""
    return _NAMES.get(str(given), str(given))


def _number(given: object) -> int:
    return given if isinstance(given, int) else int(str(given), 0)


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a JSON list; iproute2 prints nothing, or an empty object, where there are none."""
    if not text.strip():
        return
    found = json.loads(text)
    if not isinstance(found, list):
        raise ValueError("expected a list")
    for each in found:
        if not isinstance(each, dict):
            raise ValueError("expected a list of objects")
        if each:
            yield each


def read(name: str, text: str, reader: Callable[[str], T]) -> T:
    """Read one of these texts; raises ValueError that names it, whatever is wrong with it."""
    try:
        return reader(text)
    except (ValueError, UsageError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = f"there is no {error}" if isinstance(error, KeyError) else str(error).rstrip(".") or type(error).__name__
        raise ValueError(f"{name} can't be read: {why}") from None
