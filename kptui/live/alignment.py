"""Which rule of a ruleset is which of a later one: the same text in the same chain, the first of them the first."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kptui.live.counters import Slots
from kptui.syntax.ast import Family, Ruleset, Table
from kptui.syntax.text import Lines

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
    """A ruleset whose text has no counters before rules, and its slots."""

    ruleset: Ruleset
    slots: Slots


def align(before: Side, now: Side) -> tuple[Alignment, dict[Key, Changed]]:
    """Where each rule was, and which chains of which tables changed."""
    old = {(table.family, table.label): table for table in before.ruleset.tables}
    new = {(table.family, table.label): table for table in now.ruleset.tables}
    runs: list[Run] = []
    changed: dict[Key, Changed] = {}
    for key in dict.fromkeys([*old, *new]):
        found = Changed()
        runs += _table(before, old.get(key), now, new.get(key), found)
        if found.names:
            changed[key] = found
    return Alignment(_merged(runs)), changed


def _table(before: Side, was: Table | None, now: Side, table: Table | None, found: Changed) -> Iterator[Run]:
    old = {name: (base, numbers) for name, base, numbers in was.chains.outline()} if was is not None else {}
    here, there = _Texts(now.ruleset.lines), _Texts(before.ruleset.lines)
    seen = 0
    for name, base, numbers in table.chains.outline() if table is not None else ():
        if name not in old:
            found.new.append(name)
            continue
        seen += 1
        old_base, old_numbers = old[name]
        if base and old_base and table is not None and was is not None:
            yield from _policies(before, was, now, table, name, found)
        if here.piece(numbers) == there.piece(old_numbers):
            yield from _whole(before.slots, old_numbers, now.slots, numbers)
        else:
            if name not in found.other:
                found.other.append(name)
            yield from _rule_by_rule(before, old_numbers, now, numbers)
    if seen < len(old):
        kept = table.chains if table is not None else {}
        found.gone += [name for name in old if name not in kept]


def _policies(before: Side, was: Table, now: Side, table: Table, name: str, found: Changed) -> Iterator[Run]:
    """The declarations of a base chain."""
    old, new = was.chains[name], table.chains[name]
    if old.policy != new.policy:
        found.other.append(name)
    first, second = before.slots.of_line(old.line), now.slots.of_line(new.line)
    if first is not None and second is not None:
        yield Run(second, first, 1)


def _whole(old: Slots, before: Sequence[int], new: Slots, now: Sequence[int]) -> Iterator[Run]:
    """A chain that is written as it was."""
    if not len(now):
        return
    if isinstance(before, range) and isinstance(now, range):
        first, second = old.of_line(before[0]), new.of_line(now[0])
        if first is not None and second is not None:
            yield Run(second, first, len(now))
        return
    for was, line in zip(before, now, strict=True):
        yield from _whole(old, range(was, was + 1), new, range(line, line + 1))


def _rule_by_rule(before: Side, old: Sequence[int], now: Side, new: Sequence[int]) -> Iterator[Run]:
    """A chain with other rules: the n-th of equal texts is the n-th of them before."""
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for line in reversed(old):
        waiting[before.ruleset.lines[line - 1]].append(line)
    for line in new:
        same = waiting.get(now.ruleset.lines[line - 1])
        if same:
            was = same.pop()
            yield from _whole(before.slots, range(was, was + 1), now.slots, range(line, line + 1))


class _Texts:
    """Cuts the text of a chain's rules out in one piece."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def piece(self, numbers: Sequence[int]) -> str:
        lines = self._lines
        if not len(numbers):
            return ""
        if isinstance(numbers, range) and isinstance(lines, Lines):
            return lines.piece(numbers[0] - 1, numbers[-1])
        return "\n".join(lines[number - 1] for number in numbers)


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
