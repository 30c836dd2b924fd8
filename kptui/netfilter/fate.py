"""What becomes of packets in a chain, whatever they are: whether all, some or none of them come out at its end."""

from __future__ import annotations

from typing import Literal

from kptui.netfilter.extensions import target_extension
from kptui.syntax.ast import Rule, Table

Fate = Literal["ends", "returns", "either"]
"""No packet comes back, every packet does, or it depends on the packet (or on what isn't known)."""

ENDING = frozenset({
    "ACCEPT", "DROP", "REJECT", "QUEUE", "NFQUEUE", "DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP", "TPROXY",
    "SYNPROXY",
})  # fmt: skip
"""Targets that end a table's hook for the packet."""


def unconditional(rule: Rule) -> bool:
    """Whether a rule matches every packet that comes to it."""
    return rule.error is None and not rule.generic and all(match.name == "comment" for match in rule.matches)


class Fates:
    """The fates of one table's chains, each worked out once."""

    def __init__(self, table: Table) -> None:
        """Nothing is looked at yet."""
        self._table = table
        self._known: dict[str, Fate] = {}

    def of_chain(self, name: str) -> Fate:
        """What becomes of packets that enter a user-defined chain; a loop, which no kernel loads, leaves it open."""
        if name not in self._known:
            self._known[name] = "either"
            self._known[name] = self._walked(name)
        return self._known[name]

    def of_rule(self, rule: Rule) -> Fate:
        """What becomes of the packets that a rule matches; “returns” means that they go on to the next rule."""
        if rule.error is not None:
            return "either"
        if rule.target is None:
            return "returns"
        if rule.target.name in self._table.chains:
            return self.of_chain(rule.target.name)
        if rule.target.name in ENDING:
            return "ends"
        return "returns" if target_extension(rule.target.name) else "either"

    def _walked(self, name: str) -> Fate:
        # First where the chain ends for everyone: what rules in between lead to need not be known in most chains.
        rules = self._table.chains[name].rules
        last = next((rule.number for rule in rules if unconditional(rule) and self._stops(rule)), None)
        some_end, some_return = False, last is None
        for rule in rules:
            fate, leaves = self.of_rule(rule), _leaves(rule)
            some_end = some_end or fate != "returns"
            some_return = some_return or (leaves and fate != "ends")
            if (some_end and some_return) or rule.number == last:
                break
        return "either" if some_end and some_return else "ends" if some_end else "returns"

    def _stops(self, rule: Rule) -> bool:
        """Whether no packet that a rule matches comes to the next one."""
        return _leaves(rule) or self.of_rule(rule) == "ends"


def _leaves(rule: Rule) -> bool:
    """Whether packets that a rule matches don't come to the next rule even if nothing ends them."""
    return rule.target is not None and (rule.target.goto or rule.target.name == "RETURN")
