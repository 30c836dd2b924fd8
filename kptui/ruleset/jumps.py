"""The jump graph of a table: what a chain leads to, and who leads to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from kptui.syntax.ast import Rule, Table


def callers(table: Table) -> Mapping[str, list[Rule]]:
    """For each user-defined chain of a table, the rules that jump or go to it; builds every rule of the table."""
    found: defaultdict[str, list[Rule]] = defaultdict(list)
    for chain in table.chains.values():
        for rule in chain.rules:
            if rule.target is not None and leads_to(rule, table):
                found[rule.target.name].append(rule)
    return found


def leads_to(rule: Rule, table: Table) -> str | None:
    """The user-defined chain that a rule jumps or goes to, None if it has another target or none."""
    if rule.target is None or rule.target.name not in table.chains:
        return None
    return None if table.chains[rule.target.name].builtin else rule.target.name
