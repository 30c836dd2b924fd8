"""Answers of a match, and the facts a dump does not tell: unknown is a value of its own, never a guess."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction

from kptui.netfilter.intervals import Intervals, intersect, subtract


@dataclass(frozen=True, slots=True)
class Unknown:
    """A field of a packet that nobody told; `label` names it for good, since NAT may make another unknown of it.

    `bits` is the size of the number behind it, `local` whether it is surely an address of this host, `possible` what
    it may be where not everything is.
    """

    label: str
    bits: int = 32
    local: bool = False
    possible: Intervals | None = None

    @property
    def space(self) -> Intervals:
        """All values it may have."""
        return ((0, 2**self.bits - 1),) if self.possible is None else self.possible


@dataclass(frozen=True, slots=True)
class Fact:
    """A question with the answer yes or no; with `region`, whether the unknown `subject` (in `space`) lies in it."""

    subject: Hashable
    region: Intervals | None = None
    space: Intervals = ()
    per_packet: bool = False
    """True where each packet has its own answer (a rate limit, a counter): no share of packets can be told."""


Facts = frozenset[tuple[Fact, bool]]
"""What one way through the rules has assumed."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """The answer depends on a fact: the match matches if the fact's answer is `holds`."""

    fact: Fact
    why: str
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Chance:
    """The match matches that share of all packets, at random."""

    share: Fraction


Answer = bool | Unsure | Chance


def negate(answer: Answer, negated: bool = True) -> Answer:
    """The answer of `!` before a match."""
    if not negated:
        return answer
    if isinstance(answer, Unsure):
        return Unsure(answer.fact, answer.why, not answer.holds)
    if isinstance(answer, Chance):
        return Chance(1 - answer.share)
    return not answer


def within(value: int | Unknown, region: Intervals, what: str) -> Answer:
    """Whether a field's value lies in a set of ranges; `what` names the field where it isn't known."""
    if not isinstance(value, Unknown):
        return any(low <= value <= high for low, high in region)
    inside = intersect(value.space, region)
    if not inside:
        return False
    if inside == value.space:
        return True
    return Unsure(Fact(value.label, region, value.space), f"{what} is not known")


def known(fact: Fact, facts: Facts) -> bool | None:
    """What the facts assumed so far say of another, by set logic where both are about one unknown; None: nothing."""
    if (fact, True) in facts:
        return True
    if (fact, False) in facts:
        return False
    if fact.region is None:
        return None
    left = domain(fact, facts)
    inside = intersect(left, fact.region)
    if not inside:
        return False
    return True if inside == left else None


def domain(asked: Fact, facts: Facts) -> Intervals:
    """The values the unknown that a fact is about may still have under the facts."""
    left = asked.space
    for fact, holds in facts:
        if fact.region is not None and fact.subject == asked.subject:
            left = intersect(left, fact.region) if holds else subtract(left, fact.region)
    return left
