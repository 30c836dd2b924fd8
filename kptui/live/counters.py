"""Counters of a dump, apart from its rules: which lines have some, and what they are at one moment."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from typing import NamedTuple

from kptui.syntax.ast import Ruleset

_COUNTED = re.compile(r"^(?::[^ \n]+ [A-Z]+ )?\[(\d{1,20}:\d{1,20})\]", re.MULTILINE)
_FICKLE = re.compile(r"^(?:# (?:Generated|Completed) .*|(:[^ \n]+ [A-Z]+) \[\d+:\d+\]$)", re.MULTILINE)


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


def lasting(text: str) -> str:
    """A dump without counters before rules as it stays while no rule is changed: no dates, no counters of policies."""
    found, start = [], 0
    while start < len(text):
        # What doesn't last stands before a table's rules, which are nearly all of the text.
        rules = _find(text, "\n-", start)
        found.append(_FICKLE.sub(lambda each: each[1] or "", text[start:rules]))
        start = _find(text, "\nCOMMIT", rules)
        found.append(text[rules:start])
    return "".join(found)


def _find(text: str, what: str, start: int) -> int:
    at = text.find(what, start)
    return len(text) if at < 0 else at
