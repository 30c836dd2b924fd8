"""What differs between two chains of one name: rules added, removed, changed, moved."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Literal, NamedTuple

from kptui.diff.normal import Normal, normal
from kptui.diff.order import moved
from kptui.records import dataclass
from kptui.syntax.ast import Chain, Rule, Ruleset
from kptui.syntax.text import Lines

Kind = Literal["added", "removed", "changed", "moved"]
_Key = Callable[[str, int], Hashable]
"""From a side (old, new) and a place to what rules are paired by; None for what is not paired."""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule's difference; `before` is None for one that was added, `after` for one that was removed.

    `comment_only` if a changed rule still asks and does the same.
    """

    kind: Kind
    before: Rule | None
    after: Rule | None
    comment_only: bool = False

    @property
    def rule(self) -> Rule:
        """The rule as it is now, or was."""
        found = self.after or self.before
        assert found is not None
        return found


class Texts(NamedTuple):
    """A chain's rules as text."""

    chain: Chain
    texts: Sequence[str]


def rules_text(ruleset: Ruleset, chain: Chain) -> str:
    """All rules of a chain as they are written, in one piece: equal pieces mean equal chains."""
    numbers = getattr(chain.rules, "numbers", range(0))
    if not len(numbers):
        return ""
    lines = ruleset.lines
    if isinstance(numbers, range) and isinstance(lines, Lines):
        return lines.piece(numbers[0] - 1, numbers[-1])
    return "\n".join(lines[number - 1] for number in numbers)


def compare_chains(before: Texts, after: Texts, family: int) -> list[RuleChange]:
    """The differences in the order of the chain as it is now."""
    old, new = before.texts, after.texts
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    olds = before.chain.rules[first : len(old) - last]
    news = after.chain.rules[first : len(new) - last]
    return _Comparison(olds, news, family).changes()


class _Comparison:
    """The differing middle of two chains."""

    def __init__(self, olds: Sequence[Rule], news: Sequence[Rule], family: int) -> None:
        self._olds, self._news, self._family = olds, news, family
        self._normal_old: dict[int, Normal] = {}
        self._normal_new: dict[int, Normal] = {}
        self._pairs: dict[int, int] = {}

    def changes(self) -> list[RuleChange]:
        """Rules are paired by text, then by meaning; what is left is paired by likeness, or was added or removed."""
        self._pair([rule.text for rule in self._olds], [rule.text for rule in self._news])
        self._pair_left(self._normal)
        self._pair_left(lambda side, at: self._normal(side, at).meaning)
        same = sorted(self._pairs.items())
        swapped = self._moved(same)
        found: list[tuple[float, RuleChange | None]] = []
        found += [(new, self._of_pair(old, new, (old, new) in swapped)) for old, new in same]
        changed = self._alike()
        found += [(new, RuleChange("changed", self._olds[old], self._news[new])) for old, new in changed.items()]
        taken, given = {*self._pairs, *changed}, {*self._pairs.values(), *changed.values()}
        found += [(new, RuleChange("added", None, rule)) for new, rule in enumerate(self._news) if new not in given]
        removed = [(old, RuleChange("removed", rule, None)) for old, rule in enumerate(self._olds) if old not in taken]
        paired = {**self._pairs, **changed}
        found += [(_near(old, paired), change) for old, change in removed]
        return [change for _, change in sorted(found, key=lambda each: each[0]) if change is not None]

    def _of_pair(self, old: int, new: int, swapped: bool) -> RuleChange | None:
        if swapped:
            return RuleChange("moved", self._olds[old], self._news[new])
        if self._olds[old].text == self._news[new].text:
            return None
        if self._normal("old", old).comment != self._normal("new", new).comment:
            return RuleChange("changed", self._olds[old], self._news[new], comment_only=True)
        return None

    def _moved(self, same: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
        rules = [self._olds[old] for old, _ in same]
        does: list[Hashable] = [rule.target for rule in rules]
        return {same[index] for index in moved(rules, does, [new for _, new in same], self._family)}

    def _pair(self, olds: Sequence[Hashable], news: Sequence[Hashable]) -> None:
        """Pair what is equal and not paired yet, the first with the first."""
        waiting: dict[Hashable, list[int]] = {}
        given = set(self._pairs.values())
        for at, key in enumerate(news):
            if at not in given and key is not None:
                waiting.setdefault(key, []).append(at)
        for found in waiting.values():
            found.reverse()
        for at, key in enumerate(olds):
            if at not in self._pairs and key is not None and waiting.get(key):
                self._pairs[at] = waiting[key].pop()

    def _pair_left(self, key: _Key) -> None:
        given = set(self._pairs.values())
        self._pair(
            [None if at in self._pairs else key("old", at) for at in range(len(self._olds))],
            [None if at in given else key("new", at) for at in range(len(self._news))],
        )

    def _normal(self, side: str, at: int) -> Normal:
        known, rules = (self._normal_old, self._olds) if side == "old" else (self._normal_new, self._news)
        if at not in known:
            known[at] = normal(rules[at], self._family)
        return known[at]

    def _alike(self) -> dict[int, int]:
        """Rules that are left, paired where they ask for the same, or say the same of themselves and do the same."""
        pairs, self._pairs = self._pairs, dict(self._pairs)
        self._pair_left(lambda side, at: self._normal(side, at).asks if any(self._normal(side, at).asks) else None)
        self._pair_left(self._told)
        self._pair_left(lambda side, at: self._normal(side, at).does or None)
        found = {old: new for old, new in self._pairs.items() if old not in pairs}
        self._pairs = pairs
        return found

    def _told(self, side: str, at: int) -> Hashable:
        known = self._normal(side, at)
        return (known.comment, known.does) if known.comment else None


def _near(old: int, paired: Mapping[int, int]) -> float:
    """Where a removed rule stood, among the rules that there are now."""
    before = old - 1
    while before >= 0 and before not in paired:
        before -= 1
    return paired[before] + 0.5 if before >= 0 else -0.5
