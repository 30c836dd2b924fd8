"""A network namespace of one's own: legs, addresses and routes; it is gone when its process ends.

Only the worker process may call this, never a process that has anything else to do: unshare(2) moves the caller itself.
"""

from __future__ import annotations

import ctypes
import errno
import ipaddress
import os
import socket
import struct
import time
from collections.abc import Iterable
from pathlib import Path

from kptui.kernel.messages import KernelError, Leg, Place, Way
from kptui.kernel.netlink import CREATE, ROUTE, Netlink, attribute
from kptui.kernel.wires import CLONE_NEWNET, Outside, Tun, Wire
from kptui.syntax.ast import Family

_CLONE_NEWUSER = 0x10000000
_NEWLINK, _NEWADDR, _NEWROUTE = 16, 20, 24
_LOCAL_TABLE, _MAIN_TABLE = 255, 254
_NO_TUN = (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENODEV, errno.ENXIO)
_SELF = Path("/proc/self/ns/net")
_AF = {4: socket.AF_INET, 6: socket.AF_INET6}
# Settings of every place before its own: forward everything, check no reverse path, send nothing unasked.
_SETTINGS = {
    4: {
        "net/ipv4/ip_forward": "1",
        "net/ipv4/conf/all/rp_filter": "0",
        "net/ipv4/conf/default/rp_filter": "0",
        "net/ipv4/conf/all/send_redirects": "0",
        "net/ipv4/conf/default/send_redirects": "0",
        "net/ipv4/conf/all/route_localnet": "0",
        "net/ipv4/conf/default/route_localnet": "0",
        "net/ipv4/conf/all/accept_local": "0",
        "net/ipv4/conf/default/accept_local": "0",
        "net/ipv6/conf/all/disable_ipv6": "1",
        "net/ipv6/conf/default/disable_ipv6": "1",
    },
    6: {
        "net/ipv6/conf/all/disable_ipv6": "0",
        "net/ipv6/conf/default/disable_ipv6": "0",
        "net/ipv6/conf/all/forwarding": "1",
        "net/ipv6/conf/default/accept_dad": "0",
        "net/ipv6/conf/default/addr_gen_mode": "1",
    },
}


def namespace_id() -> int:
    """The number of the network namespace this process is in."""
    return _SELF.stat().st_ino


class Namespace:
    """The namespace the process moved into, with the far ends of its legs by name."""

    def __init__(self, place: Place, parent: int) -> None:
        """Leave the present namespace and build the place; `parent` is the namespace never to be touched.

        Raises KernelError if there is no right to do so, or something is missing.
        """
        self.rootless = _leave(parent)
        """Whether it needed a user namespace."""
        self.legs: dict[str, Wire] = {}
        self._outside: Outside | None = None
        self.index: dict[int, str] = {}
        with Netlink(ROUTE) as route:
            for name, value in (_SETTINGS[place.family] | dict(place.settings)).items():
                if "/conf/" not in name or name.split("/")[3] in ("all", "default", "lo"):
                    setting(name, value)
            _up(route, socket.if_nametoindex("lo"))
            for leg in place.legs:
                self._leg(route, leg, place.family, place.ethernet)
            for name, value in place.settings.items():
                if "/conf/" in name and name.split("/")[3] not in ("all", "default", "lo"):
                    setting(name, value)
            for prefix in place.local:
                _route(route, Way(prefix, "lo"), place.family, local=True)
            # The widest first, so that what a gateway needs is there.
            for way in sorted(place.routes, key=lambda way: ipaddress.ip_network(way.to).prefixlen):
                _route(route, way, place.family)
        self.index = dict(socket.if_nameindex())
        self.family = place.family
        self.settled(address for leg in place.legs for address in leg.addresses)

    def settled(self, addresses: Iterable[str]) -> None:
        """Wait until the local routes of IPv6 addresses are there: the kernel adds them from a work queue."""
        wanted = {ipaddress.ip_address(address).packed.hex() for address in addresses if self.family == 6}
        for _ in range(1000):
            lines = [line.split() for line in Path("/proc/net/ipv6_route").read_text().splitlines()] if wanted else []
            if wanted <= {line[0] for line in lines if line[1] == "80" and int(line[8], 16) & 0x80000000}:
                return
            time.sleep(0.001)
        raise KernelError("the kernel did not set up the IPv6 addresses within a second")

    def close(self) -> None:
        """Close the legs; the namespace is gone once nothing else holds it."""
        for leg in self.legs.values():
            leg.close()
        self.legs = {}
        if self._outside is not None:
            self._outside.close()

    @property
    def prompt(self) -> bool:
        """Whether a packet has gone its whole way once it is put in."""
        return self._outside is None

    def _leg(self, route: Netlink, leg: Leg, family: Family, ethernet: bool) -> None:
        try:
            self.legs[leg.name] = self._wire(route, leg.name, ethernet)
        except OSError as error:
            raise KernelError(f"no network interface “{leg.name}” can be made: {error.strerror}") from None
        index = socket.if_nametoindex(leg.name)
        for address in leg.addresses:
            packed = ipaddress.ip_address(address).packed
            body = struct.pack("=BBBBI", _AF[family], len(packed) * 8, 0x02, 0, index)
            route.ask(_NEWADDR, body + attribute(1, packed) + attribute(2, packed), CREATE)

    def _wire(self, route: Netlink, name: str, ethernet: bool) -> Wire:
        """A TUN device, or where there are none or they won't do, a veth pair."""
        if self._outside is None and not ethernet:
            try:
                return Tun(route, name)
            except OSError as error:
                if error.errno not in _NO_TUN:
                    raise
        self._outside = self._outside or Outside()
        return self._outside.pair(route, name)


def setting(name: str, value: str) -> None:
    """Write a sysctl of this namespace; raises KernelError."""
    try:
        (Path("/proc/sys") / name).write_text(value)
    except OSError as error:
        raise KernelError(f"{name.replace('/', '.')} can't be set to {value}: {error.strerror}") from None


def _leave(parent: int) -> bool:
    """Move this process into a new, empty network namespace; whether it took a new user namespace, being no root."""
    before = namespace_id()
    libc = ctypes.CDLL(None, use_errno=True)
    rootless: bool = libc.unshare(CLONE_NEWNET) != 0
    if rootless:
        user, group = os.geteuid(), os.getegid()
        if libc.unshare(_CLONE_NEWUSER | CLONE_NEWNET) != 0:
            why = os.strerror(ctypes.get_errno())
            raise KernelError(f"a network namespace needs root, or unprivileged user namespaces: {why}")
        try:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        except OSError as error:
            raise KernelError(f"a user namespace can't be set up: {error.strerror}") from None
    now = namespace_id()
    if now in (before, parent) or [name for _, name in socket.if_nameindex()] != ["lo"]:
        raise KernelError("the new network namespace is not a new one; nothing was done")
    return rootless


def _up(route: Netlink, index: int) -> None:
    route.ask(_NEWLINK, struct.pack("=BxHiII", 0, 0, index, 1, 1))


def _route(route: Netlink, way: Way, family: Family, local: bool = False) -> None:
    """Add a route; a local one makes its whole prefix the host's own."""
    to = ipaddress.ip_network(way.to)
    table, scope, kind = (_LOCAL_TABLE, 254, 2) if local else (_MAIN_TABLE, 253 if family == 4 else 0, 1)
    body = struct.pack("=BBBBBBBBI", _AF[family], to.prefixlen, 0, 0, table, 4, scope, kind, 0)
    body += attribute(1, to.network_address.packed) if to.prefixlen else b""
    try:
        body += attribute(4, struct.pack("=I", socket.if_nametoindex(way.device)))
        if way.source:
            body += attribute(7, ipaddress.ip_address(way.source).packed)
        route.ask(_NEWROUTE, body, CREATE)
    except OSError as error:
        raise KernelError(f"no route to {way.to} by {way.device}: {error.strerror or error}") from None
