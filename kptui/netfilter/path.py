"""The way a packet took through the rules: a chain of steps that may fork and join again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that matched (or, when asked for, one that did not), or the end of a chain.

    `rule` counts from 1 in its chain and is None for a policy or the return at a chain's end; `line` is that of the
    rule or of the chain's declaration. `order` grows along the journey. `maybe` is True if only some of the packets
    that end this way took the step. `why` names the first condition that failed where `matched` is False.
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
    maybe: bool = False


class Path:
    """One end of a path; paths share their beginnings, and joined ones keep all ways that led there."""

    __slots__ = ("before", "step")

    def __init__(self, step: Step | None = None, before: tuple[Path, ...] = ()) -> None:
        """A step taken after `before`; several befores (and no step) join them."""
        self.step = step
        self.before = before

    def then(self, step: Step) -> Path:
        """The path with one more step."""
        return Path(step, (self,))

    def joined(self, other: Path) -> Path:
        """Both paths, which meet here."""
        return self if self is other else Path(None, (self, other))

    def steps(self) -> list[Step]:
        """Every step in order, those that not all ways share marked `maybe`; linear in the number of steps."""
        order = list(_backwards(self))
        ways = _ways_to_start(order)
        onward = {id(self): 1}
        found: dict[int, tuple[Step, int]] = {}
        for path in reversed(order):
            for before in path.before:
                onward[id(before)] = onward.get(id(before), 0) + onward[id(path)]
            if path.step:
                through = ways[id(path)] * onward[id(path)]
                known = found.get(path.step.order)
                found[path.step.order] = (path.step, through + (known[1] if known else 0))
        total = ways[id(self)]
        return [
            step if through >= total else _maybe(step) for step, through in (found[number] for number in sorted(found))
        ]


def _backwards(end: Path) -> Iterable[Path]:
    """Every path node, each after all nodes before it (depth first, without recursion)."""
    done: set[int] = set()
    stack: list[tuple[Path, bool]] = [(end, False)]
    while stack:
        path, ready = stack.pop()
        if ready:
            yield path
        elif id(path) not in done:
            done.add(id(path))
            stack.append((path, True))
            stack.extend((before, False) for before in path.before if id(before) not in done)


def _ways_to_start(order: list[Path]) -> dict[int, int]:
    ways: dict[int, int] = {}
    for path in order:
        ways[id(path)] = sum(ways[id(before)] for before in path.before) or 1
    return ways


def _maybe(step: Step) -> Step:
    return Step(
        step.order, step.hook, step.table, step.chain, step.rule, step.line, step.text, step.effect, step.matched,
        step.why, True,
    )  # fmt: skip
