"""recent: lists of addresses that the kernel keeps, and when it saw each (xt_recent.c).

What is unknown is how many seconds ago an address was seen; so one answer about a list decides others about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kptui.netfilter.address import parse
from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, setting
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.words import named
from kptui.netfilter.facts import Answer, Fact, Unknown, Unsure, negate, within
from kptui.netfilter.intervals import normal
from kptui.netfilter.packet import Number, Packet
from kptui.netfilter.recent_lists import RecentList
from kptui.records import dataclass
from kptui.syntax.ast import Option

_OPTIONS = declare(
    "! set", "! rcheck", "! update", "! remove", "seconds: u32(1-)", "reap", "hitcount: u16", "rttl",
    "name: text", "rsource", "rdest", "mask: address",
    needed="set|rcheck|update|remove", alone="set|rcheck|update|remove rttl|set rttl|remove rsource|rdest",
    also="reap=seconds",
)  # fmt: skip
_NEVER = 1 << 32
"""Seconds ago that stand for an address that is in no list."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A recent match: what it does, and what it asks of which address in which list."""

    act: str
    negated: bool
    name: str
    destination: bool
    mask: str | None
    seconds: int | None
    hits: int
    same_ttl: bool

    @property
    def key(self) -> str:
        """The list, as packets remember it."""
        return f"recent {self.name}"

    def address(self, packet: Packet) -> Number:
        """The address that is looked up, cut by the mask."""
        address = packet.dst if self.destination else packet.src
        if self.mask is None or isinstance(address, Unknown):
            return address
        return address & parse(self.mask, 6 if ":" in self.mask else 4)

    def whole(self) -> bool:
        """Whether the mask leaves addresses as they are."""
        return self.mask in (None, "255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")


def _asked(options: Sequence[Option]) -> _Asked:
    named = {option.name: option for option in options}
    act = next((name for name in ("set", "rcheck", "update", "remove") if name in named), "set")
    return _Asked(
        act,
        act in named and named[act].negated,
        named["name"].value if "name" in named else "DEFAULT",
        "rdest" in named,
        named["mask"].value if "mask" in named else None,
        int(named["seconds"].value, 0) if "seconds" in named else None,
        int(named["hitcount"].value, 0) if "hitcount" in named else 0,
        "rttl" in named,
    )


def _open(asked: _Asked) -> str:
    """Why the answer isn't known; kube-proxy keeps a list for each endpoint of a Service with session affinity."""
    if asked.name.startswith("KUBE-SEP-") and asked.seconds is not None and asked.act in ("rcheck", "update"):
        return f"session affinity: a dump does not say whether this client was sent here in the last {asked.seconds} s"
    return f"whether the address is in the recent list {asked.name} is not in a dump"


def _compile(options: Sequence[Option], scope: Scope) -> list[Test]:
    asked = _asked(options)
    if asked.act == "set":
        # --set enters the address and always matches.
        return [lambda packet: not asked.negated]
    why = _open(asked)
    names = (f"recent:{asked.name}", "recent")
    told = next((name for name in names if name in scope.host.settings), None)
    # A rule on the way may have entered the address or taken it out: then this match's question is its own.
    changed = Unsure(Fact(("recent", scope.table, scope.line, asked.act, asked.name)), why)

    def test(packet: Packet) -> Answer:
        if told is not None:
            return setting(scope, told, None, why)(packet)
        if asked.hits < 2 and not asked.same_ttl and _entry(asked, packet) in packet.entered:
            return True
        if asked.key in packet.changed:
            return changed
        return _listed(asked, (scope.host.recent or {}).get(asked.name), packet, why)

    return [(lambda packet: negate(test(packet))) if asked.negated else test]


def _listed(asked: _Asked, known: RecentList | None, packet: Packet, why: str) -> Answer:
    """Whether the list has the address, as often and as lately as is asked (recent_mt)."""
    address, longest = asked.address(packet), _NEVER
    if known is not None:
        if isinstance(address, Unknown):
            answer = within(address, normal([(each, each) for each in known]), f"the {address.label}")
            if answer is False and asked.whole():
                return False
            if asked.whole() and asked.seconds is None and asked.hits < 2 and not asked.same_ttl:
                return answer
        elif address not in known or known[address] < asked.hits:
            return False
        elif not asked.same_ttl:
            longest = _NEVER - 1
    whose = address.label if isinstance(address, Unknown) else f"{address:#x}"
    times = f", {asked.hits} times" if asked.hits > 1 else ""
    ttl = f", with TTL {packet.ttl}" if asked.same_ttl else ""
    label = f"seconds since {asked.name} has {whose}/{asked.mask or ''}{times}{ttl}"
    ago = Unknown(label, 33, possible=((0, longest),))
    answer = within(ago, ((0, asked.seconds if asked.seconds is not None else _NEVER - 1),), "")
    return Unsure(answer.fact, why) if isinstance(answer, Unsure) else answer


def _entry(asked: _Asked, packet: Packet) -> tuple[str, Number, str | None]:
    return asked.key, asked.address(packet), asked.mask


def _enters(options: Sequence[Option]) -> Callable[[Packet], Packet] | None:
    """What a packet that met `--set` takes along: its address is in the list from now on."""
    asked = _asked(options)
    if asked.act != "set":
        return None
    return lambda packet: packet.but(entered=packet.entered | {_entry(asked, packet)})


def _changes(options: Sequence[Option]) -> tuple[str, bool] | None:
    asked = _asked(options)
    return None if asked.act == "rcheck" else (asked.key, asked.act == "remove")


def _say(options: Sequence[Option]) -> str:
    asked = _asked(options)
    act, negated, name = asked.act, asked.negated, asked.name
    given = named(options)
    address = "destination" if "rdest" in given else "source"
    if "mask" in given and given["mask"].value not in _WHOLE:
        address += f" (under mask {given['mask'].value})"
    if act == "set":
        return f"its {address} entered in the recent list {name}" + (" (and never matching)" if negated else "")
    words = [f"{address} {'not ' if negated else ''}in the recent list {name}"]
    words += [f"{given['hitcount'].value} times or more"] if "hitcount" in given else []
    words += [f"in the last {given['seconds'].value} s"] if "seconds" in given else []
    words += ["with the same TTL"] if "rttl" in given else []
    return " ".join(words) + _DONE.get(act, "")


_DONE = {"update": ", its entry then renewed", "remove": ", its entry then removed"}
_WHOLE = ("255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
MATCHES = {"recent": MatchExtension(_OPTIONS, _compile, _say, _changes, _enters)}
