"""Templates of a shape: how its lines are told, what is tested in them, and how a rule is made of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from typing import Protocol

from kptui.records import dataclass, field
from kptui.syntax.ast import Family, Rule
from kptui.syntax.diagnostics import Diagnostic
from kptui.syntax.quoting import unquoted
from kptui.syntax.vocabulary import Kind

Given = Sequence[str]
"""A line's packets and bytes (empty without counters), then the values that vary in its shape."""
COUNTERS = 2
"""How many of those are counters."""


Pick = Callable[[Rule], Sequence[str | None]]
"""Takes values out of a rule; which ones must hang on the rule's shape alone."""


class Make(Protocol):
    """Makes the rule of the given values; raises UnfitError."""

    def __call__(  # noqa: D102
        self, given: Given, line: int, number: int, chain: str, text: str, problem: Diagnostic | None = None
    ) -> Rule: ...


VERDICTS = frozenset({"ACCEPT", "DROP", "RETURN"})
_TESTED = 65_536


class UnfitError(Exception):
    """The values of a rule don't go together, as a check over several options of an extension says."""


@dataclass(slots=True, eq=False)
class Template:
    """The rules of one shape; `followers` are templates of rules that came right after one of these."""

    make: Make
    goto: bool = False
    target_slot: int | None = None
    """Which value names the target, if it varies: it has to be a chain then, or a verdict."""
    tests: tuple[tuple[int, Kind], ...] = ()
    never_in: frozenset[str] = frozenset()
    pattern: str = ""
    """A regular expression that the usual lines of this shape match, the values being its groups."""
    quotable: tuple[int, ...] = ()
    """Values that may stand in quotes in such a line."""
    unusual: tuple[tuple[int, Kind, set[str]], ...] = ()
    """Values that the pattern doesn't test, with those that were found fit before."""
    followers: tuple[Template, ...] = ()
    match: Callable[[str, int], re.Match[str] | None] = field(init=False)
    met: bool = False
    checked: bool = False
    """Whether a rule's values are looked at together when it is made."""
    picked: dict[Pick, tuple[int | None, ...] | None] = field(default_factory=dict)

    def bound(
        self, found: re.Match[str], line: int, number: int, chain: str, family: Family, chains: Container[str]
    ) -> Rule | None:
        """The rule of a line that the pattern matched; None if iptables would mind anything in it."""
        given = self.values(found, chain, family, chains)
        if given is None:
            return None
        try:
            return self.make(given, line, number, chain, found[0])
        except UnfitError:
            return None

    def values(self, found: re.Match[str], chain: str, family: Family, chains: Container[str]) -> Given | None:
        """The values of a line that the pattern matched; None if iptables would mind any of them."""
        given: Given = found.groups("")
        if self.quotable:
            given = self._unquoted(given)
        if self.unusual and not self._unusual_fit(given, family):
            return None
        if self.target_slot is not None:
            name = given[self.target_slot]
            if name not in chains and (self.goto or name not in VERDICTS):
                return None
        return None if chain in self.never_in else given

    def columns(self, pick: Pick, chain: str, count: int) -> tuple[int | None, ...] | None:
        """Which values `pick` takes out of the rules of this shape; None if it has to look at each.

        `count` is how many values there are.
        """
        if pick not in self.picked:
            marks = ["", "", *(f"\0{slot}" for slot in range(COUNTERS, count))]
            try:
                values = pick(self.make(marks, 0, 0, chain, ""))
            except UnfitError:
                self.picked[pick] = None
            else:
                places = [marks.index(value) if value in marks[COUNTERS:] else None for value in values]
                constant = any(value is not None and at is None for value, at in zip(values, places, strict=True))
                self.picked[pick] = None if self.checked or constant else tuple(places)
        return self.picked[pick]

    def _unquoted(self, given: Given) -> Given:
        plain = [*given]
        for slot in self.quotable:
            if plain[slot][0] == '"':
                plain[slot] = unquoted(plain[slot])
        return plain

    def _unusual_fit(self, given: Given, family: Family) -> bool:
        for slot, kind, fit in self.unusual:
            value = given[slot]
            if value not in fit:
                if not kind.fits(value, family):
                    return False
                if len(fit) < _TESTED:
                    fit.add(value)
        return True

    def prefer(self, place: int) -> None:
        """Have a follower tried one place earlier, so that the most frequent come to be the first."""
        before, found = self.followers[place - 1 : place + 1]
        self.followers = (*self.followers[: place - 1], found, before, *self.followers[place + 1 :])

    def fits(self, given: Given, chain: str, family: Family) -> bool:
        """Whether each value is of its kind, and the rule may stand in that chain."""
        return chain not in self.never_in and all(kind.fits(given[slot], family) for slot, kind in self.tests)


def beginning() -> Template:
    """The template of no rule, for what follows it."""

    def nothing(given: Given, line: int, number: int, chain: str, text: str, problem: Diagnostic | None = None) -> Rule:
        raise UnfitError

    return Template(nothing)


def packets(counters: Given) -> int | None:
    """The packets that a rule's counters tell, None where they are no numbers."""
    found = _numbers(counters)
    return found[0] if found else None


def bytes_(counters: Given) -> int | None:
    """The bytes that a rule's counters tell, None where they are no numbers."""
    found = _numbers(counters)
    return found[1] if found else None


def _numbers(counters: Given) -> list[int] | None:
    """PACKETS and BYTES, or both in one value with a comma."""
    texts = counters[0].split(",") if len(counters) == 1 else counters[:COUNTERS]
    if len(texts) != COUNTERS or not all(text.isdecimal() and len(text) < 4000 for text in texts):
        return None
    return [int(text) for text in texts]
