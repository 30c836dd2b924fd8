"""The rule trace of nf_tables: netlink group NFNLGRP_NFTRACE (include/uapi/linux/netfilter/nf_tables.h)."""

from __future__ import annotations

import struct
from collections import Counter

from kptui.kernel.messages import Event, Pass, Passed
from kptui.kernel.netlink import NETFILTER, Message, Netlink, attributes, string
from kptui.kernel.packets import header, tag_of
from kptui.records import dataclass, field
from kptui.syntax.ast import Family

TABLE = "kptui_judge"
"""Our own table, whose chains switch the trace on before every hook's tables and look again after them."""

_GROUP = 9
_NFT = 10 << 8
_NEWRULE, _GETRULE, _TRACE = _NFT | 6, _NFT | 7, _NFT | 17
_POLICY = 1
_NFPROTO = {4: 2, 6: 10}
_VERDICTS = {-1: None, -3: "jump", -4: "goto", -5: "RETURN", 0: "DROP", 1: "ACCEPT", 3: "QUEUE"}
_STATES = {2: "ESTABLISHED", 4: "RELATED", 8: "NEW", 64: "UNTRACKED", 1: "INVALID"}
Chain = tuple[str, str]


@dataclass(slots=True)
class NftTrace:
    """Reads the trace of the packets sent in this namespace."""

    family: Family
    index: dict[int, str]
    socket: Netlink = field(default_factory=lambda: Netlink(NETFILTER, _GROUP))
    rules: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    tag: int = 0
    _mine: dict[bytes, bool] = field(default_factory=dict)
    _hook: str = ""

    def prepare(self) -> Counter[Chain]:
        """Learn which handle is which rule of which chain; how many rules each chain has."""
        counts: Counter[Chain] = Counter()
        with Netlink(NETFILTER) as netlink:
            for kind, data in netlink.dump(_GETRULE, struct.pack("!BBH", _NFPROTO[self.family], 0, 0)):
                found = attributes(data[4:]) if kind == _NEWRULE else {}
                if not found:
                    continue
                table, chain = string(found[1]), string(found[2])
                counts[table, chain] += 1
                self.rules[table, struct.unpack("!Q", found[3])[0]] = (chain, counts[table, chain])
        return counts

    def begin(self, tag: int) -> None:
        """From here on, listen to the packet of that tag."""
        self.socket.waiting()
        self.tag, self._hook = tag, ""
        self._mine.clear()

    def read(self, seconds: float = 0) -> list[Event | Pass]:
        """What has happened to the packet since."""
        events = (self._event(message) for message in self.socket.waiting(seconds))
        return [event for event in events if event is not None]

    def _event(self, message: Message) -> Event | Pass | None:
        kind, data = message
        if kind != _TRACE:
            return None
        found = attributes(data[4:])
        if 8 in found:
            self._mine[found[6]] = tag_of(found[8]) == self.tag
        if not self._mine.get(found[6]):
            return None
        table, chain = string(found[1]), string(found[2])
        if table == TABLE:
            return self._passed(chain, found) if 8 in found else None
        if _number(found, 4) == _POLICY:
            policy = "ACCEPT" if _number(found, 16) == 1 else "DROP"
            return Event(self._hook, table, chain, None, "policy", policy)
        verdict = attributes(found[5])
        code = struct.unpack("!i", verdict[1])[0]
        if code > 0:
            code &= 0xFF  # the rest is the queue's number and whether it may be bypassed
        words = _VERDICTS.get(code, str(code))
        if code in (-3, -4):
            words = f"{words} {string(verdict[2])}"
        if 3 not in found:
            # A base chain's end is told by its policy, too.
            return Event(self._hook, table, chain, None, "return") if chain != self._hook else None
        home, number = self.rules[table, struct.unpack("!Q", found[3])[0]]
        return Event(self._hook, table, home, number, "rule", words)

    def _passed(self, chain: str, found: dict[int, bytes]) -> Pass:
        words = chain.split("-")
        passed: Passed = "enter" if words[0] == "enter" else "leave"
        self._hook = words[1]
        state = _STATES.get(_number(found, 21)) if 21 in found else None
        packet = found[8] + found.get(9, b"")
        in_, out = (self.index.get(_number(found, kind), "") for kind in (10, 12))
        return Pass(passed, self._hook, header(packet), _number(found, 14), in_, out, state)


def _number(found: dict[int, bytes], kind: int) -> int:
    number: int = struct.unpack("!I", found[kind])[0] if kind in found else 0
    return number
