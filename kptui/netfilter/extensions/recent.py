"""recent: lists of source addresses that the kernel keeps (xt_recent.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, setting
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.facts import Answer, negate
from kptui.netfilter.packet import Packet
from kptui.syntax.ast import Option

_OPTIONS = declare(
    "! set", "! rcheck", "! update", "! remove", "seconds: u32(1-)", "reap", "hitcount: u16", "rttl",
    "name: text", "rsource", "rdest", "mask: address",
    needed="set|rcheck|update|remove", alone="set|rcheck|update|remove rttl|set rttl|remove rsource|rdest",
    also="reap=seconds",
)  # fmt: skip


def _parts(options: Sequence[Option]) -> tuple[str, bool, str, str]:
    """(what is done, negated, list name, conditions as text)."""
    named = {option.name: option for option in options}
    act = next((name for name in ("set", "rcheck", "update", "remove") if name in named), "set")
    limits = " ".join(f"{name}={named[name].value}" for name in ("seconds", "hitcount") if name in named)
    return act, act in named and named[act].negated, named["name"].value if "name" in named else "DEFAULT", limits


def _compile(options: Sequence[Option], scope: Scope) -> list[Test]:
    act, negated, name, limits = _parts(options)
    if act == "set":
        # --set enters the address and always matches.
        return [lambda packet: not negated]
    why = f"whether the address is in the recent list {name} is not in a dump"
    side = "dst" if any(option.name == "rdest" for option in options) else "src"
    unchanged = setting(scope, "recent", (name, side, limits, act == "remove"), why)
    # A rule on the way may have entered the address or taken it out: then this match's question is its own.
    changed = setting(scope, "recent", (scope.table, scope.line, act, name), why)

    def test(packet: Packet) -> Answer:
        return (changed if _list(options) in packet.changed else unchanged)(packet)

    return [(lambda packet: negate(test(packet))) if negated else test]


def _list(options: Sequence[Option]) -> str:
    """The list that a match looks at, as packets remember it."""
    return f"recent {_parts(options)[2]}"


def _changes(options: Sequence[Option]) -> str | None:
    return None if _parts(options)[0] == "rcheck" else _list(options)


def _say(options: Sequence[Option]) -> str:
    act, negated, name, _ = _parts(options)
    if act == "set":
        return f"remembering the client in the recent list {name}"
    seconds = next((option.value for option in options if option.name == "seconds"), None)
    hits = next((option.value for option in options if option.name == "hitcount"), None)
    words = f"{'not ' if negated else ''}seen in the recent list {name}"
    words += f" within {seconds} s" if seconds else ""
    return words + (f", {hits} times or more" if hits else "") + (", renewing the entry" if act == "update" else "")


MATCHES = {"recent": MatchExtension(_OPTIONS, _compile, _say, _changes)}
