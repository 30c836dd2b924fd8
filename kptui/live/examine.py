"""One text of a source after the other: what is new in each, as little of it as tells everything."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kptui.diff.compare import compare
from kptui.kubernetes.known_names import KnownNames
from kptui.kubernetes.services import Services
from kptui.live.alignment import Alignment, Changed, Key, Side, align
from kptui.live.changes import Change, News, told
from kptui.live.counters import Counters, Slots, lasting, read_counters
from kptui.loading import parse, without_counters
from kptui.sources import SourceText
from kptui.syntax.ast import Table, collector_paused

ChainKey = tuple[Key, str]
"""A chain: its table's family and label, and its name."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What counters gained since the reading before: by slot, in order, and by chain.

    A base chain counts what its policy decided, any other what jumped to it. A counter that fell was set to zero in
    between, so all that it shows has come since.
    """

    slots: array[int]
    packets: array[int]
    bytes: array[int]
    chains: Mapping[ChainKey, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Look:
    """What one reading found; `source`, `lines`, `news` are None while the rules are as before, `facts` likewise.

    `at` is the clock's time before it began, `when` the time of day (seconds since 1970), `number` what it is called by
    when the next one is asked for. The text of `source` has no counters before rules where `counters` has them all.
    """

    at: float = 0.0
    when: float = 0.0
    number: int = 0
    source: SourceText | None = None
    facts: Mapping[str, str] | None = None
    lines: array[int] | None = None
    counters: Counters | None = None
    moved: Moved | None = None
    alignment: Alignment | None = None
    news: News | None = None
    changes: tuple[Change, ...] = ()


class Examiner:
    """Remembers the last text, and tells what a newer one has that it had not."""

    def __init__(self, names: KnownNames | None = None) -> None:
        """Nothing has been read yet."""
        self._names = names
        self._text: str | None = None
        self._facts: Mapping[str, str] | None = None
        self._side: Side | None = None
        self._services: Services | None = None
        self._counters: Counters | None = None
        self._feeds: list[ChainKey | None] = []

    def look(self, source: SourceText, at: float, when: float, number: int = 0) -> Look:
        """What is new in a text; raises SourceError if it holds no rules, and remembers the one before."""
        bare = without_counters(source.text)
        text = lasting(bare)
        facts = source.facts if source.facts != self._facts else None
        if text == self._text and self._side is not None:
            look = self._same(source.text)
        else:
            with collector_paused():
                look = self._other(source, bare, when)
        self._text, self._facts = text, source.facts
        return replace(look, at=at, when=when, number=number, facts=facts)

    def _same(self, text: str) -> Look:
        assert self._side is not None
        slots = len(self._side.slots)
        alignment = Alignment.same(slots)
        counters = read_counters(text, slots)
        moved = self._moved(counters, alignment)
        self._counters = counters
        return Look(counters=counters, moved=moved, alignment=alignment)

    def _other(self, source: SourceText, bare: str, when: float) -> Look:
        ruleset = parse(SourceText(source.name, bare))
        side = Side(ruleset, Slots.of(ruleset))
        counters = read_counters(source.text, len(side.slots))
        services = Services(ruleset, self._names)
        alignment, news = None, None
        changes: tuple[Change, ...] = ()
        moved = None
        if self._side is None:
            self._feeds = feeds(side, Alignment(()), [])
        else:
            alignment, changed = align(self._side, side)
            self._feeds = feeds(side, alignment, self._feeds)
            news = News.of(changed, alignment, len(side.slots))
            changes = self._changes(when, side, services, changed)
            moved = self._moved(counters, alignment)
        self._side, self._services, self._counters = side, services, counters
        shown = SourceText(source.name, bare, source.facts) if counters is not None else source
        return Look(
            source=shown,
            lines=side.slots.lines,
            counters=counters,
            moved=moved,
            alignment=alignment,
            news=news,
            changes=changes,
        )

    def _changes(
        self, when: float, side: Side, services: Services, changed: Mapping[Key, Changed]
    ) -> tuple[Change, ...]:
        assert self._side is not None
        assert self._services is not None
        among = {key: found.names for key, found in changed.items()}
        both = self._services, services
        return told(when, compare(self._side.ruleset, side.ruleset, self._names, among, both))

    def _moved(self, now: Counters | None, alignment: Alignment) -> Moved | None:
        """What counters gained; None without any."""
        before = self._counters
        if now is None or before is None:
            return None
        slots, packets, size = array("I"), array("Q"), array("Q")
        chains: dict[ChainKey, tuple[int, int]] = {}
        for first, old, count in alignment.runs:
            mine, theirs = now.packets[first : first + count], before.packets[old : old + count]
            if mine == theirs:
                continue
            for offset, (new, was) in enumerate(zip(mine, theirs, strict=True)):
                if new == was:
                    continue
                slot = first + offset
                gained = new - was if new > was else new
                more = now.bytes[slot] - before.bytes[old + offset]
                more = more if new > was and more >= 0 else now.bytes[slot]
                slots.append(slot)
                packets.append(gained)
                size.append(more)
                chain = self._feeds[slot]
                if chain is not None:
                    sums = chains.get(chain, (0, 0))
                    chains[chain] = (sums[0] + gained, sums[1] + more)
        return Moved(slots, packets, size, chains)


def feeds(side: Side, alignment: Alignment, before: Sequence[ChainKey | None]) -> list[ChainKey | None]:
    """By slot: the chain that packets counted there come to, which for a declaration is the base chain itself.

    What was found `before` is kept for rules that are still there.
    """
    found: list[ChainKey | None] = [None] * len(side.slots)
    for run in alignment.runs:
        found[run.now : run.now + run.length] = before[run.before : run.before + run.length]
    new = array("I", (side.slots.lines[slot] for slot in alignment.new(len(side.slots))))
    for table in side.ruleset.tables if new else ():
        _feed(side, table, new, found)
    return found


def _feed(side: Side, table: Table, new: array[int], found: list[ChainKey | None]) -> None:
    """The same for those lines of a table that are new."""
    key: Key = (table.family, table.label)
    lines, chains = side.ruleset.lines, table.chains
    names: dict[str, ChainKey] = {}
    for name, base, numbers in chains.outline():
        if base and (slot := side.slots.of_line(chains[name].line)) is not None:
            found[slot] = (key, name)
        at = bisect_left(new, numbers[0]) if len(numbers) else len(new)
        while at < len(new) and new[at] <= numbers[-1]:
            # A jump to a chain has nothing behind it, and a quoted text ends in its quote.
            words = lines[new[at] - 1].rsplit(" ", 2)
            slot = side.slots.of_line(new[at])
            if len(words) == 3 and words[1] in ("-j", "-g") and words[2] in chains and slot is not None:
                found[slot] = names.setdefault(words[2], (key, words[2]))
            at += 1
