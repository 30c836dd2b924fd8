"""A KUBE-SEP- chain: the rule that marks a pod that reaches itself, and the one that translates."""

from __future__ import annotations

from collections.abc import Sequence

from kptui.kubernetes.balancing import split_address
from kptui.kubernetes.checks.finding import Place
from kptui.records import dataclass
from kptui.syntax.ast import Option, Rule

_NOWHERE = ("0.0.0.0", "::", "0:0:0:0:0:0:0:0")  # noqa: S104 - compared with, not listened on


@dataclass(frozen=True, slots=True)
class EndpointChain:
    """What an endpoint's chain does: `source` is whom it marks for masquerading, `to` where it translates to.

    `to` is None where nothing translates, where that rule (at `place`) is damaged, or where no packet can go there.
    """

    source: str | None = None
    to: str | None = None
    place: Place | None = None
    protocol: str | None = None
    comment: str | None = None
    damaged: bool = False

    @property
    def ip(self) -> str | None:
        """The address it translates to."""
        return split_address(self.to)[0] if self.to is not None else None


def endpoint_chain(rules: Sequence[Rule]) -> EndpointChain:
    """Reads the rules of a KUBE-SEP- chain."""
    source = None
    for rule in rules:
        if rule.target is None:
            continue
        if rule.target.name == "DNAT":
            return _translating(rule, source)
        if rule.target.name == "KUBE-MARK-MASQ" and source is None:
            for option in rule.generic:
                if option.name == "source" and not option.negated:
                    source = option.values[0].partition("/")[0]
    return EndpointChain(source, damaged=any(rule.error is not None for rule in rules))


def _translating(rule: Rule, source: str | None) -> EndpointChain:
    place = Place("nat", rule.chain, rule.number, rule.line)
    to = destination_of(rule.target.options) if rule.target is not None else None
    if to is None or rule.error is not None or rule.problem is not None or leads_nowhere(to):
        return EndpointChain(source, None, place, damaged=True)
    protocol = None
    for option in rule.generic:
        if option.name == "protocol" and not option.negated:
            protocol = option.values[0].lower()
    return EndpointChain(source, to, place, protocol, rule.comment)


def destination_of(options: Sequence[Option]) -> str | None:
    """The value of --to-destination."""
    for option in options:
        if option.name in ("to-destination", "to") and option.values and option.values[0]:
            return option.values[0]
    return None


def leads_nowhere(to: str) -> str | None:
    """“address” or “port”, whichever of a translation's destination no packet can go to; None if both are right."""
    if to[:1] not in "0:[" and to[-2:] != ":0":
        return None
    ip, port = split_address(to)
    return "address" if ip in _NOWHERE else "port" if port == 0 else None
