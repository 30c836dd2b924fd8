"""Wires: the far end of a leg, where packets are put in and where they come out.

A TUN device is best: what is written to it has gone its whole way when the write returns. Where /dev/net/tun may not be
opened (its mode is the administrator's choice, and containers often have none), a veth pair does, its far end
in a second namespace.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path
from typing import Protocol

from kptui.kernel.netlink import CREATE, Netlink, attribute, text
from kptui.syntax.ast import Family

CLONE_NEWNET = 0x40000000
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_NEWLINK, _IFF_UP, _IFF_NOARP = 16, 0x1, 0x80
_LINKINFO, _KIND, _DATA, _PEER, _ADDRESS, _IFNAME, _NS_FD = 18, 1, 2, 1, 1, 3, 28
_NEAR, _FAR = b"\x02kptu\x01", b"\x02kptu\x02"
_PROTOCOLS: dict[Family, int] = {4: 0x0800, 6: 0x86DD}
_SOL_PACKET, _IGNORE_OUTGOING = 263, 23
_SELF = "/proc/self/ns/net"
_libc = ctypes.CDLL(None, use_errno=True)


class Wire(Protocol):
    """The far end of one leg."""

    def put(self, packet: bytes, mac: str = "") -> None:
        """Send a packet in by the leg, from that MAC address where the leg has such; raises OSError."""

    def take(self) -> bytes | None:
        """A packet that left by the leg, None if there is none."""

    def close(self) -> None:
        """Let go of the leg."""


class Tun:
    """A TUN device."""

    def __init__(self, route: Netlink, name: str) -> None:
        """Make it; raises OSError."""
        self._tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.ioctl(self._tun, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
            _up(route, name)
        except OSError:
            os.close(self._tun)
            raise

    def put(self, packet: bytes, mac: str = "") -> None:
        """Write to the device."""
        os.write(self._tun, packet)

    def take(self) -> bytes | None:
        """Read from the device."""
        try:
            return os.read(self._tun, 65535)
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Close, which removes the device."""
        os.close(self._tun)


class Outside:
    """A second namespace, which holds the far ends of veth pairs."""

    def __init__(self) -> None:
        """Make it and come back; raises OSError."""
        self._inside = os.open(_SELF, os.O_RDONLY | os.O_CLOEXEC)
        _done(_libc.unshare(CLONE_NEWNET))
        self._outside = os.open(_SELF, os.O_RDONLY | os.O_CLOEXEC)
        # Nothing there may speak of its own accord.
        Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
        _done(_libc.setns(self._inside, CLONE_NEWNET))

    def pair(self, route: Netlink, name: str) -> Veth:
        """A veth pair, its near end here and up; raises OSError."""
        peer = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + text(_IFNAME, name)
        peer += attribute(_NS_FD, struct.pack("=I", self._outside))
        info = text(_KIND, "veth") + attribute(_DATA, attribute(_PEER, peer))
        near = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + text(_IFNAME, name) + attribute(_ADDRESS, _NEAR)
        route.ask(_NEWLINK, near + attribute(_LINKINFO, info), CREATE)
        _up(route, name)
        _done(_libc.setns(self._outside, CLONE_NEWNET))
        try:
            return Veth(name)
        finally:
            _done(_libc.setns(self._inside, CLONE_NEWNET))

    def close(self) -> None:
        """Let go of the namespaces."""
        os.close(self._inside)
        os.close(self._outside)


class Veth:
    """The far end of a veth pair, as a packet socket (packet(7))."""

    def __init__(self, name: str) -> None:
        """Bind to the device, in the namespace the process is in."""
        with Netlink(0) as route:
            _up(route, name)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.htons(3))
        self._socket.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
        self._socket.bind((name, 3))

    def put(self, packet: bytes, mac: str = "") -> None:
        """Send a frame."""
        kind = struct.pack("!H", _PROTOCOLS[6 if packet[0] >> 4 == 6 else 4])
        self._socket.send(_NEAR + (bytes.fromhex(mac.replace(":", "")) or _FAR) + kind + packet)

    def take(self) -> bytes | None:
        """Receive a frame's packet."""
        try:
            return self._socket.recv(65535)[14:]
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Close the socket; the pair goes with its namespaces."""
        self._socket.close()


def _up(route: Netlink, name: str) -> None:
    """Set a device up; none of them asks for neighbours."""
    flags = _IFF_UP | _IFF_NOARP
    route.ask(_NEWLINK, struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(name), flags, flags))


def _done(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
