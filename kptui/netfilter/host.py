"""What is known of the host besides its rules: its addresses, its routes, and answers the user gave beforehand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from kptui.netfilter.address import Network, network, parse
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, within
from kptui.netfilter.intervals import Intervals, normal
from kptui.netfilter.ipsets import IpSets
from kptui.netfilter.packet import Name, Number

_ROUTE = re.compile(r"^(\S+)((?:\s+(?:dev|via|src)\s+\S+)*)\s*$")


@dataclass(frozen=True, slots=True)
class Route:
    """A route: packets to `to` leave by `device`, from `source` if they have no address of their own yet."""

    to: Network
    device: str
    source: int | None = None


@dataclass(frozen=True, slots=True)
class Host:
    """The host's facts; `local` is None where nobody told its addresses, and then only loopback is sure.

    `settings` holds answers for single match options (`uid-owner` -> `1337`), `assume` pieces of match text with
    the answer to take for them, `ipsets` what is in ipsets, None where nobody told.
    """

    family: int = 4
    local: tuple[Network, ...] | None = None
    routes: tuple[Route, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    assume: tuple[tuple[str, bool], ...] = ()
    ipsets: IpSets | None = None

    def local_region(self) -> Intervals | None:
        """The host's addresses as ranges, None where they aren't known."""
        if self.local is None:
            return None
        nets = [*self.local, loopback(self.family)]
        return normal([found for net in nets if net.region for found in net.region])

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
        if address in loopback(self.family):
            return True
        if self.local is not None:
            return any(address in net for net in self.local)
        return Unsure(Fact(("local", address)), "the host's addresses are not known (--local)")

    def route(self, address: Number, device: str | None = None) -> Route | None:
        """The most specific route to an address (by that device), None where it or the routes aren't known."""
        if isinstance(address, Unknown):
            return None
        fitting = [route for route in self.routes if address in route.to and device in (None, route.device)]
        return max(fitting, key=lambda route: route.to.mask, default=None)

    def source_on(self, device: Name) -> int | None:
        """The host's address on a device, None where the routes don't tell one, or tell several.

        The kernel looks at the device's addresses, not at a route's source (inet_select_addr, ipv6_dev_get_saddr).
        """
        found = {route.source for route in self.routes if route.device == device and route.source is not None}
        return found.pop() if len(found) == 1 else None

    def may_be_broadcast(self, address: Number) -> bool:
        """Whether an IPv4 address is the last one of a known route's network, which often is for all hosts there."""
        route = self.route(address)
        region = route.to.region if route and route.to.mask and self.family == 4 else None
        return region is not None and region[0][0] + 2 < region[0][1] == address


def loopback(family: int) -> Network:
    """127.0.0.0/8 or ::1, which are local on every host."""
    return network("127.0.0.0/8" if family == 4 else "::1/128", family)


def route(text: str, family: int) -> Route:
    """A route as `ip route` prints it: CIDR dev IF [via IP] [src IP]; raises ValueError."""
    found = _ROUTE.match(text.strip())
    pairs = dict(re.findall(r"(dev|via|src)\s+(\S+)", found[2])) if found else {}
    if found is None or "dev" not in pairs:
        raise ValueError(f"“{text}” is no route: expected “CIDR dev INTERFACE [via ADDRESS] [src ADDRESS]”")
    to = ("0.0.0.0/0" if family == 4 else "::/0") if found[1] == "default" else found[1]
    source = parse(pairs["src"], family) if "src" in pairs else None
    if "via" in pairs:
        parse(pairs["via"], family)
    return Route(network(to, family), pairs["dev"], source)
