"""Rules that nothing is left for: set arithmetic on what the rules before them in their chain take.

Comparing each rule with each before it would take ages in KUBE-SERVICES. What rules take is found by hash instead, as
in a tuple space search: those that ask for single networks, protocols, ports and names are kept by these values, one
table for each combination of fields. A box that is wider there than the kept ones is compared with a few of them only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from kptui.netfilter.sets.boxes import Box, Field, holds, meet, minus
from kptui.netfilter.sets.conditions import NEVER_SURE, Region, region
from kptui.netfilter.sets.taking import Taken, Taking, changeable
from kptui.records import dataclass, field
from kptui.syntax.ast import Rule, Target

_KEYED = ("src", "dst", "proto", "sport", "dport", "in", "out")
_MOST_KEYS = 16
_FEW = 16
_MOST_CANDIDATES = 200
_MOST_PIECES = 64

Signature = tuple[tuple[str, int], ...]
Key = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Needless:
    """A rule that never matches: `by` are the rules before it that take all it could; none: it contradicts itself.

    `same` if they do with these packets what the rule would have done, `every` if one of them takes every packet.
    """

    rule: Rule
    by: tuple[Rule, ...]
    same: bool = False
    every: bool = False


@dataclass(slots=True)
class _Kept:
    """What a rule takes; `since` counts the changes of fields before it, so that it is known what it was asked of."""

    box: Box
    rule: Rule
    target: Target
    since: dict[str, int]


@dataclass(slots=True)
class _Cover:
    """What the rules of a chain met so far take."""

    family: int
    tables: dict[Signature, dict[Key, list[_Kept]]] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)

    def add(self, taken: Taken, rule: Rule) -> None:
        box = taken.box
        signature = tuple((name, size) for name in _KEYED if (size := _size(box, name)))
        key = tuple(box[name][0][0] // size for name, size in signature)
        watched = {name: self.changes.get(name, 0) for each in box if (name := changeable(each)) is not None}
        self.tables.setdefault(signature, {}).setdefault(key, []).append(_Kept(box, rule, taken.target, watched))

    def change(self, names: frozenset[str]) -> None:
        for name in names:
            self.changes[name] = self.changes.get(name, 0) + 1

    def over(self, box: Box) -> list[_Kept]:
        """What together takes all of a box; nothing if it can't be told that anything does."""
        found = [kept for kept in self._candidates(box) if self._holds_still(kept)]
        for kept in found:
            if holds(kept.box, box):
                return [kept]
        if len(found) < 2:
            return []
        left: list[Box] = [box]
        used: list[_Kept] = []
        for kept in sorted(found, key=lambda kept: kept.rule.number):
            if not any(meet(piece, kept.box) is not None for piece in left):
                continue
            used.append(kept)
            left = [rest for piece in left for rest in minus(piece, kept.box, self.family)]
            if not left:
                return used
            if len(left) > _MOST_PIECES:
                break
        return []

    def _holds_still(self, kept: _Kept) -> bool:
        return all(self.changes.get(name, 0) == count for name, count in kept.since.items())

    def _candidates(self, box: Box) -> Iterator[_Kept]:
        count = 0
        for signature, table in self.tables.items():
            # Where there are few, wide boxes are compared, too: several rules may take it together.
            keys = table.keys() if len(table) <= _FEW else _keys(box, signature)
            for key in keys:
                for kept in table.get(key, ()):
                    count += 1
                    if count > _MOST_CANDIDATES:
                        return
                    yield kept


def _size(box: Box, name: Field) -> int:
    """The size of the one aligned block that a field is asked to lie in (a network, a port, a name), else 0."""
    spans = box.get(name, ())
    if len(spans) != 1:
        return 0
    low, high = spans[0]
    size = high - low + 1
    return size if not size & (size - 1) and low % size == 0 else 0


def _keys(box: Box, signature: Signature) -> list[Key]:
    """The keys under which a box may be found; none where it is wider than what is kept there."""
    parts: list[list[int]] = []
    count = 1
    for name, size in signature:
        spans = box.get(name)
        if spans is None:
            return []
        blocks = [block for low, high in spans for block in _blocks(low, high, size)]
        count *= len(blocks)
        if not blocks or count > _MOST_KEYS:
            return []
        parts.append(blocks)
    return [*product(*parts)]


def _blocks(low: int, high: int, size: int) -> range:
    first, last = low // size, high // size
    return range(first, last + 1) if last - first < _MOST_KEYS else range(0)


def needless(rules: Sequence[Rule], taking: Taking) -> Iterator[Needless]:
    """The rules that never match, of all rules of a chain: the conditions contradict, or others take all they could.

    Only the chain itself is looked at, not where it is jumped to from.
    """
    if surely_needed(rules, taking):
        return
    cover = _Cover(taking.family)
    last = len(rules)
    for rule in rules:
        asked: Region | None = None
        if cover.tables or _may_contradict(rule):
            asked = region(rule, taking.family)
            found = _needless(rule, asked, cover)
            if found is not None:
                yield found
                continue
        if rule.number < last:
            for taken in taking.by_rule(rule, asked):
                cover.add(taken, rule)
            changed = taking.changes(rule)
            if changed:
                cover.change(changed)


def surely_needed(rules: Sequence[Rule], taking: Taking) -> bool:
    """Whether no rule of a chain is needless, as is known by its matches' and targets' names alone."""
    return not any(map(_may_contradict, rules)) and all(map(taking.takes_nothing, rules[:-1]))


def _needless(rule: Rule, asked: Region, cover: _Cover) -> Needless | None:
    if rule.refused:
        return None
    if asked.box is None:
        return Needless(rule, ())
    by = cover.over(asked.box)
    if not by:
        return None
    same = all(rule.target in (None, kept.target, kept.rule.target) for kept in by)
    every = any(not kept.box for kept in by)
    return Needless(rule, tuple({kept.rule.number: kept.rule for kept in by}.values()), same, every)


_SIMPLE = frozenset({"comment", "tcp", "udp", "sctp", *NEVER_SURE})


def _may_contradict(rule: Rule) -> bool:
    """Whether a rule's own conditions might leave nothing: not with at most one of each that can't on its own."""
    matches = rule.matches
    if len(matches) < 2:
        return bool(matches) and matches[0].name not in _SIMPLE
    names = [match.name for match in matches if match.name != "comment"]
    return len(names) != len(set(names)) or not _SIMPLE.issuperset(names)
