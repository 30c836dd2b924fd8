"""A KUBE-SEP- chain: the rule that marks a pod that reaches itself, and the one that translates."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

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
    wrong = {rule.number for rule in rules if rule.error is not None or rule.problem is not None}
    opaque = any(rule.error is not None for rule in rules)
    return read_values(rules[0].chain, [rule.line for rule in rules], [*map(values_of, rules)], wrong, opaque)


def values_of(rule: Rule) -> tuple[str | None, str | None, str | None, str | None, str | None]:
    """What such a chain is read by: a rule's target, source, where it translates to, protocol, comment."""
    source = protocol = None
    for option in rule.generic:
        if option.name == "source" and not option.negated:
            source = option.values[0]
        elif option.name == "protocol" and not option.negated:
            protocol = option.values[0]
    target = rule.target
    if target is None:
        return None, source, None, protocol, rule.comment
    return target.name, source, destination_of(target.options), protocol, rule.comment


def read_values(
    chain: str,
    lines: Sequence[int],
    values: Iterable[Sequence[str | None]],
    wrong: Container[int] = (),
    opaque: bool = False,
) -> EndpointChain:
    """Reads what `values_of` takes out of rules on these lines; `wrong` are numbers of those iptables would mind."""
    source = None
    for number, (target, asked, to, protocol, comment) in enumerate(values, 1):
        if target == "DNAT":
            place = Place("nat", chain, number, lines[number - 1])
            if to is None or number in wrong or leads_nowhere(to):
                return EndpointChain(source, None, place, damaged=True)
            return EndpointChain(source, to, place, protocol.lower() if protocol is not None else None, comment)
        if target == "KUBE-MARK-MASQ" and source is None and asked is not None:
            source = asked.partition("/")[0]
    return EndpointChain(source, damaged=opaque)


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
