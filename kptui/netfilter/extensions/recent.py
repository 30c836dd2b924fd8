"""recent: lists of source addresses that the kernel keeps (xt_recent.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, setting
from kptui.netfilter.facts import negate
from kptui.syntax.ast import Option

OPTIONS = {
    "set": 0, "rcheck": 0, "update": 0, "remove": 0, "seconds": 1, "reap": 0, "hitcount": 1, "rttl": 0, "name": 1,
    "rsource": 0, "rdest": 0, "mask": 1,
}  # fmt: skip


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
    test = setting(scope, "recent", (name, side, limits, act == "remove"), why)
    return [(lambda packet: negate(test(packet))) if negated else test]


def _say(options: Sequence[Option]) -> str:
    act, negated, name, _ = _parts(options)
    if act == "set":
        return f"remembering the client in the recent list {name}"
    seconds = next((option.value for option in options if option.name == "seconds"), None)
    hits = next((option.value for option in options if option.name == "hitcount"), None)
    words = f"{'not ' if negated else ''}seen in the recent list {name}"
    words += f" within {seconds} s" if seconds else ""
    return words + (f", {hits} times or more" if hits else "") + (", renewing the entry" if act == "update" else "")


MATCHES = {"recent": MatchExtension(OPTIONS, _compile, _say)}
