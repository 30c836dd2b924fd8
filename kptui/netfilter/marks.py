"""Who changes which bits of the packet's mark, and who looks at them: read off the rules, not off a packet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kptui.netfilter.extensions.mark import FULL, pair
from kptui.netfilter.extensions.mark import operation as mark_operation
from kptui.records import dataclass
from kptui.slices import Told, nobody, slices
from kptui.syntax.ast import Rule, Ruleset, Table

_LOOKS = re.compile(r"[ \t]--mark[ \t=]")


@dataclass(frozen=True, slots=True)
class Marking:
    """What a MARK target does: the bits it sets for certain, clears for certain, and all that it may change."""

    sets: int
    clears: int
    touches: int

    @property
    def words(self) -> str:
        """The bits as people name them."""
        return f"{self.sets or self.clears or self.touches:#x}"


def marking(rule: Rule) -> Marking | None:
    """What a rule does to the packet's mark, None if nothing (or nothing that can be told)."""
    if rule.target is None or rule.target.name != "MARK":
        return None
    try:
        value, mask = mark_operation(rule.target.options)
    except (ValueError, IndexError):
        return None
    # The kernel's mark becomes (mark & ~mask) ^ value: what is in the value alone is flipped.
    return Marking(value & mask, mask & ~value & FULL, mask | value)


@dataclass(frozen=True, slots=True)
class Look:
    """A rule that asks for the packet's mark: the bits it compares, and the value they must (or must not) have."""

    table: Table
    rule: Rule
    value: int
    mask: int
    negated: bool

    def met(self, sets: int) -> bool | None:
        """Whether the rule's condition holds once these bits are set; None if other bits are asked for, too."""
        if self.mask & ~sets:
            return None
        return (self.value == self.mask) != self.negated


def looks(ruleset: Ruleset, told: Told = nobody) -> list[Look]:
    """Every rule that asks for the packet's mark, in the order of the dump; one pass over the text finds them.

    `told` is called now and then, and what it raises ends that.
    """
    found = []
    for table in ruleset.tables:
        for rule in _rules(ruleset, table, told):
            for match in rule.matches:
                if match.name == "mark":
                    found += [Look(table, rule, *_pair(o.value), o.negated) for o in match.options if o.name == "mark"]
    return found


def _rules(ruleset: Ruleset, table: Table, told: Told) -> Iterator[Rule]:
    """The rules of a table that may ask for a mark."""
    lines = ruleset.lines
    for chain in table.chains.values():
        for index, number in enumerate(slices(getattr(chain.rules, "numbers", ()), told)):
            if _LOOKS.search(lines[number - 1]):
                yield chain.rules[index]


def _pair(text: str) -> tuple[int, int]:
    try:
        return pair(text)
    except ValueError:
        return 0, 0
