"""From the texts of a bundle to what is known of its host; which text is which, docs/bundles.md says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import TypeVar

from kptui.errors import SourceError
from kptui.netfilter.address import Network
from kptui.netfilter.conntrack_table import Connections
from kptui.netfilter.host import Host
from kptui.netfilter.iproute import LOCAL, Address, Route, read, read_addresses, read_policies, read_routes
from kptui.netfilter.ipsets import read_ipsets
from kptui.netfilter.recent_lists import RecentList, read_recent
from kptui.text import visible

_LISTS = "/proc/net/xt_recent/"
T = TypeVar("T")


def host_of(facts: Mapping[str, str], family: int) -> Host:
    """The host's facts for one address family; what no text tells stays unknown. Raises SourceError."""
    if not facts:
        return Host(family)
    six = "6" if family == 6 else ""
    try:
        addresses = _told(facts, "ip-addr.json", lambda text: read_addresses(text, family))
        routes = _told(facts, f"ip{six}-route.json", lambda text: read_routes(text, family))
        policies = _told(facts, f"ip{six}-rule.json", lambda text: read_policies(text, family))
        ipsets = _told(facts, "ipset-save", read_ipsets)
        recent = _recent(recent_lists(facts["xt_recent"]), family) if "xt_recent" in facts else None
    except ValueError as error:
        raise SourceError(f"{visible(str(error))}.") from None
    return Host(
        family,
        _local(addresses, routes),
        routes or (),
        ipsets=ipsets,
        addresses=addresses,
        broadcasts=None if routes is None else _broadcasts(routes),
        policies=policies,
        complete=routes is not None,
        sysctls=sysctls(facts.get("sysctl", "")),
        connections=_connections(facts),
        recent=recent,
    )


def _connections(facts: Mapping[str, str]) -> Connections | None:
    texts = [facts[name] for name in ("conntrack", "conntrack6") if name in facts]
    return Connections("\n".join(texts)) if texts else None


def _told(facts: Mapping[str, str], name: str, reader: Callable[[str], T]) -> T | None:
    return read(name, facts[name], reader) if name in facts else None


def _local(addresses: tuple[Address, ...] | None, routes: tuple[Route, ...] | None) -> tuple[Network, ...] | None:
    """What is local: the local table says it all (whole prefixes too); without it, the addresses do."""
    if routes is not None:
        return tuple(route.to for route in routes if route.table == LOCAL and route.kind in ("local", "anycast"))
    if addresses is None:
        return None
    bits = addresses[0].net.bits if addresses else 32
    return tuple(Network(each.address, (1 << bits) - 1, bits) for each in addresses if not each.tentative)


def _broadcasts(routes: tuple[Route, ...]) -> dict[int, str]:
    return {route.to.address: route.device for route in routes if route.kind == "broadcast" and route.table == LOCAL}


def _recent(lists: Mapping[str, tuple[str, ...]], family: int) -> dict[str, RecentList]:
    return {name: read_recent("\n".join(lines), family, name) for name, lines in lists.items()}


def sysctls(text: str) -> dict[str, str]:
    """Sysctls by name, as sysctl(8) prints them; lines that are none are passed over."""
    pairs = (line.partition(" = ") for line in text.splitlines())
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}


def recent_lists(text: str) -> dict[str, tuple[str, ...]]:
    """The lists of -m recent by name; each begins with a line that is its path in /proc."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if line.startswith(_LISTS):
            current = found.setdefault(PurePosixPath(line).name, [])
        elif line.strip():
            current.append(line.strip())
    return {name: tuple(lines) for name, lines in found.items()}
