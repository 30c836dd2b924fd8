"""The outcomes of a trace as one journey: what they share is told once, then the ways on which they part.

This is the one model behind the text and the graphs.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from fractions import Fraction

from kptui.netfilter.path import Step
from kptui.netfilter.trace import Assumption, Outcome, Trace
from kptui.records import dataclass

ALIKE = 4
"""Up to as many ways or outcomes that differ in their target only are told one by one."""


@dataclass(frozen=True, slots=True)
class Told:
    """A step, and the rules that were tried before it and did not match (only where a trace holds them)."""

    step: Step
    misses: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """One way after a fork: the share of packets that take it (None if it can't be told), what it takes for granted."""

    share: Fraction | None
    assumptions: tuple[Assumption, ...]
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class Stretch:
    """Steps that some outcomes (numbers from 0) share, the ways on which they then part, the steps they share after."""

    outcomes: tuple[int, ...]
    steps: tuple[Told, ...]
    ways: tuple[Way, ...] = ()
    rest: tuple[Told, ...] = ()


def branches(trace: Trace) -> Stretch:
    """All outcomes of a trace as one stretch."""
    outcomes = trace.outcomes
    paths = {number: _told(worth_telling(outcome.steps)) for number, outcome in enumerate(outcomes)}
    shared = frozenset.intersection(*(frozenset(outcome.assumptions) for outcome in outcomes)) if outcomes else ()
    return _stretch(outcomes, paths, frozenset(shared))


def worth_telling(steps: list[Step]) -> list[Step]:
    """The steps without those that say nothing: chains left by their end, policies of tables where no rule matched."""
    used = {(step.hook, step.table) for step in steps if step.rule is not None}
    return [
        step
        for step in steps
        if step.rule is not None
        or step.by_conntrack
        or (step.effect != "return" and ((step.hook, step.table) in used or "DROP" in step.effect))
    ]


def _told(steps: Sequence[Step]) -> tuple[Told, ...]:
    found: list[Told] = []
    misses: list[Step] = []
    for step in steps:
        if step.matched:
            found.append(Told(step, tuple(misses)))
            misses = []
        else:
            misses.append(step)
    return tuple(found)


def _key(told: Told) -> Hashable:
    """What makes a step the same on two ways: the same try of the same rule, with the same effect."""
    step = told.step
    return step.order, step.effect, step.maybe, tuple((miss.order, miss.why) for miss in told.misses)


def _stretch(outcomes: Sequence[Outcome], paths: dict[int, tuple[Told, ...]], given: frozenset[Assumption]) -> Stretch:
    """The paths of some outcomes, all of which take what is `given` for granted."""
    numbers = tuple(paths)
    keys = {number: [_key(told) for told in path] for number, path in paths.items()}
    ahead = _common(list(keys.values()))
    first = next(iter(paths.values()), ())
    if all(len(path) == ahead for path in paths.values()):
        return Stretch(numbers, first[:ahead])
    behind = 0
    if len({(outcomes[number].end, outcomes[number].reason) for number in numbers}) == 1:
        behind = _common([list(reversed(found[ahead:])) for found in keys.values()])
    groups: dict[Hashable, dict[int, tuple[Told, ...]]] = {}
    for number, path in paths.items():
        left = path[ahead : len(path) - behind]
        groups.setdefault(_key(left[0]) if left else None, {})[number] = left
    ways = tuple(_way(outcomes, group, given) for group in groups.values())
    return Stretch(numbers, first[:ahead], ways, first[len(first) - behind :] if behind else ())


def _way(outcomes: Sequence[Outcome], group: dict[int, tuple[Told, ...]], given: frozenset[Assumption]) -> Way:
    held = [outcomes[number] for number in group]
    common = frozenset.intersection(*(frozenset(outcome.assumptions) for outcome in held))
    new = tuple(each for each in held[0].assumptions if each in common and each not in given)
    return Way(_share(held), new, _stretch(outcomes, group, common))


def _share(outcomes: list[Outcome]) -> Fraction | None:
    """The share of several outcomes together: it can be told if all assume the same."""
    shares = [outcome.probability for outcome in outcomes]
    told = [share for share in shares if share is not None]
    if len(told) < len(shares) or len({outcome.facts for outcome in outcomes}) > 1:
        return None
    return sum(told, Fraction(0))


def _common(lists: list[list[Hashable]]) -> int:
    """How many first elements all lists share."""
    shortest = min(map(len, lists), default=0)
    return next((at for at in range(shortest) if any(found[at] != lists[0][at] for found in lists)), shortest)


def folded(ways: Sequence[Way]) -> Iterator[tuple[Way, int]]:
    """Ways to tell, and for how many each stands: many that differ in nothing but their target become one."""
    groups: dict[object, list[Way]] = {}
    for way in ways:
        plainly = not way.stretch.ways and not way.assumptions
        shape = tuple((told.step.hook, told.step.table, told.step.effect.split()[0]) for told in way.stretch.steps)
        groups.setdefault((way.share, shape) if plainly else id(way), []).append(way)
    for group in groups.values():
        if len(group) > ALIKE:
            yield group[0], len(group)
        else:
            yield from ((way, 1) for way in group)


def parted(stretch: Stretch) -> Iterator[Assumption]:
    """What ways take for granted, in the order in which they part."""
    for way in stretch.ways:
        yield from way.assumptions
        yield from parted(way.stretch)
