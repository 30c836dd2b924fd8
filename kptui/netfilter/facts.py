"""Answers of a match, and the facts a dump does not tell: unknown is a value of its own, never a guess."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from fractions import Fraction

from kptui.netfilter.cubes import Cube, meet, of_ranges, without
from kptui.netfilter.intervals import Intervals, intersect, normal, subtract
from kptui.records import dataclass, replace


@dataclass(frozen=True, slots=True)
class Unknown:
    """A field of a packet that nobody told; `label` names it for good, since NAT may make another unknown of it.

    `bits` is the size of the number behind it, `local` whether it is surely an address of this host, `possible` what
    it may be where not everything is. What rules did to it since is told apart from it, so that what is learnt later
    holds for what was asked before: `image` is what each of 256 numbers has become (a TTL, a TOS), `keep` the bits of
    a mark that are still as they were and `flip` the others, and those of them that are turned over.
    """

    label: str
    bits: int = 32
    local: bool = False
    possible: Intervals | None = None
    image: bytes | None = None
    keep: int | None = None
    flip: int = 0

    @property
    def origin(self) -> Intervals:
        """All values it may have had before any rule changed it."""
        return ((0, 2**self.bits - 1),) if self.possible is None else self.possible

    @property
    def space(self) -> Intervals:
        """All values it may have; of a mark of which bits are known, more than that (`may_be` is exact)."""
        if self.image is None:
            return self.origin if self.keep is None else ((0, 2**self.bits - 1),)
        return normal([(value, value) for value in set(self._images())])

    def may_be(self, value: int) -> bool:
        """Whether it may have that value."""
        if self.keep is not None and (value ^ self.flip) & ~self.keep:
            return False
        return any(low <= value <= high for low, high in self.space)

    def before(self, region: Intervals) -> Intervals:
        """The values it must have had for it to be in a region now."""
        if self.image is None:
            return region
        changed = self.image
        return normal([(old, old) for old in range(256) if any(low <= changed[old] <= high for low, high in region)])

    def _images(self) -> list[int]:
        return [self.image[old] for low, high in self.origin for old in range(low, high + 1)] if self.image else []


def through(value: int | Unknown, change: Callable[[int], int]) -> int | Unknown:
    """A byte after a change that rules made to it."""
    if not isinstance(value, Unknown):
        return change(value)
    image = value.image or bytes(range(256))
    changed = bytes(map(change, image))
    return changed[0] if len(set(changed)) == 1 else replace(value, image=changed)


def masked_out(value: int | Unknown, mask: int, flip: int) -> int | Unknown:
    """(value & ~mask) ^ flip, in 32 bits: what MARK and its like do."""
    if not isinstance(value, Unknown):
        return (value & ~mask & _WORD) ^ flip
    keep = (_WORD if value.keep is None else value.keep) & ~mask
    changed = (value.flip & ~mask) ^ flip
    return replace(value, keep=keep, flip=changed) if keep else changed


_WORD = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Fact:
    """A question with the answer yes or no; with `region`, whether the unknown `subject` (in `space`) lies in it.

    `cube` is a region of another kind: (mask, value), for what is asked of single bits.
    """

    subject: Hashable
    region: Intervals | None = None
    space: Intervals = ()
    per_packet: bool = False
    """True where each packet has its own answer (a rate limit, a counter): no share of packets can be told."""
    cube: Cube | None = None

    @property
    def placed(self) -> bool:
        """Whether it is about where an unknown number lies."""
        return self.region is not None or self.cube is not None


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
    if value.keep is not None:
        raise ValueError("of a mark whose bits were changed only bits can be asked")
    wanted, space = value.before(region), value.origin
    inside = intersect(space, wanted)
    if not inside:
        return False
    if inside == space:
        return True
    return Unsure(Fact(value.label, wanted, space), f"{what} is not known")


def under_mask(value: int | Unknown, mask: int, wanted: int, what: str) -> Answer:
    """Whether value & mask == wanted; `what` names the field where it isn't known."""
    if not isinstance(value, Unknown):
        return value & mask == wanted
    if wanted & ~mask:
        return False
    if value.bits <= 8:
        fitting = normal([(each, each) for each in range(1 << value.bits) if each & mask == wanted])
        return within(value, fitting, what)
    keep = (1 << value.bits) - 1 if value.keep is None else value.keep
    if (value.flip ^ wanted) & mask & ~keep:
        return False
    asked = mask & keep
    if not asked:
        return True
    fact = Fact(value.label, None, value.origin, cube=(asked, (wanted ^ value.flip) & asked))
    answer = known(fact, frozenset())
    return Unsure(fact, f"{what} is not known") if answer is None else answer


def known(fact: Fact, facts: Facts) -> bool | None:
    """What the facts assumed so far say of another, by set logic where both are about one unknown; None: nothing."""
    if (fact, True) in facts:
        return True
    if (fact, False) in facts:
        return False
    if not fact.placed:
        return None
    about = [(each, holds) for each, holds in facts if each.subject == fact.subject and each.placed]
    if fact.region is None or any(each.region is None for each, _ in about):
        return _known_bits(fact, about)
    left = domain(fact, about)
    inside = intersect(left, fact.region)
    if not inside:
        return False
    return True if inside == left else None


def domain(asked: Fact, facts: Iterable[tuple[Fact, bool]]) -> Intervals:
    """The values the unknown that a fact is about may still have under the facts."""
    left = asked.space
    for fact, holds in facts:
        if fact.region is not None and fact.subject == asked.subject:
            left = intersect(left, fact.region) if holds else subtract(left, fact.region)
    return left


def _known_bits(asked: Fact, about: list[tuple[Fact, bool]]) -> bool | None:
    """The same where single bits are asked for; None too where the bits known make up too many sets."""
    left = of_ranges(asked.space)
    # What holds first: it makes what is left to cut from small.
    for fact, holds in sorted(about, key=lambda each: not each[1]):
        cubes = _cubes(fact)
        if holds:
            left = [found for one in left for cube in cubes if (found := meet(one, cube)) is not None]
            kept: list[Cube] | None = left if len(left) <= _MOST_CUBES else None
        else:
            kept = _cut(left, cubes)
        if kept is None:
            return None
        left = kept
    wanted = _cubes(asked)
    if all(meet(one, cube) is None for one in left for cube in wanted):
        return False
    return True if _cut(left, wanted) == [] else None


def _cut(left: list[Cube], cubes: list[Cube]) -> list[Cube] | None:
    """What is left without some cubes; None where it comes to too many, each of which the next would cut again."""
    for cube in cubes:
        left = without(left, cube)
        if len(left) > _MOST_CUBES:
            return None
    return left


_MOST_CUBES = 512


def _cubes(fact: Fact) -> list[Cube]:
    return [fact.cube] if fact.cube is not None else of_ranges(fact.region or ())
