"""Counters as they are now and how fast they move, for any rule or chain: packets and bytes a second, with history."""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from kptui.live.alignment import Alignment
from kptui.live.counters import Counters, Slots
from kptui.live.examine import ChainKey, Look, Moved
from kptui.syntax.ast import Ruleset

HISTORY = 12
"""So many readings a sparkline looks back."""


class Rate(NamedTuple):
    """Packets and bytes a second."""

    packets: float
    bytes: float


@dataclass(frozen=True, slots=True)
class Sample:
    """What counters gained in some seconds; `alignment` tells where each slot was in the sample before."""

    seconds: float
    alignment: Alignment
    moved: Moved

    def of(self, slot: int) -> Rate | None:
        """A slot's rate, None where it was not there at the beginning."""
        if self.alignment.before(slot) is None:
            return None
        at = bisect_left(self.moved.slots, slot)
        if at == len(self.moved.slots) or self.moved.slots[at] != slot:
            return Rate(0.0, 0.0)
        return self._rate(self.moved.packets[at], self.moved.bytes[at])

    def of_chain(self, chain: ChainKey) -> Rate:
        """A chain's rate."""
        return self._rate(*self.moved.chains.get(chain, (0, 0)))

    def _rate(self, packets: int, count: int) -> Rate:
        return Rate(packets / self.seconds, count / self.seconds)


@dataclass(frozen=True, slots=True)
class Meter:
    """The counters of one reading, and the samples up to it, the newest last."""

    slots: Slots
    counters: Counters | None = None
    samples: tuple[Sample, ...] = ()
    at: float = 0.0

    @classmethod
    def none(cls) -> Meter:
        """Nothing has been counted."""
        return cls(Slots(array("I")))

    def later(self, look: Look) -> Meter:
        """The meter after one reading more."""
        slots = self.slots if look.lines is None else Slots(look.lines)
        if look.moved is None or look.alignment is None or look.at <= self.at:
            # Nothing to compare with: what was known of rates is of other counters.
            return Meter(slots, look.counters, (), look.at)
        sample = Sample(look.at - self.at, look.alignment, look.moved)
        return Meter(slots, look.counters, (*self.samples, sample)[-HISTORY:], look.at)

    @property
    def rated(self) -> bool:
        """Whether there are rates."""
        return bool(self.samples)

    def total(self, line: int) -> tuple[int, int] | None:
        """Packets and bytes of the rule or the base chain on a line, None where nothing counts them."""
        slot = self.slots.of_line(line) if self.counters is not None else None
        if slot is None or self.counters is None:
            return None
        return self.counters.packets[slot], self.counters.bytes[slot]

    def rate(self, line: int) -> Rate | None:
        """The rate of the rule on a line, None where it isn't known (yet)."""
        slot = self.slots.of_line(line)
        return self.samples[-1].of(slot) if slot is not None and self.samples else None

    def history(self, line: int) -> list[Rate | None]:
        """The rates of a rule, the oldest first; None before it was there."""
        slot = self.slots.of_line(line)
        found: list[Rate | None] = []
        for sample in reversed(self.samples):
            found.append(sample.of(slot) if slot is not None else None)
            slot = sample.alignment.before(slot) if slot is not None else None
        return found[::-1]

    def chain_rate(self, chain: ChainKey) -> Rate | None:
        """The rate of a chain (see `Moved`)."""
        return self.samples[-1].of_chain(chain) if self.samples else None

    def chain_history(self, chain: ChainKey) -> list[Rate | None]:
        """The rates of a chain, the oldest first."""
        return [sample.of_chain(chain) for sample in self.samples]

    def busiest(self, count: int) -> list[int]:
        """The lines of the rules and base chains that count most packets a second, those that count none left out.

        Without rates, most packets in total.
        """
        if self.samples:
            moved = self.samples[-1].moved
            best = heapq.nlargest(count, range(len(moved.slots)), key=moved.packets.__getitem__)
            return [self.slots.lines[moved.slots[at]] for at in best]
        if self.counters is None:
            return []
        packets = self.counters.packets
        best = heapq.nlargest(count, range(len(packets)), key=packets.__getitem__)
        return [self.slots.lines[slot] for slot in best if packets[slot]]


@dataclass(frozen=True, slots=True)
class Counted:
    """A rule that counts packets, by its place, with what it counts."""

    table: str
    chain: str
    rule: int
    line: int
    packets: int
    bytes: int


def counted_rules(ruleset: Ruleset, total: Callable[[int], tuple[int, int] | None], lines: list[int]) -> list[Counted]:
    """The rules on some lines, in that order; lines that are no rule of the ruleset's family are left out."""
    wanted = dict.fromkeys(lines)
    found = {each.line: each for each in _places(ruleset, wanted, total)}
    return [found[line] for line in lines if line in found]


def _places(
    ruleset: Ruleset, wanted: dict[int, None], total: Callable[[int], tuple[int, int] | None]
) -> Iterator[Counted]:
    ordered = sorted(wanted)
    for table in ruleset.tables:
        if table.family != ruleset.family:
            continue
        for name, _, numbers in table.chains.outline():
            if not len(numbers):
                continue
            at = bisect_left(ordered, numbers[0])
            while at < len(ordered) and ordered[at] <= numbers[-1]:
                line = ordered[at]
                at += 1
                place = bisect_left(numbers, line)
                packets, size = total(line) or (0, 0)
                if place < len(numbers) and numbers[place] == line:
                    yield Counted(table.label, name, place + 1, line, packets, size)
