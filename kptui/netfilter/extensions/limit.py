"""limit and hashlimit: token buckets, whose state is not in a dump (xt_limit.c, xt_hashlimit.c)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kptui.netfilter.extensions.base import MatchExtension, Scope, Test, setting
from kptui.netfilter.extensions.declare import declare
from kptui.netfilter.extensions.words import listed, named, rate
from kptui.netfilter.facts import negate
from kptui.syntax.ast import Option


def _compile(options: Sequence[Option], scope: Scope) -> list[Test]:
    negated = any(option.negated for option in options)
    test = setting(scope, "limit", scope.line, "whether the rate limit is used up is not in a dump", per_packet=True)
    return [(lambda packet: negate(test(packet))) if negated else test]


def _say_limit(options: Sequence[Option]) -> str:
    given = named(options)
    average = rate(given["limit"].value if "limit" in given else "3/hour")
    return (
        f"at most {average} on average, after a first {given['limit-burst'].value if 'limit-burst' in given else '5'}"
    )


_GROUPS = {"srcip": "source", "srcport": "source port", "dstip": "destination", "dstport": "destination port"}


def _say_hashlimit(options: Sequence[Option]) -> str:
    given = named(options)
    above = given.get("hashlimit-above")
    limit = above or given["hashlimit-upto"]
    words = [f"{'more than' if (above is not None) != limit.negated else 'at most'} {rate(limit.value)}"]
    if "hashlimit-mode" in given:
        words.append(f"for each {listed(list(map(_group(given), given['hashlimit-mode'].value.split(','))), 'and')}")
    if "hashlimit-burst" in given:
        words.append(f"(burst {given['hashlimit-burst'].value})")
    return (
        f"{' '.join(words)}, counted as {given['hashlimit-name'].value}"
        if "hashlimit-name" in given
        else " ".join(words)
    )


def _group(given: Mapping[str, Option]) -> Callable[[str], str]:
    """What one counter is for, with the networks that addresses are put together in."""

    def words(part: str) -> str:
        mask = given.get(f"hashlimit-{part[:3]}mask") if part.endswith("ip") else None
        network = f" network of /{mask.value}" if mask is not None and mask.value not in ("32", "128") else ""
        return f"{_GROUPS.get(part, part)}{network}"

    return words


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
