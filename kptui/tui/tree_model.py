"""The rows of the chain tree as a flat index: tables, chains, rules, whatever is folded away left out.

Only chains are objects here; the rules of an open chain are counted, not listed, so that a toggle costs nothing that
grows with a dump of 430,000 lines.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from kptui.syntax.ast import Chain, Ruleset, Table


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere in a ruleset: a table, a chain of it, a rule of that (numbered from 1)."""

    table: str
    chain: str | None = None
    rule: int | None = None

    @property
    def parent(self) -> Place | None:
        """What the place lies in."""
        if self.rule is not None:
            return Place(self.table, self.chain)
        return Place(self.table) if self.chain is not None else None


# The kernel's order at the hooks that have them all.
_ORDER = {"raw": 0, "mangle": 1, "nat": 2, "filter": 3, "security": 4}


class TreeModel:
    """Which rows there are, given what is open; rows count from 0."""

    def __init__(self, ruleset: Ruleset, opened: set[Place] | None = None) -> None:
        """Tables with rules in them are open at first, chains are not."""
        self.ruleset = ruleset
        # Of a dump with both families, the one it begins with.
        own = [table for table in ruleset.tables if table.family == ruleset.family]
        self.tables = sorted(own, key=lambda table: _ORDER.get(table.name, len(_ORDER)))
        if opened is None:
            used = [table for table in self.tables if any(len(chain.rules) for chain in table.chains.values())]
            opened = {Place(table.label) for table in used or self.tables}
        self.opened = opened
        self._heads: list[Place] = []
        self._starts: list[int] = []
        self._total = 0
        self._index: dict[Place, int] = {}
        self._build()

    def __len__(self) -> int:
        """How many rows are to be seen."""
        return self._total

    def at(self, row: int) -> Place:
        """What a row shows."""
        head = bisect_right(self._starts, row) - 1
        place, offset = self._heads[head], row - self._starts[head]
        return Place(place.table, place.chain, offset) if offset else place

    def row(self, place: Place) -> int | None:
        """The row that shows a place, None if it is folded away."""
        head = self._index.get(Place(place.table, place.chain))
        if head is None:
            return None
        if place.rule is None:
            return self._starts[head]
        return self._starts[head] + place.rule if Place(place.table, place.chain) in self.opened else None

    def is_open(self, place: Place) -> bool:
        """Whether a table or chain is unfolded."""
        return place in self.opened

    def toggle(self, place: Place, open_it: bool | None = None) -> None:
        """Fold or unfold a table or chain."""
        wanted = place not in self.opened if open_it is None else open_it
        (self.opened.add if wanted else self.opened.discard)(place)
        self._build()

    def reveal(self, place: Place) -> int | None:
        """Unfold what hides a place; its row, None if there is no such place."""
        for above in filter(None, (place.parent, place.parent.parent if place.parent else None)):
            self.opened.add(above)
        self._build()
        return self.row(place)

    def _build(self) -> None:
        sizes: list[int] = []
        self._heads = []
        for table in self.tables:
            self._heads.append(Place(table.label))
            sizes.append(1)
            if Place(table.label) not in self.opened:
                continue
            for chain in ordered_chains(table):
                place = Place(table.label, chain.name)
                self._heads.append(place)
                sizes.append(1 + (len(chain.rules) if place in self.opened else 0))
        self._starts = [0, *accumulate(sizes)][: len(sizes)]
        self._total = sum(sizes)
        self._index = {place: index for index, place in enumerate(self._heads)}


def ordered_chains(table: Table) -> list[Chain]:
    """Base chains first, in the kernel's order, then user-defined ones as the dump has them."""
    base = [chain for chain in table.chains.values() if chain.builtin]
    return [*base, *(chain for chain in table.chains.values() if not chain.builtin)]
