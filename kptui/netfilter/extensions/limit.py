"""limit and hashlimit: token buckets, whose state is not in a dump (xt_limit.c, xt_hashlimit.c)."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, setting
from kptui.netfilter.extensions.declare import declare
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
    return f"at most {named.get('hashlimit-upto', '?')}{per}"


_HASHLIMIT = declare(
    "! hashlimit-upto|hashlimit: rate(bytes)", "! hashlimit-above: rate(bytes)", "hashlimit-burst: burst",
    "hashlimit-mode: each(srcip|srcport|dstip|dstport)", "hashlimit-srcmask: length", "hashlimit-dstmask: length",
    "hashlimit-name: text(1-254)", "hashlimit-htable-size: u32", "hashlimit-htable-max: u32",
    "hashlimit-htable-expire: u32", "hashlimit-htable-gcinterval: u32", "hashlimit-rate-match",
    "hashlimit-rate-interval: u32",
    needed="hashlimit-upto|hashlimit-above hashlimit-name", alone="hashlimit-upto|hashlimit-above",
)  # fmt: skip
MATCHES = {
    "limit": MatchExtension(declare("limit: rate", "limit-burst: u32(0-10000)"), _compile, _say_limit),
    "hashlimit": MatchExtension(_HASHLIMIT, _compile, _say_hashlimit),
}
