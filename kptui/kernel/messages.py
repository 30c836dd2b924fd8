"""What the judge and its worker process say to each other: a place, a packet to send, what the kernel did with it."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from kptui.errors import KptuiError
from kptui.syntax.ast import Family, Rule

Kind = Literal["rule", "return", "policy"]
Passed = Literal["enter", "leave"]


class KernelError(KptuiError):
    """The kernel could not be asked: no right to, something missing, or a ruleset it refuses."""


class RefusedError(KernelError):
    """Rules that iptables-restore refuses; `rules` are those it names by their lines, by table, chain and number."""

    def __init__(self, message: str, rules: Mapping[tuple[str, str, int], Rule]) -> None:
        """The message is iptables-restore's."""
        super().__init__(message)
        self.rules = rules


@dataclass(frozen=True, slots=True)
class Leg:
    """A network interface and its addresses (no prefix lengths: routes are told apart from them)."""

    name: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """A route: packets to the prefix leave by a leg, with that source where they have none."""

    to: str
    device: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The host facts that are rebuilt in the namespace; `local` are prefixes that are local as a whole.

    `settings` are sysctls below /proc/sys (net/ipv4/conf/all/route_localnet -> 1), `ipsets` the text of `ipset save`.
    `setup` are commands of ip(8) that complete addresses and routes. Packets from outside arrive with a `mark`;
    conntrack leaves out what is `untracked`; legs are `ethernet` devices where MAC addresses matter.
    """

    family: Family
    legs: tuple[Leg, ...]
    routes: tuple[Way, ...] = ()
    local: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    ipsets: str = ""
    setup: tuple[str, ...] = ()
    mark: int = 0
    untracked: bool = False
    ethernet: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """A packet to send: in by a leg, or (no leg) by a process of the host, whose user and group are `uid` and `gid`.

    Without `src`, a process leaves it to the kernel, which picks by its routes.
    `mac` is the source's MAC address, where the leg has such. `payload` is a number of zero bytes; `options` TCP
    options in hexadecimal, a multiple of four bytes.
    """

    proto: int
    src: str
    dst: str
    leg: str | None = None
    sport: int = 0
    dport: int = 0
    tcp_flags: int = 2
    icmp_type: int = 8
    icmp_code: int = 0
    ttl: int = 64
    tos: int = 0
    mark: int = 0
    uid: int = 0
    payload: int = 0
    options: str = ""
    gid: int = 0
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """The addresses and numbers of a packet at one point of its way; ports are None for protocols without."""

    src: str
    dst: str
    proto: int
    ttl: int
    tos: int
    length: int
    sport: int | None
    dport: int | None


@dataclass(frozen=True, slots=True)
class Event:
    """A rule that matched, or the end of a chain, as the kernel told it.

    `rule` counts from 1 and is None for a chain's end. `verdict` is what nft says of it (ACCEPT, DROP, `jump X`, …);
    legacy says none but a policy's.
    """

    hook: str
    table: str
    chain: str
    rule: int | None
    kind: Kind
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    """The packet as it came to a hook or left it: header, mark, interfaces, and conntrack's state where it is told."""

    passed: Passed
    hook: str
    header: Header | None
    mark: int
    in_: str
    out: str
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the kernel did with one packet; `wire` is the leg it left by, `refused` why it could not even be sent."""

    events: tuple[Event, ...]
    passes: tuple[Pass, ...]
    wire: str | None = None
    left: Header | None = None
    refused: str | None = None

    @property
    def end(self) -> Literal["out", "delivered", "dropped", "lost"]:
        """Out by a leg, delivered to the host, dropped by a rule or policy, or lost by no rule's doing."""
        if self.wire is not None:
            return "out"
        if self.events and (self.events[-1].verdict == "DROP" or self._queued or self._stuck):
            return "dropped"
        if self.passes and (self.passes[-1].passed, self.passes[-1].hook) == ("leave", "INPUT"):
            return "delivered"
        return "lost"

    @property
    def _queued(self) -> bool:
        """Whether a queue kept the packet: with --queue-bypass and no listener it goes on to the next table."""
        last, met = self.passes[-1] if self.passes else None, self.events[-1]
        left = last is not None and (last.passed, last.hook) == ("leave", met.hook)
        return met.verdict == "QUEUE" and not left

    @property
    def _stuck(self) -> bool:
        """Whether a rule was the last thing the packet met in a hook that it never left: a target's own drop."""
        last, met = self.passes[-1] if self.passes else None, self.events[-1]
        here = last is not None and (last.passed, last.hook) == ("enter", met.hook)
        return here and met.kind == "rule" and self.refused in (None, os.strerror(errno.EPERM))

    @property
    def header(self) -> Header | None:
        """The packet as it was last seen."""
        return self.left or next((found.header for found in reversed(self.passes) if found.header), None)

    @property
    def mark(self) -> int:
        """The mark as it was last seen."""
        return self.passes[-1].mark if self.passes else 0


def place_of(data: Mapping[str, Any]) -> Place:
    """A place from its JSON."""
    return Place(
        data["family"],
        tuple(Leg(leg["name"], tuple(leg["addresses"])) for leg in data["legs"]),
        tuple(Way(**way) for way in data["routes"]),
        tuple(data["local"]),
        setup=tuple(data["setup"]),
        **{name: data[name] for name in ("settings", "ipsets", "mark", "untracked", "ethernet")},
    )


def seen_of(data: Mapping[str, Any]) -> Seen:
    """What was seen, from its JSON."""

    def header(found: Mapping[str, Any] | None) -> Header | None:
        return Header(**found) if found else None

    return Seen(
        tuple(Event(**event) for event in data["events"]),
        tuple(Pass(**{**each, "header": header(each["header"])}) for each in data["passes"]),
        data["wire"],
        header(data["left"]),
        data["refused"],
    )


def as_json(message: Place | Probe | Seen) -> dict[str, Any]:
    """A message as JSON's objects and lists."""
    return asdict(message)
