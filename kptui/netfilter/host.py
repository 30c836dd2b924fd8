"""What is known of the host besides its rules: its addresses, its routes, and answers the user gave beforehand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kptui.netfilter.address import Network, network, parse
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, within
from kptui.netfilter.intervals import Intervals, normal, subtract
from kptui.netfilter.iproute import MAIN, Address, Policy, Route
from kptui.netfilter.packet import Name, Number
from kptui.netfilter.recent_lists import RecentList
from kptui.patterns import pattern
from kptui.records import dataclass, field

if TYPE_CHECKING:
    from kptui.netfilter.conntrack_table import Connections
    from kptui.netfilter.ipsets import IpSets

__all__ = ["Host", "Route", "loopback", "route"]

_ROUTE = pattern(r"^(\S+)((?:\s+(?:dev|via|src)\s+\S+)*)\s*$")


@dataclass(frozen=True, slots=True)
class Host:
    """The host's facts; `local` is None where nobody told its addresses, and then only loopback is sure.

    `settings` holds answers for single match options (`uid-owner` -> `1337`), `assume` pieces of match text with
    the answer to take for them, `ipsets` what is in ipsets, None where nobody told.

    From a bundle: `addresses` with their devices, `broadcasts` (address -> device), `routes` of all tables, which then
    are `complete`, `policies` (`ip rule`), `sysctls` by their names, `recent` the lists of -m recent by name,
    `connections` those that conntrack knows.
    """

    family: int = 4
    local: tuple[Network, ...] | None = None
    routes: tuple[Route, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    assume: tuple[tuple[str, bool], ...] = ()
    ipsets: IpSets | None = None
    addresses: tuple[Address, ...] | None = None
    broadcasts: Mapping[int, str] | None = None
    policies: tuple[Policy, ...] | None = None
    complete: bool = False
    sysctls: Mapping[str, str] = field(default_factory=dict)
    recent: Mapping[str, RecentList] | None = None
    connections: Connections | None = None

    @property
    def routed(self) -> bool:
        """Whether the routes are known, so that where none leads, none is."""
        return self.complete or bool(self.routes)

    def local_region(self) -> Intervals | None:
        """The host's addresses as ranges, None where they aren't known."""
        if self.local is None:
            return None
        nets = [*self.local, loopback(self.family)]
        region = normal([found for net in nets if net.region for found in net.region])
        return subtract(region, normal([(each, each) for each in self.broadcasts or ()]))

    def is_local(self, address: Number) -> Answer:
        """Whether an address is one of this host's (the kernel's fib lookup: RTN_LOCAL)."""
        if isinstance(address, Unknown):
            region = self.local_region()
            if address.local:
                return True
            if region is None:
                fact = Fact(("local", address.label))
                return Unsure(fact, f"the {address.label} is not known, nor are this host's addresses")
            return within(address, region, f"the {address.label}")
        if self.broadcasts and address in self.broadcasts:
            return False
        if address in loopback(self.family):
            return True
        if self.local is not None:
            return any(address in net for net in self.local)
        return Unsure(Fact(("local", address)), "the host's addresses are not known (--local)")

    def connected(self, address: Number) -> Route | None:
        """The most specific unicast route to an address, whatever policy rules say."""
        if isinstance(address, Unknown):
            return None
        fitting = (each for each in self.routes if address in each.to and each.kind == "unicast" and each.table == MAIN)
        return max(fitting, key=lambda route: route.to.mask, default=None)

    def source_on(self, device: Name) -> int | None:
        """The host's address on a device, None where the routes don't tell one, or tell several.

        The kernel looks at the device's addresses, not at a route's source (inet_select_addr, ipv6_dev_get_saddr).
        """
        found = {route.source for route in self.routes if route.device == device and route.source is not None}
        return found.pop() if len(found) == 1 else None

    def may_be_broadcast(self, address: Number) -> bool:
        """Whether an IPv4 address is the last one of a known route's network, which often is for all hosts there."""
        if self.broadcasts is not None:
            return address in self.broadcasts
        route = self.connected(address)
        region = route.to.region if route and route.to.mask and self.family == 4 else None
        return region is not None and region[0][0] + 2 < region[0][1] == address

    def sysctl(self, name: str, device: Name = "") -> str | None:
        """A sysctl's value, None where it isn't known; `name` may have a DEV in it, which stands for the device."""
        if "DEV" in name:
            if not isinstance(device, str):
                return None
            name = name.replace("DEV", device.replace(".", "/"))
        return self.sysctls.get(name)


_LOOPBACK = {4: network("127.0.0.0/8", 4), 6: network("::1/128", 6)}


def loopback(family: int) -> Network:
    """127.0.0.0/8 or ::1, which are local on every host."""
    return _LOOPBACK[family]


def route(text: str, family: int) -> Route:
    """A route as `ip route` prints it: CIDR dev IF [via IP] [src IP]; raises ValueError.

    It wins over a bundle's route to the same prefix.
    """
    found = _ROUTE.match(text.strip())
    pairs = dict(re.findall(r"(dev|via|src)\s+(\S+)", found[2])) if found else {}
    if found is None or "dev" not in pairs:
        raise ValueError(f"“{text}” is no route: expected “CIDR dev INTERFACE [via ADDRESS] [src ADDRESS]”")
    to = ("0.0.0.0/0" if family == 4 else "::/0") if found[1] == "default" else found[1]
    source = parse(pairs["src"], family) if "src" in pairs else None
    via = parse(pairs["via"], family) if "via" in pairs else None
    return Route(network(to, family), pairs["dev"], source, via, metric=-1)
