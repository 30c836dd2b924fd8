"""Where a trace passed: which rules and chains are on the path, with their hop numbers, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from kptui.netfilter.path import Step
from kptui.netfilter.trace import Outcome, Trace
from kptui.report.branches import worth_telling
from kptui.report.words import effect_words
from kptui.tui.tree_model import Place


@dataclass(frozen=True, slots=True)
class Hop:
    """One numbered step of an outcome; `place` is the rule, or the chain whose policy decided."""

    number: int
    place: Place
    step: Step


LONG = 4
"""So long the hop numbers of one place may be together."""


@dataclass
class Marks:
    """What one or all outcomes of a trace light up."""

    hops: list[Hop] = field(default_factory=list)
    numbers: dict[Place, list[int]] = field(default_factory=dict)
    chains: set[Place] = field(default_factory=set)
    missed: dict[Place, str] | None = None
    """What did not hold of each rule that was tried and did not match; None until that has been looked at."""

    def add(self, outcome: Outcome) -> None:
        """Light up one outcome more; steps that outcomes share keep one number."""
        steps = outcome.steps
        for number, step in enumerate(_told(steps), 1):
            place = Place(step.label, step.chain, step.rule)
            if number not in self.numbers.setdefault(place, []):
                self.numbers[place].append(number)
                self.hops.append(Hop(number, place, step))
            self.chains.add(Place(step.label, step.chain))

    def number(self, place: Place) -> str | None:
        """The hop numbers of a rule or chain as text (①, or ③⑨ if it is passed twice), None off the path.

        Where that would be long, the first with an ellipsis.
        """
        found = self.numbers.get(place)
        if not found:
            return None
        text = "".join(map(circled, sorted(found)))
        return text if len(found) == 1 or len(text) <= LONG else f"{circled(min(found))}…"

    @cached_property
    def width(self) -> int:
        """How much room the longest of these texts takes."""
        return max((len(self.number(place) or "") for place in self.numbers), default=0)

    def holds(self, place: Place) -> bool:
        """Whether a table, chain or rule has part in the path."""
        if place.chain is None:
            return any(chain.table == place.table for chain in self.chains)
        return place in self.chains if place.rule is None else place in self.numbers

    def why_not(self, place: Place) -> str:
        """Why a rule off the path did nothing: what did not hold, or where the packet went before it came there."""
        if self.missed is None:
            return "looking why …"
        if place in self.missed:
            return f"{self.missed[place]} does not hold"
        before = [hop for hop in self.hops if hop.place.parent == place.parent and _before(hop, place)]
        if not before:
            return "the packet does not come to this rule"
        last = max(before, key=lambda hop: hop.place.rule or 0)
        return f"it is not reached, rule {last.place.rule} comes before: {effect_words(last.step)}"


def _before(hop: Hop, place: Place) -> bool:
    return hop.place.rule is not None and place.rule is not None and hop.place.rule < place.rule


def marks(trace: Trace, lit: Iterable[int]) -> Marks:
    """The marks of some outcomes (counted from 0)."""
    found = Marks()
    for index in lit:
        found.add(trace.outcomes[index])
    found.hops.sort(key=lambda hop: hop.step.order)
    return found


def missed_by(outcome: Outcome) -> Iterator[tuple[Place, str]]:
    """The rules that an outcome of a trace with misses tried in vain, each with the first condition that failed."""
    for step in outcome.steps:
        if step.rule is not None and not step.matched:
            yield Place(step.label, step.chain, step.rule), step.why or ""


def circled(number: int) -> str:
    """A hop's number as one sign up to 20, in parentheses beyond."""
    return chr(0x2460 + number - 1) if 1 <= number <= 20 else f"({number})"


def _told(steps: list[Step]) -> list[Step]:
    return worth_telling([step for step in steps if step.matched])
