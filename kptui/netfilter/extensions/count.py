"""nfacct, quota, connbytes, connlimit: counters, whose values are not in a dump."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, independent, setting, spoken
from kptui.netfilter.facts import negate
from kptui.syntax.ast import Option


def _counter(name: str, options: dict[str, int], words: str, per_packet: bool) -> MatchExtension:
    def compile_all(given: Sequence[Option], scope: Scope) -> list[Test]:
        subject = tuple((option.name, option.values) for option in given)
        why = f"the counter behind -m {name} is not in a dump"
        test = setting(scope, name, (subject, scope.line), why, per_packet)
        negated = any(option.negated for option in given)
        return [(lambda packet: negate(test(packet))) if negated else test]

    def say(given: Sequence[Option]) -> str:
        return f"{words} ({' '.join(spoken(option) for option in given)})"

    return MatchExtension(options, compile_all, say)


MATCHES = {
    # nfacct counts, and always matches.
    "nfacct": independent(
        {"nfacct-name": (1, lambda option, scope: lambda packet: True, lambda option: f"counted as {option.value}")}
    ),
    "quota": _counter("quota", {"quota": 1}, "while the quota lasts", True),
    "connbytes": _counter(
        "connbytes",
        {"connbytes": 1, "connbytes-dir": 1, "connbytes-mode": 1},
        "by what the connection has moved",
        False,
    ),
    "connlimit": _counter(
        "connlimit",
        {"connlimit-upto": 1, "connlimit-above": 1, "connlimit-mask": 1, "connlimit-saddr": 0, "connlimit-daddr": 0},
        "by the number of connections",
        False,
    ),
}
