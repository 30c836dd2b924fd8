"""One text of a source after the other: what is new in each, as little of it as tells everything."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kptui.diff.compare import compare
from kptui.kubernetes.known_names import KnownNames
from kptui.kubernetes.services import Services
from kptui.live.alignment import Alignment, Changed, Key, Side, align
from kptui.live.changes import Change, News, told
from kptui.live.counters import CountedLines, Counters, Slots
from kptui.loading import parse
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
        self._lines: CountedLines | None = None
        self._facts: Mapping[str, str] | None = None
        self._side: Side | None = None
        self._services: Services | None = None
        self._counters: Counters | None = None
        self._feeds: list[ChainKey | None] = []

    def look(self, source: SourceText, at: float, when: float, number: int = 0) -> Look:
        """What is new in a text; raises SourceError if it holds no rules, and remembers the one before."""
        facts = source.facts if source.facts != self._facts else None
        with collector_paused():
            counted = self._lines.counted(source.text) if self._lines is not None else None
            look = self._same(*counted) if counted is not None else self._other(source, when)
        self._facts = source.facts
        return replace(look, at=at, when=when, number=number, facts=facts)

    def _same(self, counters: Counters | None, changed: array[int]) -> Look:
        alignment = Alignment.same(len(self._feeds))
        moved = None
        if counters is not None and self._counters is not None:
            moved = self._gained(counters, self._counters, ((slot, slot) for slot in changed))
        self._counters = counters
        return Look(counters=counters, moved=moved, alignment=alignment)

    def _other(self, source: SourceText, when: float) -> Look:
        lines = CountedLines(source.text)
        bare = "\n".join(lines.bare)
        ruleset = parse(SourceText(source.name, bare))
        slots = Slots.of(ruleset)
        counters = lines.counters(slots)
        side = Side(ruleset, slots, lines.bare, {})
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
        self._lines, self._side, self._services, self._counters = lines, side, services, counters
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
        return self._gained(now, before, _others(now, before, alignment))

    def _gained(self, now: Counters, before: Counters, slots: Iterable[tuple[int, int]]) -> Moved:
        """What some slots gained, given with what they were before."""
        moved = Moved(array("I"), array("Q"), array("Q"), {})
        chains: dict[ChainKey, tuple[int, int]] = {}
        for slot, old in slots:
            new, was = now.packets[slot], before.packets[old]
            gained = new - was if new > was else new
            more = now.bytes[slot] - before.bytes[old]
            more = more if new > was and more >= 0 else now.bytes[slot]
            if new == was:
                continue
            moved.slots.append(slot)
            moved.packets.append(gained)
            moved.bytes.append(more)
            chain = self._feeds[slot]
            if chain is not None:
                sums = chains.get(chain, (0, 0))
                chains[chain] = (sums[0] + gained, sums[1] + more)
        return replace(moved, chains=chains)


def _others(now: Counters, before: Counters, alignment: Alignment) -> Iterator[tuple[int, int]]:
    """The slots that count other packets, with what they were."""
    for first, old, count in alignment.runs:
        mine, theirs = now.packets[first : first + count], before.packets[old : old + count]
        if mine != theirs:
            pairs = enumerate(zip(mine, theirs, strict=True))
            yield from ((first + at, old + at) for at, (new, was) in pairs if new != was)


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
    lines, chains = side.lines, table.chains
    names: dict[str, ChainKey] = {}
    for name in side.outline(key, table).base:
        if (slot := side.slots.of_line(chains[name].line)) is not None:
            found[slot] = (key, name)
    # Lines without a table above them may stand anywhere.
    first, end = (
        (bisect_left(new, table.line), bisect_right(new, table.end or len(lines))) if table.line else (0, len(new))
    )
    for line in new[first:end]:
        # A jump to a chain has nothing behind it, and a quoted text ends in its quote.
        words = lines[line - 1].rsplit(" ", 2)
        if len(words) == 3 and words[1] in ("-j", "-g") and words[2] in chains:
            slot = side.slots.of_line(line)
            if slot is not None:
                found[slot] = names.setdefault(words[2], (key, words[2]))
