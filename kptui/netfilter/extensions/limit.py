"""limit and hashlimit: token buckets, whose state is not in a dump (xt_limit.c, xt_hashlimit.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, setting
from kptui.netfilter.facts import negate
from kptui.syntax.ast import Option


def _compile(options: Sequence[Option], scope: Scope) -> list[Test]:
    negated = any(option.negated for option in options)
    test = setting(scope, "limit", scope.line, "whether the rate limit is used up is not in a dump", per_packet=True)
    return [(lambda packet: negate(test(packet))) if negated else test]


def _say_limit(options: Sequence[Option]) -> str:
    named = {option.name: option.value for option in options}
    burst = f", bursts of {named['limit-burst']}" if "limit-burst" in named else ""
    return f"at most {named.get('limit', '3/hour')} on average{burst}"


def _say_hashlimit(options: Sequence[Option]) -> str:
    named = {option.name: option.value for option in options}
    per = f" for each {named['hashlimit-mode']}" if "hashlimit-mode" in named else ""
    if "hashlimit-above" in named:
        return f"more than {named['hashlimit-above']}{per}"
    return f"at most {named.get('hashlimit-upto', named.get('hashlimit', '?'))}{per}"


_HASHLIMIT = (
    "hashlimit", "hashlimit-upto", "hashlimit-above", "hashlimit-burst", "hashlimit-mode", "hashlimit-srcmask",
    "hashlimit-dstmask", "hashlimit-name", "hashlimit-htable-size", "hashlimit-htable-max", "hashlimit-htable-expire",
    "hashlimit-htable-gcinterval", "hashlimit-rate-interval",
)  # fmt: skip
MATCHES = {
    "limit": MatchExtension({"limit": 1, "limit-burst": 1}, _compile, _say_limit),
    "hashlimit": MatchExtension(
        dict.fromkeys(_HASHLIMIT, 1) | {"hashlimit-rate-match": 0},
        _compile,
        _say_hashlimit,
    ),
}
