"""What appeared, went and changed between two readings, in lines with times; and what of it is still news."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kptui.diff.compare import Difference
from kptui.live.alignment import Alignment, Changed, Key
from kptui.report.diff.text import all_lines
from kptui.report.diff.words import Line
from kptui.text import number_of

KEPT = 2_000
"""So many lines of changes are kept, the newest."""
AT_ONCE = 500
"""So many lines are told of one reading; a node that is set up anew has hundreds of thousands."""
MARKED = 5_000
"""So many new rules are marked one by one; where there are more, their chains are."""
NEWS = 15.0
"""Seconds for which what appeared is marked."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of what changed, and when it was seen (seconds since 1970)."""

    when: float
    line: Line


def told(when: float, found: Difference) -> tuple[Change, ...]:
    """The lines of a difference; the last says how many more there would be."""
    lines = list(all_lines(found))
    if len(lines) > AT_ONCE:
        more = Line(0, "~", f"… and {number_of(len(lines) - AT_ONCE, 'more line')}")
        lines = [*lines[:AT_ONCE], more]
    return tuple(Change(when, line) for line in lines)


def log(earlier: Iterable[Change], later: Iterable[Change]) -> tuple[Change, ...]:
    """All changes in their order, the oldest forgotten."""
    return (*earlier, *later)[-KEPT:]


@dataclass(frozen=True, slots=True)
class News:
    """What a reading found new: chains (+), chains that gained or lost rules (~), and rules by their slots."""

    chains: Mapping[tuple[Key, str], str]
    rules: tuple[int, ...] = ()

    @classmethod
    def of(cls, changed: Mapping[Key, Changed], alignment: Alignment, slots: int) -> News:
        """What is not as it was."""
        chains = {(key, name): sign for key, found in changed.items() for name, sign in _signs(found)}
        rules = []
        for slot in alignment.new(slots):
            rules.append(slot)
            if len(rules) > MARKED:
                rules = []
                break
        return cls(chains, tuple(rules))


def _signs(found: Changed) -> Iterator[tuple[str, str]]:
    yield from ((name, "~") for name in found.other)
    yield from ((name, "+") for name in found.new)


@dataclass(frozen=True, slots=True)
class Marks:
    """The signs beside what is news, each until a moment of the clock."""

    chains: Mapping[tuple[Key, str], tuple[str, float]]
    rules: Mapping[int, float]

    @classmethod
    def none(cls) -> Marks:
        """Nothing is news."""
        return cls({}, {})

    def later(self, now: float, news: News | None, alignment: Alignment | None) -> Marks:
        """Without what is old by now, with what is new; rules are found again where they are now."""
        chains = {key: each for key, each in self.chains.items() if each[1] > now}
        rules = {slot: until for slot, until in self.rules.items() if until > now}
        if news is not None and alignment is not None:
            moved = ((alignment.now(slot), until) for slot, until in rules.items())
            rules = {slot: until for slot, until in moved if slot is not None}
            chains |= {key: (sign, now + NEWS) for key, sign in news.chains.items()}
            rules |= dict.fromkeys(news.rules, now + NEWS)
        return Marks(chains, rules)
