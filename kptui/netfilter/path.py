"""The way a packet took through the rules: a chain of steps that may fork and join again."""

from __future__ import annotations

from collections.abc import Iterable

from kptui.netfilter.facts import Fact, Facts, known
from kptui.netfilter.packet import Number
from kptui.records import dataclass, replace

Change = tuple[str, Number, Number]


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that matched (or, when asked for, one that did not), or the end of a chain.

    `rule` counts from 1 in its chain and is None for a policy or the return at a chain's end; `line` is that of the
    rule or of the chain's declaration. What conntrack does by itself is told at the nat chain where it does it. `order`
    grows along the journey. `maybe` is True if only some of the packets that end this way took the step. `why` names
    the first condition that failed where `matched` is False. `backend` is told where iptables-nft and iptables-legacy
    both have tables, `label` is the table's. `changed` holds what changed in the packet: field, old value, new value.
    """

    order: int
    hook: str
    table: str
    chain: str
    rule: int | None
    line: int
    text: str
    effect: str
    matched: bool = True
    why: str | None = None
    backend: str | None = None
    label: str = ""
    maybe: bool = False
    changed: tuple[Change, ...] = ()

    @property
    def by_conntrack(self) -> bool:
        """Whether no rule did it, but conntrack, which keeps a connection's translation."""
        return self.rule is None and self.effect.startswith("conntrack:")


class Path:
    """One end of a path; paths share their beginnings, and joined ones keep all ways that led there."""

    __slots__ = ("_steps", "before", "given", "step")

    def __init__(
        self, step: Step | None = None, before: tuple[Path, ...] = (), given: tuple[Fact, bool] | None = None
    ) -> None:
        """A step taken after `before`; two befores (and no step) join them.

        With `given`, the first of the two was taken where that fact has that answer, the second where it has the other.
        """
        self.step = step
        self.before = before
        self.given = given
        self._steps: tuple[Facts, list[Step]] | None = None

    def then(self, step: Step) -> Path:
        """The path with one more step."""
        return Path(step, (self,))

    def joined(self, other: Path, given: tuple[Fact, bool] | None = None) -> Path:
        """Both paths, which meet here; with `given`, this one was taken where the fact holds so, else the other."""
        return self if self is other else Path(None, (self, other), given)

    def until(self, last: int) -> Path:
        """The path without the steps whose order is greater."""
        kept: dict[int, Path] = {}
        for path, befores in _backwards(self, frozenset()):
            same = tuple(kept[id(before)] for before in befores)
            later = path.step is not None and path.step.order > last
            kept[id(path)] = same[0] if later else Path(path.step, same, path.given)
        return kept[id(self)]

    def steps(self, facts: Facts = frozenset()) -> list[Step]:
        """Every step that fits the facts, in order, those that not all ways share marked `maybe`; linear in time.

        What was told last is kept: a report asks for it again and again.
        """
        if self._steps is None or self._steps[0] != facts:
            self._steps = facts, self._told_under(facts)
        return [*self._steps[1]]

    def _told_under(self, facts: Facts) -> list[Step]:
        order = list(_backwards(self, facts))
        ways = _ways_to_start(order)
        onward = {id(self): 1}
        found: dict[int, list[Step]] = {}
        through: dict[int, int] = {}
        for path, befores in reversed(order):
            for before in befores:
                onward[id(before)] = onward.get(id(before), 0) + onward[id(path)]
            if path.step:
                number = path.step.order
                found.setdefault(number, []).append(path.step)
                through[number] = through.get(number, 0) + ways[id(path)] * onward[id(path)]
        total = ways[id(self)]
        return [_told(found[number], through[number] < total) for number in sorted(found)]


def _befores(path: Path, facts: Facts) -> tuple[Path, ...]:
    """The ways that lead to a path's end under the facts."""
    if path.given is None:
        return path.before
    answer = known(path.given[0], facts)
    if answer is None:
        return path.before
    return (path.before[0 if answer == path.given[1] else 1],)


def _backwards(end: Path, facts: Facts) -> Iterable[tuple[Path, tuple[Path, ...]]]:
    """Every path node with those before it, each after all nodes before it (depth first, without recursion)."""
    done: set[int] = set()
    stack: list[tuple[Path, tuple[Path, ...] | None]] = [(end, None)]
    while stack:
        path, befores = stack.pop()
        if befores is not None:
            yield path, befores
        elif id(path) not in done:
            done.add(id(path))
            befores = _befores(path, facts)
            stack.append((path, befores))
            stack.extend((before, None) for before in befores if id(before) not in done)


def _ways_to_start(order: list[tuple[Path, tuple[Path, ...]]]) -> dict[int, int]:
    ways: dict[int, int] = {}
    for path, befores in order:
        ways[id(path)] = sum(ways[id(before)] for before in befores) or 1
    return ways


def _told(steps: list[Step], maybe: bool) -> Step:
    """One step of those that packets of different marks or addresses took at the same rule."""
    first = steps[0]
    if len(steps) == 1:
        return first if first.maybe == maybe else replace(first, maybe=maybe)
    return replace(
        first,
        effect=" or ".join(dict.fromkeys(step.effect for step in steps)),
        why=" or ".join(dict.fromkeys(step.why for step in steps if step.why)) or None,
        maybe=maybe,
        changed=first.changed if all(step.changed == first.changed for step in steps) else (),
    )
