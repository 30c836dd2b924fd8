"""Search over a ruleset's chains and rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kptui.syntax.ast import Ruleset


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that a search found: a rule by its number from 1, or the chain itself (None)."""

    table: str
    chain: str
    rule: int | None


def search(ruleset: Ruleset, text: str) -> Iterator[Hit]:
    """Every chain whose name and every rule whose text holds the words, in any order, letters' case aside.

    Rules are compared as they are written, so nothing has to be parsed.
    """
    words = text.lower().split()
    if not words:
        return
    for table in ruleset.tables:
        for chain in table.chains.values():
            name = chain.name.lower()
            if all(word in name for word in words):
                yield Hit(table.label, chain.name, None)
            for number, line in enumerate(getattr(chain.rules, "numbers", ()), 1):
                written = ruleset.lines[line - 1].lower()
                if all(word in written for word in words):
                    yield Hit(table.label, chain.name, number)
