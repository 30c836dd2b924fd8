"""Templates of a shape: how its lines are told, what is tested in them, and how a rule is made of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from typing import Protocol

from kptui.records import dataclass, field
from kptui.syntax.ast import Family, Rule
from kptui.syntax.diagnostics import Diagnostic
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


class Read(Protocol):
    """The rule of a line that the pattern matched; None (or UnfitError) if iptables would mind anything in it."""

    def __call__(  # noqa: D102
        self, found: re.Match[str], line: int, number: int, chain: str, targets: Container[str]
    ) -> Rule | None: ...


Wrong = Callable[[Given, str, Container[str]], bool]
"""Whether iptables would mind any of a line's values (quoted ones in their quotes), by chain and known targets."""


VERDICTS = frozenset({"ACCEPT", "DROP", "RETURN"})


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
    write: Callable[[], tuple[Read, Wrong]] = field(init=False)
    """Writes the functions for lines that the pattern matches."""
    read: Read = field(init=False)
    wrong: Wrong = field(init=False)
    met: int = 0
    """How many rules were taken apart to find their shape."""
    compiled: bool = False
    checked: bool = False
    """Whether a rule's values are looked at together when it is made."""
    picked: dict[Pick, tuple[tuple[int, ...], tuple[str | None, ...]] | None] = field(default_factory=dict)

    def ready(self) -> None:
        """Make what takes the usual lines of the shape; a thread that comes meanwhile makes it too."""
        if not self.compiled:
            self.read, self.wrong = self.write()
            self.match = re.compile(self.pattern).match
            self.compiled = True

    def columns(self, pick: Pick, chain: str, given: Given) -> Sequence[str | None] | None:
        """What `pick` takes out of a rule of this shape with these values; None if it has to look at the rule."""
        try:
            known = self.picked[pick]
        except KeyError:
            known = self.picked[pick] = self._places(pick, chain, len(given))
        if known is None:
            return None
        places, fixed = known
        whole = (*given, *fixed)
        return [whole[place] for place in places]

    def _places(self, pick: Pick, chain: str, count: int) -> tuple[tuple[int, ...], tuple[str | None, ...]] | None:
        """Where what `pick` takes stands among a rule's values, or behind them among what all rules have in common."""
        if self.checked:
            return None
        slots = {f"\0{slot}": slot for slot in range(COUNTERS, count)}
        values = pick(self.make(["", "", *slots], 0, 0, chain, ""))
        fixed = tuple(value for value in values if value not in slots)
        if any(value is not None and "\0" in value for value in fixed):
            return None
        places = tuple(slots[value] if value in slots else count + fixed.index(value) for value in values)
        return (places, fixed) if {*places}.isdisjoint(self.quotable) else None

    def prefer(self, found: Template) -> None:
        """Have a follower tried one place earlier, so that the most frequent come to be the first."""
        order = [*self.followers]
        # Another thread may have put them into another order, or left this one out.
        if found in order[1:]:
            place = order.index(found)
            order[place - 1], order[place] = found, order[place - 1]
            self.followers = tuple(order)

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
