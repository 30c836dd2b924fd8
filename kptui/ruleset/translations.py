"""Rules that translate to an address, whoever wrote them: host ports of CNI plugins, Docker's published ports, …"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kptui.syntax.ast import Rule, Ruleset, Table

_OPTIONS = ("to-destination", "to")


class Translation(NamedTuple):
    """A rule with a DNAT target, its table, and the address as written: 10.42.0.199:80, [fd00::1]:80, a range, …"""

    table: Table
    rule: Rule
    to: str


def translations(ruleset: Ruleset, text: str, leaving_out: str = "\0") -> Iterator[Translation]:
    """Rules that translate the destination to something with `text` in it.

    Only rules with that text are built. Chains whose names begin with `leaving_out` are not looked at.
    """
    for table in ruleset.tables:
        for name in table.chains:
            if name.startswith(leaving_out):
                continue
            rules = table.chains[name].rules
            for index, number in enumerate(getattr(rules, "numbers", ())):
                if text not in ruleset.lines[number - 1]:
                    continue
                rule = rules[index]
                if rule.target is not None and rule.target.name == "DNAT":
                    to = next((option.value for option in rule.target.options if option.name in _OPTIONS), "")
                    if text in to:
                        yield Translation(table, rule, to)
