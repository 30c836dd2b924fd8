"""Marks that somebody sets: a letter for a place, found again after the rules were read anew or are another node's."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kptui.syntax.ast import Rule, Ruleset
from kptui.tui.tree_model import Place

_COUNTERS = re.compile(r"^\[\d+:\d+\] ")


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A place, and the rule that was there, as it is written."""

    place: Place
    text: str = ""

    def now(self, ruleset: Ruleset) -> tuple[Place | None, bool]:
        """Where that is in a ruleset, and whether it is all there: the same rule, wherever it stands in its chain.

        Of a rule that is gone the chain, of a chain that is gone the table, None where that is gone, too.
        """
        place = self.place
        table = ruleset.table(place.table)
        if table is None:
            return None, False
        if place.chain is None:
            return place, True
        chain = table.chains.get(place.chain)
        if chain is None:
            return Place(place.table), False
        if place.rule is None:
            return place, True
        same = [number for number, rule in enumerate(chain.rules, 1) if written(rule) == self.text]
        if not same:
            return Place(place.table, place.chain), False
        # Of rules that are written alike, the one that is nearest to where it was.
        number = min(same, key=lambda number: abs(number - (place.rule or 0)))
        return Place(place.table, place.chain, number), True


def written(rule: Rule) -> str:
    """A rule as it is written, but for its counters."""
    return _COUNTERS.sub("", rule.text)
