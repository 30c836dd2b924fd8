"""The rows of the chain tree as a flat index: tables, chains, rules, whatever is folded away left out.

Only the names of chains are kept here; the rules of an open chain are counted, not listed, so that a toggle costs
little on a dump of 430,000 lines.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from kptui.slices import Told, nobody, slices
from kptui.syntax.ast import Ruleset, Table


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


class _Section:
    """One table: its chains in the order of the tree, how many rules each has, and where each stands."""

    def __init__(self, table: Table, told: Told) -> None:
        self.label = table.label
        outline = [(name, len(numbers)) for name, numbers in slices(_ordered(table), told)]
        self.names = [name for name, _ in outline]
        self.counts = [count for _, count in outline]
        self.index = {name: at for at, name in enumerate(self.names)}
        self.rules = sum(self.counts)
        self.start = 0
        """Where the table itself stands among all heads; its chains follow, if it is open."""


class TreeModel:
    """Which rows there are, given what is open; rows count from 0.

    A head is a table or a chain; a row is a head or one of the rules below it.
    """

    def __init__(self, ruleset: Ruleset, opened: set[Place] | None = None, told: Told = nobody) -> None:
        """Tables with rules in them are open at first, chains are not; `told` is called now and then."""
        self.ruleset = ruleset
        # Of a dump with both families, the one it begins with.
        own = [table for table in ruleset.tables if table.family == ruleset.family]
        self.tables = sorted(own, key=lambda table: _ORDER.get(table.name, len(_ORDER)))
        self._sections = {table.label: _Section(table, told) for table in self.tables}
        if opened is None:
            used = [label for label, section in self._sections.items() if section.rules]
            opened = {Place(label) for label in used or self._sections}
        self.opened = opened
        self._sizes: list[int] = []
        self._starts = array("Q")
        self._build()

    def __len__(self) -> int:
        """How many rows are to be seen."""
        return self._starts[-1] + self._sizes[-1] if self._sizes else 0

    def at(self, row: int) -> Place:
        """What a row shows."""
        head = bisect_right(self._starts, row) - 1
        section = max((each for each in self._sections.values() if each.start <= head), key=lambda each: each.start)
        if head == section.start:
            return Place(section.label)
        return Place(section.label, section.names[head - section.start - 1], row - self._starts[head] or None)

    def row(self, place: Place) -> int | None:
        """The row that shows a place, None if it is folded away."""
        head = self._head(place)
        if head is None:
            return None
        if place.rule is None:
            return self._starts[head]
        return self._starts[head] + place.rule if Place(place.table, place.chain) in self.opened else None

    def is_open(self, place: Place) -> bool:
        """Whether a table or chain is unfolded."""
        return place in self.opened

    def rules(self, label: str) -> int:
        """How many rules a table has."""
        return self._sections[label].rules

    def adopt(self, opened: set[Place]) -> None:
        """Unfold what is unfolded elsewhere, and share that from now on."""
        if opened != self.opened:
            self.opened = opened
            self._build()
        self.opened = opened

    def toggle(self, place: Place, open_it: bool | None = None) -> None:
        """Fold or unfold a table or chain."""
        wanted = place not in self.opened if open_it is None else open_it
        if wanted == (place in self.opened):
            return
        (self.opened.add if wanted else self.opened.discard)(place)
        head = self._head(place)
        if place.chain is None:
            self._build()
        elif head is not None:
            self._resize(head, place, wanted)

    def reveal(self, place: Place) -> int | None:
        """Unfold what hides a place; its row, None if there is no such place."""
        for above in filter(None, (place.parent.parent if place.parent else None, place.parent)):
            self.toggle(above, True)
        return self.row(place)

    def _head(self, place: Place) -> int | None:
        section = self._sections.get(place.table)
        if section is None or place.chain is None:
            return section.start if section is not None else None
        at = section.index.get(place.chain) if Place(place.table) in self.opened else None
        return section.start + 1 + at if at is not None else None

    def _resize(self, head: int, place: Place, opened: bool) -> None:
        section = self._sections[place.table]
        self._sizes[head] = 1 + (section.counts[head - section.start - 1] if opened else 0)
        self._add_up(head)

    def _build(self) -> None:
        self._sizes = []
        for label, section in self._sections.items():
            section.start = len(self._sizes)
            self._sizes.append(1)
            if Place(label) in self.opened:
                self._sizes += [1] * len(section.names)
        for place in self.opened:
            head = self._head(place)
            if head is not None and place.chain is not None:
                section = self._sections[place.table]
                self._sizes[head] = 1 + section.counts[head - section.start - 1]
        self._starts = array("Q")
        self._add_up(0)

    def _add_up(self, head: int) -> None:
        """The first row of each head, from one on whose own is right."""
        first = self._starts[head] if self._starts else 0
        self._starts[head:] = array("Q", accumulate(self._sizes[head:-1], initial=first) if self._sizes else ())


def _ordered(table: Table) -> Iterator[tuple[str, Sequence[int]]]:
    """Base chains first, in the kernel's order, then user-defined ones as the dump has them."""
    outline = list(table.chains.outline())
    yield from ((name, numbers) for name, base, numbers in outline if base)
    yield from ((name, numbers) for name, base, numbers in outline if not base)
