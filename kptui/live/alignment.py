"""Which rule of a ruleset is which of a later one: the same text in the same chain, the first of them the first."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from kptui.live.counters import Slots
from kptui.syntax.ast import Family, Ruleset, Table

Key = tuple[Family, str]
"""A table's family and label."""


class Run(NamedTuple):
    """Slots that follow one another in both rulesets: the first now, the first before, how many."""

    now: int
    before: int
    length: int


class Alignment:
    """Where each slot was before."""

    def __init__(self, runs: Iterable[Run]) -> None:
        """The runs in the order of the slots as they are now; what is in none of them is new."""
        self.runs = tuple(runs)
        self._starts = [run.now for run in self.runs]

    @classmethod
    def same(cls, count: int) -> Alignment:
        """That of rules that are still the same."""
        return cls((Run(0, 0, count),))

    def before(self, slot: int) -> int | None:
        """The slot that a slot of now was, None if it is new."""
        at = bisect_right(self._starts, slot) - 1
        if at < 0 or slot >= self._starts[at] + self.runs[at].length:
            return None
        return self.runs[at].before + slot - self.runs[at].now

    def now(self, slot: int) -> int | None:
        """The slot that a slot of before is, None if it is gone."""
        found = (run for run in self.runs if run.before <= slot < run.before + run.length)
        return next((run.now + slot - run.before for run in found), None)

    def new(self, count: int) -> Iterator[int]:
        """Of that many slots, those that were not there before."""
        expected = 0
        for run in self.runs:
            yield from range(expected, run.now)
            expected = run.now + run.length
        yield from range(expected, count)


@dataclass(slots=True)
class Changed:
    """The chains of one table that are not as they were: new, gone, or with other rules or another policy."""

    new: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """All of them."""
        return [*self.new, *self.gone, *self.other]


class Side(NamedTuple):
    """A ruleset whose text has no counters before rules, its slots, and the lines of that text."""

    ruleset: Ruleset
    slots: Slots
    lines: Sequence[str]
    outlines: dict[Key, _Outline]

    def outline(self, key: Key, table: Table | None) -> _Outline:
        """A table's chains; made once, for a side is compared with the one before and the one behind it."""
        if key not in self.outlines:
            self.outlines[key] = _Outline(table)
        return self.outlines[key]


def align(before: Side, now: Side) -> tuple[Alignment, dict[Key, Changed]]:
    """Where each rule was, and which chains of which tables changed."""
    old = {(table.family, table.label): table for table in before.ruleset.tables}
    new = {(table.family, table.label): table for table in now.ruleset.tables}
    runs: list[Run] = []
    changed: dict[Key, Changed] = {}
    for key in dict.fromkeys([*old, *new]):
        found = Changed()
        outlines = before.outline(key, old.get(key)), now.outline(key, new.get(key))
        runs += _Tables(before, old.get(key), now, new.get(key), outlines, found).runs()
        if found.names:
            changed[key] = found
    return Alignment(_merged(runs)), changed


class _Outline:
    """The chains of a table as lists: names, their rules' lines from and up to, how many (-1: not in one piece)."""

    def __init__(self, table: Table | None) -> None:
        self.names: list[str] = []
        self.base: list[str] = []
        self.numbers: list[Sequence[int]] = []
        self.starts: list[int] = []
        self.stops: list[int] = []
        self.counts: list[int] = []
        place = 0
        for name, base, numbers in table.chains.outline() if table is not None else ():
            self.names.append(name)
            self.numbers.append(numbers)
            if base:
                self.base.append(name)
            if isinstance(numbers, range) and len(numbers):
                place = numbers.stop
                self.starts.append(numbers.start)
            else:
                self.starts.append(place)
            self.stops.append(place)
            self.counts.append(len(numbers) if isinstance(numbers, range) or not len(numbers) else -1)

    def piece(self, first: int, count: int) -> range:
        """The lines from the first to the last rule of some chains."""
        end = first + count
        starts = [start for start, rules in zip(self.starts[first:end], self.counts[first:end], strict=True) if rules]
        return range(min(starts), max(self.stops[first:end]))


class _Tables:
    """Aligns one table with what it was: many chains at a time, for hardly any changes between two readings."""

    def __init__(
        self,
        before: Side,
        was: Table | None,
        now: Side,
        table: Table | None,
        outlines: tuple[_Outline, _Outline],
        found: Changed,
    ) -> None:
        self._before, self._now = before, now
        self._was, self._table = was, table
        self._old, self._new = outlines
        self._found = found

    def runs(self) -> Iterator[Run]:
        """All runs of the table, in no order; what changed is noted on the way."""
        names, found = self._new.names, self._found
        places: Sequence[int] = range(len(names))
        if names != self._old.names:
            index = {name: at for at, name in enumerate(self._old.names)}
            places = [index.get(name, -2) for name in names]
        found.new += [name for name, place in zip(names, places, strict=True) if place < 0]
        yield from self._policies()
        # Where a chain is not the one behind that before it, another block begins.
        edges = [0, *(at for at in range(1, len(places)) if places[at] != places[at - 1] + 1), len(places)]
        for first, end in pairwise(edges):
            if first < end and places[first] >= 0:
                yield from self._block(places[first], first, end - first)
        if len(found.new) + len(self._old.names) > len(names):
            kept = set(names)
            found.gone += [name for name in self._old.names if name not in kept]

    def _policies(self) -> Iterator[Run]:
        """The declarations of base chains."""
        if self._was is None or self._table is None:
            return
        for name in [name for name in self._new.base if name in set(self._old.base)]:
            old, new = self._was.chains[name], self._table.chains[name]
            if old.policy != new.policy:
                self._found.other.append(name)
            first, second = self._before.slots.of_line(old.line), self._now.slots.of_line(new.line)
            if first is not None and second is not None:
                yield Run(second, first, 1)

    def _block(self, before: int, now: int, count: int) -> Iterator[Run]:
        """So many chains that follow one another on both sides: as one, or else by halves."""
        run = self._as_one(before, now, count)
        if run is not None:
            if run.length:
                yield run
        elif count == 1:
            yield from self._chain(self._old.numbers[before], self._new.numbers[now], self._new.names[now])
        else:
            half = count // 2
            yield from self._block(before, now, half)
            yield from self._block(before + half, now + half, count - half)

    def _as_one(self, before: int, now: int, count: int) -> Run | None:
        """The run that all rules of some chains are, if they stand in one piece and are written as they were."""
        counts = self._new.counts[now : now + count]
        if counts != self._old.counts[before : before + count] or min(counts) < 0:
            return None
        length = sum(counts)
        if not length:
            return Run(0, 0, 0)
        old, new = self._old.piece(before, count), self._new.piece(now, count)
        if len(old) != length or len(new) != length:
            return None
        if self._before.lines[old.start - 1 : old.stop - 1] != self._now.lines[new.start - 1 : new.stop - 1]:
            return None
        first, second = self._before.slots.of_line(old.start), self._now.slots.of_line(new.start)
        return Run(second, first, length) if first is not None and second is not None else None

    def _chain(self, old: Sequence[int], new: Sequence[int], name: str) -> Iterator[Run]:
        """One chain, rule by rule: the n-th of equal texts is the n-th of them before."""
        before, now = self._before, self._now
        texts = [now.lines[line - 1] for line in new]
        if texts != [before.lines[line - 1] for line in old] and name not in self._found.other:
            self._found.other.append(name)
        waiting: defaultdict[str, list[int]] = defaultdict(list)
        for line in reversed(old):
            waiting[before.lines[line - 1]].append(line)
        for text, line in zip(texts, new, strict=True):
            if waiting.get(text):
                first, second = before.slots.of_line(waiting[text].pop()), now.slots.of_line(line)
                if first is not None and second is not None:
                    yield Run(second, first, 1)


def _merged(runs: list[Run]) -> Iterator[Run]:
    """Runs in the order of now, those that follow one another on both sides joined."""
    runs.sort()
    last: Run | None = None
    for run in runs:
        if last is not None and run.now == last.now + last.length and run.before == last.before + last.length:
            last = Run(last.now, last.before, last.length + run.length)
            continue
        if last is not None:
            yield last
        last = run
    if last is not None:
        yield last
