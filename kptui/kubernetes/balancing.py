"""How a chain spreads packets over endpoints: the rules that lead to KUBE-SEP- chains, and each one's exact share."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from kptui.kubernetes.names import ENDPOINT_PREFIX
from kptui.netfilter.extensions.statistic import share
from kptui.records import dataclass
from kptui.syntax.ast import Chain, Match, Rule

UNSURE = "?"
"""Stands for the probability of a rule whose conditions leave it open."""


@dataclass(frozen=True, slots=True)
class Way:
    """A rule that leads to an endpoint's chain; `written` is its --probability (None: all that is left, or “?”).

    `share` is its part of all that comes to the balancing chain and has no session, None where it can't be told.
    """

    chain: str
    number: int
    line: int
    written: str | None
    share: Fraction | None


@dataclass(frozen=True, slots=True)
class Balancing:
    """A chain that balances; `affinity` is its ClientIP session affinity in seconds, `affine` where that leads."""

    chain: str
    ways: tuple[Way, ...] = ()
    affinity: int | None = None
    affine: tuple[str, ...] = ()


def balancing(chain: Chain) -> Balancing:
    """Reads a KUBE-SVC-, KUBE-SVL- or KUBE-XLB- chain."""
    found: list[tuple[Rule, str | None]] = []
    affine: list[str] = []
    seconds = None
    for rule in chain.rules:
        if rule.target is None or not rule.target.name.startswith(ENDPOINT_PREFIX):
            continue
        recent = next((match for match in rule.matches if match.name == "recent"), None)
        if recent is None:
            found.append((rule, _written(rule)))
        else:
            affine.append(rule.target.name)
            seconds = seconds or _seconds(recent)
    shares = exact_shares(tuple([written for _, written in found]))
    ways = [
        Way(rule.target.name if rule.target else "", rule.number, rule.line, written, part)
        for (rule, written), part in zip(found, shares, strict=True)
    ]
    return Balancing(chain.name, tuple(ways), seconds, tuple(affine))


@lru_cache(maxsize=4096)
def exact_shares(written: tuple[str | None, ...]) -> tuple[Fraction | None, ...]:
    """The share of each rule of a chain, given their probabilities as written: each takes its part of what is left."""
    left: Fraction | None = Fraction(1)
    found: list[Fraction | None] = []
    for text in written:
        part = Fraction(1) if text is None else _probability(text)
        if left is None or part is None:
            left = None
            found.append(None)
        else:
            found.append(left * part)
            left -= left * part
    return tuple(found)


def _probability(text: str) -> Fraction | None:
    try:
        return share(text) if text != UNSURE else None
    except ValueError:
        return None


def _written(rule: Rule) -> str | None:
    """The --probability of a rule, None without one, “?” if it asks for something else."""
    if rule.generic:
        return UNSURE
    written: str | None = None
    for match in rule.matches:
        if match.name == "statistic" and written is None:
            written = next((o.value for o in match.options if o.name == "probability" and not o.negated), UNSURE)
        elif match.name != "comment":
            return UNSURE
    return written


def _seconds(recent: Match) -> int | None:
    text = next((option.value for option in recent.options if option.name == "seconds"), "")
    return int(text) if text.isdecimal() else None


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a chain translates to, and the rule that does; without a port the packet keeps its own."""

    ip: str
    port: int | None
    number: int
    line: int


ENDPOINT_RULES = 16
"""No endpoint's chain has more rules; KUBE-SERVICES has tens of thousands."""


def destination(chain: Chain) -> Destination | None:
    """The address that an endpoint's chain translates to, None if it doesn't or the chain is too long for one."""
    rule = _translating(chain.rules) if len(chain.rules) <= ENDPOINT_RULES else None
    if rule is None or rule.target is None:
        return None
    where = next((o.value for o in rule.target.options if o.name in ("to-destination", "to") and o.value), None)
    if where is None:
        return None
    ip, port = split_address(where)
    return Destination(ip, port, rule.number, rule.line)


def _translating(rules: Sequence[Rule]) -> Rule | None:
    """The first DNAT rule; kube-proxy writes it last, so that one is looked at first."""
    if len(rules) <= 2:
        order: Sequence[int] = range(len(rules) - 1, -1, -1)
    else:
        order = range(len(rules))
    return next((rule for rule in map(rules.__getitem__, order) if rule.target and rule.target.name == "DNAT"), None)


def split_address(text: str) -> tuple[str, int | None]:
    """10.0.0.1:80, [fd00::1]:80, or an address alone; of a range of ports the first."""
    if text.startswith("["):
        ip, _, port = text[1:].partition("]")
        port = port.lstrip(":")
    elif text.count(":") > 1:
        ip, port = text, ""
    else:
        ip, _, port = text.partition(":")
    first = port.partition("-")[0]
    return ip, int(first) if first.isdecimal() and len(first) <= 5 else None
