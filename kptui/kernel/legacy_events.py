"""The rule trace of ip_tables: log messages by NFULNL, group 0 (include/uapi/linux/netfilter/nfnetlink_log.h).

A message names table, chain and number, but not the verdict: that is in the dump. For an unconditional ACCEPT, DROP or
RETURN it says "policy" or "return" where "rule" is meant; the number tells.
"""

from __future__ import annotations

import struct
from collections import Counter

from kptui.kernel.messages import Event, Pass, Passed
from kptui.kernel.netlink import NETFILTER, Message, Netlink, attribute, attributes, string
from kptui.kernel.packets import header, tag_of
from kptui.records import dataclass, field
from kptui.syntax.ast import Family

MARKER = "kptui"
"""What the log prefix of our own sentinels begins with: `kptui enter PREROUTING`."""

_PACKET, _CONFIG = 4 << 8, 4 << 8 | 1
_HOOKS = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
Chain = tuple[str, str]


@dataclass(slots=True)
class LegacyTrace:
    """Reads the trace of the packets sent in this namespace; `counts` says how many rules each chain has."""

    family: Family
    index: dict[int, str]
    counts: Counter[Chain]
    policies: dict[Chain, str]
    socket: Netlink = field(default_factory=lambda: Netlink(NETFILTER))
    tag: int = 0

    def prepare(self) -> Counter[Chain]:
        """Bind to the log group, every message at once and whole."""
        body = struct.pack("!BBH", 0, 0, 0)
        self.socket.ask(_CONFIG, body + attribute(1, b"\1"))
        self.socket.ask(_CONFIG, body + attribute(2, struct.pack("!IBB", 0xFFFF, 2, 0)))
        self.socket.ask(_CONFIG, body + attribute(5, struct.pack("!I", 1)))
        return self.counts

    def begin(self, tag: int) -> None:
        """From here on, listen to the packet of that tag."""
        self.socket.waiting()
        self.tag = tag

    def read(self, seconds: float = 0) -> list[Event | Pass]:
        """What has happened to the packet since."""
        events = (self._event(message) for message in self.socket.waiting(seconds))
        return [event for event in events if event is not None]

    def _event(self, message: Message) -> Event | Pass | None:
        kind, data = message
        if kind != _PACKET:
            return None
        found = attributes(data[4:])
        payload, prefix = found.get(9, b""), string(found.get(10, b""))
        if tag_of(payload) != self.tag:
            return None
        hook = _HOOKS[found[1][2]]
        if prefix.startswith(MARKER):
            words = prefix.split()
            passed: Passed = "enter" if words[1] == "enter" else "leave"
            in_, out = (self.index.get(_number(found, kind), "") for kind in (4, 5))
            return Pass(passed, hook, header(payload), _number(found, 2), in_, out)
        if not prefix.startswith("TRACE: "):
            return None
        table, rest = prefix.removeprefix("TRACE: ").split(":", 1)
        chain, comment, number = rest.rstrip().rsplit(":", 2)
        if comment == "rule" or int(number) <= self.counts[table, chain]:
            return Event(hook, table, chain, int(number), "rule")
        if chain == hook:
            return Event(hook, table, chain, None, "policy", self.policies[table, chain])
        return Event(hook, table, chain, None, "return")


def _number(found: dict[int, bytes], kind: int) -> int:
    number: int = struct.unpack("!I", found[kind])[0] if kind in found else 0
    return number
