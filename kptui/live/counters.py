"""Counters of a dump, apart from its rules: which lines have some, and what they are at one moment."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from typing import NamedTuple

from kptui.loading import without_counters
from kptui.syntax.ast import Ruleset

_COUNTED = re.compile(r"^(?::[^ \n]+ [A-Z]+ )?\[(\d{1,20}:\d{1,20})\]", re.MULTILINE)
_COUNTED_LINE = re.compile(r"(?::[^ ]+ [A-Z]+ |(?=\[))\[(\d{1,20}):(\d{1,20})\](?: (?=-)|\Z)")
_DATED = re.compile(r"# (?:Generated|Completed) ")


class Counters(NamedTuple):
    """Packets and bytes by slot (see `Slots`)."""

    packets: array[int]
    bytes: array[int]


class Slots:
    """The lines of a dump that may have counters, in order: those that declare base chains, and rules.

    What is known of each is kept in arrays by the place of its line among them, its slot.
    """

    def __init__(self, lines: array[int]) -> None:
        """The lines' numbers from 1, in order."""
        self.lines = lines

    @classmethod
    def of(cls, ruleset: Ruleset) -> Slots:
        """The slots of a ruleset."""
        found = array("I")
        for table in ruleset.tables:
            for name, base, numbers in table.chains.outline():
                if base and (line := table.chains[name].line):
                    found.append(line)
                found.extend(numbers)
        return cls(array("I", sorted(found)))

    def __len__(self) -> int:
        """How many there are."""
        return len(self.lines)

    def of_line(self, line: int) -> int | None:
        """The slot of a line, None if it has none."""
        at = bisect_left(self.lines, line)
        return at if at < len(self.lines) and self.lines[at] == line else None


def read_counters(text: str, slots: int) -> Counters | None:
    """The counters of a dump with that many slots; None if not each of them has some."""
    pairs = _COUNTED.findall(text)
    if len(pairs) != slots:
        return None
    if not pairs:
        return Counters(array("Q"), array("Q"))
    try:
        both = array("Q", map(int, ":".join(pairs).split(":")))
    except OverflowError:
        return None
    return Counters(both[::2], both[1::2])


class CountedLines:
    """A dump's lines as they came, and without counters before rules; what in them has counters is counted in slots."""

    def __init__(self, text: str) -> None:
        """`bare` are the lines of `without_counters`."""
        self._raw = text.split("\n")
        self.bare = _bare(self._raw) or without_counters(text).split("\n")
        self._counters: Counters | None = None
        self._slots = array("I")

    def counters(self, slots: Slots) -> Counters | None:
        """The counters of these slots; None if not each of them has some."""
        # By line: its slot and one, zero for none.
        self._slots = array("I", bytes(array("I").itemsize * (len(self._raw) + 1)))
        for slot, line in enumerate(slots.lines):
            self._slots[line - 1] = slot + 1
        self._counters = _counters([self._raw[line - 1] for line in slots.lines])
        return self._counters

    def counted(self, text: str) -> tuple[Counters | None, array[int]] | None:
        """The counters of a later text and the slots whose counters are other ones; None if more than these is another.

        Only lines that are not as they were are looked at, and from now on those of that text are the last.
        """
        raw = text.split("\n")
        if len(raw) != len(self._raw):
            return None
        changed = [at for at, (now, was) in enumerate(zip(raw, self._raw, strict=True)) if now != was]
        try:
            found = self._count(raw, changed)
        except OverflowError:
            return None
        if found is not None:
            self._raw, self._counters = raw, found[0]
        return found

    def _count(self, raw: list[str], changed: list[int]) -> tuple[Counters | None, array[int]] | None:
        counters, moved = self._counters, array("I")
        packets = counters.packets[:] if counters is not None else array("Q")
        size = counters.bytes[:] if counters is not None else array("Q")
        match, bare, slots = _COUNTED_LINE.match, self.bare, self._slots
        for at in changed:
            now = raw[at]
            found, slot = match(now), slots[at]
            if found is None or not slot:
                if _DATED.match(now) and _DATED.match(self._raw[at]):
                    continue
                return None
            if now[found.end() :] != bare[at] and not _same_policy(now, bare[at]):
                return None
            if counters is None:
                continue
            moved.append(slot - 1)
            packets[slot - 1], size[slot - 1] = int(found[1]), int(found[2])
        return (Counters(packets, size) if counters is not None else None), moved


def _same_policy(now: str, before: str) -> bool:
    """Whether two lines declare the same base chain with the same policy, whatever it counted."""
    return now[:1] == ":" and now.rpartition(" [")[0] == before.rpartition(" [")[0]


def _bare(raw: list[str]) -> list[str] | None:
    """Lines without counters before rules, quickly; None where a bracket at the beginning may be anything else."""
    if any(line[:1] == "[" and "] -" not in line for line in raw):
        return None
    heads = [line[1 : line.find("] -")] for line in raw if line[:1] == "["]
    if heads and _numbers(heads) is None:
        return None
    return [line[line.find("] -") + 2 :] if line[:1] == "[" else line for line in raw]


def _counters(lines: list[str]) -> Counters | None:
    """The counters at the beginning of rules, and at the end of declarations; None if a line has none."""
    if not lines:
        return Counters(array("Q"), array("Q"))
    numbers = _numbers(
        [line[1 : line.find("]")] if line[:1] == "[" else line[line.rfind("[") + 1 : -1] for line in lines]
    )
    if numbers is None:
        return None
    try:
        both = array("Q", map(int, numbers))
    except OverflowError:
        return None
    return Counters(both[::2], both[1::2])


def _numbers(heads: list[str]) -> list[str] | None:
    """The numbers of texts that all are two of them with a colon, else None."""
    joined = ":".join(heads)
    numbers = joined.split(":")
    fine = (
        len(numbers) == 2 * len(heads) == 2 * [head.count(":") for head in heads].count(1)
        and joined.isascii()
        and "" not in numbers
        and joined.replace(":", "").isdecimal()
    )
    return numbers if fine else None
