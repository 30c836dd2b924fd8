"""A ruleset as text for iptables-restore, with rules left out in a way that shifts no number."""

from __future__ import annotations

import re
from collections.abc import Collection

from kptui.records import dataclass, field
from kptui.syntax.ast import Option, Rule, Ruleset
from kptui.syntax.writer import rule_text, written

Key = tuple[str, str, int]
"""A rule's table, chain and number."""

_LINE = re.compile(r"\b(?:at line: |line )(\d+)")
_WHY = re.compile(r"^\S+restore v\S+ \([^)]*\): *")

_NOBODY = {4: "255.255.255.255/32", 6: "ff02::1/128"}
"""What no packet has for its source: ip_rcv and ip6_rcv_core throw it away."""


@dataclass(slots=True)
class Dump:
    """The text, and for each of its lines the rule that stands there."""

    lines: list[str] = field(default_factory=list)
    rules: dict[int, tuple[Key, Rule]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text."""
        return "".join(f"{line}\n" for line in self.lines)

    def refused(self, complaint: str) -> dict[Key, Rule]:
        """The rules that iptables-restore complains of by their lines."""
        lines = map(int, _LINE.findall(complaint))
        return dict(self.rules[line] for line in lines if line in self.rules)


def cause(complaint: str) -> str:
    """What iptables-restore has against a rule, in its own words, without its name and advice."""
    for line in complaint.split("\n"):
        words = _WHY.sub("", line.partition(" refuses the rules: ")[2] or line).strip()
        if words and not words.startswith(("Error occurred", "Try `")):
            return _LINE.sub("", words).lstrip(": ")
    return "refused"


def dump_of(ruleset: Ruleset, without: Collection[Key] = ()) -> Dump:
    """All tables of a ruleset; the rules in `without` become rules that never match."""
    dump = Dump()
    for table in ruleset.tables:
        dump.lines.append(f"*{table.name}")
        dump.lines += [_declared(chain.name, chain.policy) for chain in table.chains.values()]
        for chain in table.chains.values():
            for rule in chain.rules:
                key = (table.name, chain.name, rule.number)
                dump.lines.append(
                    _placeholder(rule, table.family) if key in without else rule_text(rule, ruleset.lines)
                )
                dump.rules[len(dump.lines)] = (key, rule)
        dump.lines.append("COMMIT")
    return dump


def _declared(name: str, policy: str | None) -> str:
    return f":{name} {policy or '-'} [0:0]"


def _placeholder(rule: Rule, family: int) -> str:
    nobody = _NOBODY[6 if family == 6 else 4]
    never = (Option("source", (nobody,), False), Option("destination", (nobody,), False))
    return written(Rule(rule.chain, rule.number, rule.line, "", never))
