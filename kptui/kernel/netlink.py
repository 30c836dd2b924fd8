"""Netlink by hand: messages with attributes, requests that wait for their answer, and listening sockets.

Source: include/uapi/linux/netlink.h. Every socket made here belongs to the namespace the process is in at that moment.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator

ROUTE, NETFILTER = 0, 12
REQUEST, ACK, CREATE, DUMP = 0x1, 0x4, 0x400, 0x300
_ERROR, _DONE = 2, 3
_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1
_SO_RCVBUFFORCE = 33
_BUFFER = 32 << 20

Message = tuple[int, bytes]
"""A message's type and what follows its header."""


def attribute(kind: int, value: bytes) -> bytes:
    """An attribute, padded to four bytes."""
    return struct.pack("=HH", len(value) + 4, kind) + value + bytes(-len(value) % 4)


def text(kind: int, value: str) -> bytes:
    """An attribute that is a string."""
    return attribute(kind, value.encode() + b"\0")


def attributes(data: bytes) -> dict[int, bytes]:
    """Attributes by their kind, the flags for nesting and byte order taken off."""
    found: dict[int, bytes] = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[4:length]
        data = data[(length + 3) & ~3 :]
    return found


def string(value: bytes) -> str:
    """An attribute's text."""
    return value.rstrip(b"\0").decode("utf-8", "surrogateescape")


def _messages(data: bytes) -> Iterator[Message]:
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        if length < 16:
            return
        yield kind, data[16:length]
        data = data[(length + 3) & ~3 :]


class Netlink:
    """A netlink socket; close it, or use it as a context."""

    def __init__(self, protocol: int, group: int | None = None) -> None:
        """With `group`, everything that is sent to that multicast group is received; raises OSError."""
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self.socket.bind((0, 0))
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        except PermissionError:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        if group is not None:
            self.socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, group)

    def __enter__(self) -> Netlink:
        """The socket itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the socket."""
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def ask(self, kind: int, body: bytes, flags: int = 0) -> None:
        """Send a request and wait until the kernel has done it; raises OSError with its error."""
        self._send(kind, body, REQUEST | ACK | flags)
        for _, data in self._answers():
            raise OSError(errno.EPROTO, f"unexpected answer {data!r}")

    def dump(self, kind: int, body: bytes) -> list[Message]:
        """Everything the kernel has of a kind; raises OSError."""
        self._send(kind, body, REQUEST | DUMP)
        return list(self._answers())

    def waiting(self, seconds: float = 0) -> list[Message]:
        """What has come in; if nothing has, wait that long for it. Raises OSError (ENOBUFS) if something was lost."""
        found: list[Message] = []
        self.socket.settimeout(seconds)
        try:
            while True:
                found += _messages(self.socket.recv(1 << 18))
                self.socket.settimeout(0)
        except (BlockingIOError, TimeoutError):
            return found
        finally:
            self.socket.settimeout(None)

    def _send(self, kind: int, body: bytes, flags: int) -> None:
        self.socket.send(struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body)

    def _answers(self) -> Iterator[Message]:
        while True:
            for kind, data in _messages(self.socket.recv(1 << 18)):
                if kind == _ERROR:
                    code = -struct.unpack_from("=i", data)[0]
                    if code:
                        raise OSError(code, os.strerror(code))
                    return
                if kind == _DONE:
                    return
                yield kind, data
