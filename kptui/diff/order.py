"""Which rules have changed places in a way that can matter: two that no packet can match both may stand either way."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kptui.netfilter.address import network
from kptui.netfilter.extensions.mark import pair
from kptui.netfilter.extensions.ports import ports
from kptui.netfilter.intervals import Intervals, intersect
from kptui.netfilter.protocols import protocol_number
from kptui.syntax.ast import Match, Option, Rule

LIMIT = 2_000_000
"""So many pairs of rules are compared in one chain; beyond that, any change of places counts."""
_EXACT = ("protocol", "destination", "dport", "source", "in", "out")


class Facts(NamedTuple):
    """What a rule asks for, as far as two rules are told apart by it; `exact` are fields with one value only."""

    exact: Mapping[str, Hashable]
    nets: Mapping[str, tuple[int, int]]
    ports: Mapping[str, Intervals]
    states: frozenset[str] | None
    mark: tuple[int, int] | None


def facts(rule: Rule, family: int) -> Facts:
    """Reads a rule; what it asks for in other ways does not count."""
    exact: dict[str, Hashable] = {}
    nets: dict[str, tuple[int, int]] = {}
    for option in rule.generic:
        if not option.negated:
            _generic(option, family, exact, nets)
    found: dict[str, Intervals] = {}
    states: frozenset[str] | None = None
    mark = None
    for match in rule.matches:
        for option in match.options:
            if option.negated:
                continue
            if match.name in _PORTED and option.name in ("sport", "dport", "sports", "dports"):
                _ports(option, exact, found)
            elif option.name in ("ctstate", "state"):
                states = frozenset(option.value.upper().split(","))
            elif match.name == "mark" and option.name == "mark":
                mark = _mark(match, option)
    return Facts(exact, nets, found, states if states and not states & {"DNAT", "SNAT"} else None, mark)


_PORTED = frozenset({"tcp", "udp", "sctp", "dccp", "udplite", "multiport"})


def _generic(option: Option, family: int, exact: dict[str, Hashable], nets: dict[str, tuple[int, int]]) -> None:
    try:
        if option.name in ("source", "destination"):
            if "," not in option.value:
                net = network(option.value, family)
                nets[option.name] = net.address, net.mask
                if net.mask.bit_count() == net.bits:
                    exact[option.name] = net.address
        elif option.name == "protocol":
            number = protocol_number(option.value)
            if number:
                exact["protocol"] = number
        elif option.name in ("in", "out") and not option.value.endswith("+"):
            exact[option.name] = option.value
    except ValueError:
        return


def _ports(option: Option, exact: dict[str, Hashable], found: dict[str, Intervals]) -> None:
    try:
        region = ports(option.value)
    except ValueError:
        return
    side = option.name.removesuffix("s")
    found[side] = region
    if side == "dport" and len(region) == 1 and region[0][0] == region[0][1]:
        exact["dport"] = region[0][0]


def _mark(match: Match, option: Option) -> tuple[int, int] | None:
    try:
        return pair(option.value)
    except ValueError:
        return None


def disjoint(one: Facts, other: Facts) -> bool:
    """Whether no packet can match both rules, as far as is easily told."""
    for name, value in one.exact.items():
        if name in other.exact and other.exact[name] != value:
            return True
    for name, (address, mask) in one.nets.items():
        if name in other.nets:
            also, further = other.nets[name]
            if (address ^ also) & mask & further:
                return True
    for side, region in one.ports.items():
        if side in other.ports and not intersect(region, other.ports[side]):
            return True
    if one.states is not None and other.states is not None and not one.states & other.states:
        return True
    if one.mark is not None and other.mark is not None:
        common = one.mark[1] & other.mark[1]
        return bool((one.mark[0] ^ other.mark[0]) & common)
    return False


class Overlaps:
    """Finds the rules that a rule may overlap with, without comparing it with every one (tuple space search)."""

    def __init__(self, rules: Sequence[Facts]) -> None:
        """Rules are grouped by which exact fields they have."""
        self._rules = rules
        self._groups: dict[tuple[str, ...], list[int]] = {}
        for place, each in enumerate(rules):
            self._groups.setdefault(_fields(each), []).append(place)
        self._indexes: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[tuple[Hashable, ...], list[int]]] = {}

    def candidates(self, place: int) -> Iterator[int]:
        """The rules that agree with this one in the exact fields that both have; itself among them."""
        rule = self._rules[place]
        mine = _fields(rule)
        for group in self._groups:
            common = tuple(name for name in group if name in mine)
            yield from self._index(group, common).get(tuple([rule.exact[name] for name in common]), ())

    def _index(self, group: tuple[str, ...], common: tuple[str, ...]) -> dict[tuple[Hashable, ...], list[int]]:
        found = self._indexes.get((group, common))
        if found is None:
            found = self._indexes[group, common] = {}
            for place in self._groups[group]:
                exact = self._rules[place].exact
                found.setdefault(tuple([exact[name] for name in common]), []).append(place)
        return found


def _fields(rule: Facts) -> tuple[str, ...]:
    return tuple(name for name in _EXACT if name in rule.exact)


def unmoved(places: Sequence[int]) -> set[int]:
    """The indexes of a longest part that keeps its order (patience sorting)."""
    tails: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for index, place in enumerate(places):
        spot = bisect_left(tails, place)
        before.append(at[spot - 1] if spot else -1)
        if spot == len(tails):
            tails.append(place)
            at.append(index)
        else:
            tails[spot], at[spot] = place, index
    kept = set()
    index = at[-1] if at else -1
    while index >= 0:
        kept.add(index)
        index = before[index]
    return kept


def moved(rules: Sequence[Rule], does: Sequence[Hashable], places: Sequence[int], family: int) -> list[int]:
    """The indexes of the rules that have changed places with one they may overlap with and that does something else.

    `places` are where the rules stand on the other side.
    """
    kept = unmoved(places)
    if len(kept) == len(places):
        return []
    known = [facts(rule, family) for rule in rules]
    overlaps = Overlaps(known)
    left = LIMIT
    found = []
    for index in range(len(places)):
        if index in kept:
            continue
        for other in overlaps.candidates(index):
            left -= 1
            swapped = (index < other) != (places[index] < places[other])
            if left < 0 or (swapped and does[index] != does[other] and not disjoint(known[index], known[other])):
                found.append(index)
                break
    return found
