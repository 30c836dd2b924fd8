"""The jump graph of a table: what a chain leads to, and who leads to it."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from kptui.records import dataclass
from kptui.slices import Told, nobody, slices
from kptui.syntax.ast import Rule, Table
from kptui.syntax.text import Lines


def callers(table: Table) -> Mapping[str, list[Rule]]:
    """For each user-defined chain of a table, the rules that jump or go to it; builds every rule of the table."""
    found: defaultdict[str, list[Rule]] = defaultdict(list)
    for chain in table.chains.values():
        for rule in chain.rules:
            if rule.target is not None and leads_to(rule, table):
                found[rule.target.name].append(rule)
    return found


def leads_to(rule: Rule, table: Table) -> str | None:
    """The user-defined chain that a rule jumps or goes to, None if it has another target or none."""
    if rule.target is None or rule.target.name not in table.chains:
        return None
    return None if table.chains[rule.target.name].builtin else rule.target.name


_MAYBE = re.compile(r""""[^"\\]*(?:\\.[^"\\]*)*"|(?<![^ \t])(?:-[jg]|--jump|--goto)[ \t=]+"?([^\s"]+)""")
"""What may be a jump in a rule as written (quoted texts are passed over); building the rule tells for certain."""


def may_lead_to(text: str) -> list[str]:
    """The chains that rules as written may jump or go to."""
    return _MAYBE.findall(text)


def calling(table: Table, lines: Lines, chain: str) -> Iterator[str]:
    """The names of chains in which a rule jumps or goes to one, by a search of the text: an index takes longer."""
    text, at = lines.text, 0
    while (at := text.find(f" {chain}", at)) >= 0:
        start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
        line = text[start : end if end >= 0 else None]
        words = line.split(" ", 2)
        inside = table.line <= lines.holding(at) + 1 <= (table.end or len(lines))
        if inside and words[0] == "-A" and chain in may_lead_to(line):
            yield words[1]
        at += 1


class JumpIndex:
    """Who jumps where in one table; only rules that are asked about are built."""

    def __init__(self, table: Table, lines: Sequence[str]) -> None:
        """`lines` is the dump's text."""
        self.table = table
        self._lines = lines

    def callers(self, chain: str, limit: int | None = None) -> list[Rule]:
        """The rules that jump or go to a chain (at most so many), in the order of the dump's chains."""
        if chain not in self.table.chains:
            return []
        found = self._graph.callers.get(chain, ())
        places = (found,) if isinstance(found, int) else found[:limit]
        names = self._graph.names
        rules = (self.table.chains[names[place >> _BITS]].rules[place & _INDEX] for place in places)
        return [rule for rule in rules if leads_to(rule, self.table) == chain]

    def count(self, chain: str) -> int:
        """How many rules jump or go to a chain, told by their text."""
        found = self._graph.callers.get(chain, ())
        return 1 if isinstance(found, int) else len(found)

    def below(self, chain: str, told: Told = nobody) -> set[str]:
        """The chains that packets may come to from a chain, itself among them, told by the rules' text.

        `told` is called now and then.
        """
        found, waiting = {chain}, [chain]
        while waiting:
            told()
            for name in self._graph.callees.get(waiting.pop(), ()):
                if name not in found:
                    found.add(name)
                    waiting.append(name)
        return found

    def callees(self, chain: str) -> list[Rule]:
        """The rules of a chain that jump or go to another one."""
        found = self.table.chains.get(chain)
        return [rule for rule in found.rules if leads_to(rule, self.table)] if found else []

    def read(self, told: Told) -> None:
        """Look at every rule now; `told` is called now and then, and what it raises ends that."""
        if "_graph" not in vars(self):
            self._graph = self._read(told)

    @cached_property
    def _graph(self) -> _Graph:
        return self._read()

    def _read(self, told: Told = nobody) -> _Graph:
        """One pass over the text of all rules."""
        chains, lines, look = self.table.chains, self._lines, _MAYBE.findall
        callers: dict[str, int | array[int]] = {}
        callees: dict[str, tuple[str, ...]] = {}
        # What is the same is kept once: names, and what all chains of endpoints lead to.
        same = dict(zip(chains, chains, strict=True))
        alike: dict[tuple[str, ...], tuple[str, ...]] = {}
        for ordinal, chain in enumerate(chains.values()):
            to: dict[str, None] = {}
            for index, number in enumerate(slices(getattr(chain.rules, "numbers", ()), told)):
                for word in look(lines[number - 1]):
                    name = same.get(word)
                    if name is not None:
                        _put(callers, name, ordinal << _BITS | index)
                        to[name] = None
            if to:
                names = tuple(to)
                callees[chain.name] = alike.setdefault(names, names)
        return _Graph(tuple(chains), callers, callees)


_BITS = 32
_INDEX = (1 << _BITS) - 1


class _Graph(NamedTuple):
    """Who jumps where, told by the rules' text, in little room: a large table has hundreds of thousands of jumps.

    A caller is one number: that of its chain among `names`, then its index there. Most chains have one.
    """

    names: tuple[str, ...]
    callers: Mapping[str, int | array[int]]
    callees: Mapping[str, tuple[str, ...]]


def _put(callers: dict[str, int | array[int]], name: str, place: int) -> None:
    known = callers.get(name)
    if known is None:
        callers[name] = place
    elif isinstance(known, int):
        callers[name] = array("Q", (known, place))
    else:
        known.append(place)


Cut = Literal["loop", "above", "more"]


@dataclass(frozen=True, slots=True)
class Jumps:
    """A chain in a tree of jumps, with the rules that join it to the chain it hangs on.

    `below` is what hangs on it in turn. `cut` says why not all of that is there: it is itself further up (“loop”; no
    kernel loads that), it is shown elsewhere in the tree already (“above”), or the tree is large enough (“more”).
    """

    chain: str
    rules: tuple[Rule, ...]
    below: tuple[Jumps, ...] = ()
    cut: Cut | None = None

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Jumps]]:
        """This chain and all that hang on it, each with its depth."""
        yield depth, self
        for each in self.below:
            yield from each.walk(depth + 1)


def callers_tree(index: JumpIndex, chain: str, limit: int = 500) -> Jumps:
    """A chain, below it the chains with rules that lead to it, and so on up to the base chains."""
    return _tree(chain, lambda name: _grouped((rule.chain, rule) for rule in index.callers(name)), limit)


def callees_tree(index: JumpIndex, chain: str, limit: int = 500) -> Jumps:
    """A chain, below it the chains that its rules lead to, and so on."""

    def step(name: str) -> dict[str, list[Rule]]:
        return _grouped((rule.target.name, rule) for rule in index.callees(name) if rule.target)

    return _tree(chain, step, limit)


_Step = Callable[[str], Mapping[str, list[Rule]]]


def _grouped(pairs: Iterable[tuple[str, Rule]]) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for name, rule in pairs:
        found.setdefault(name, []).append(rule)
    return found


def _tree(chain: str, step: _Step, limit: int) -> Jumps:
    """The tree of what `step` leads to; each chain is opened once, and no more chains than the limit are shown."""
    opened = {chain}
    left = limit

    def hang(name: str, rules: Sequence[Rule], path: frozenset[str]) -> Jumps:
        if name in path:
            return Jumps(name, tuple(rules), cut="loop")
        if name in opened and path:
            return Jumps(name, tuple(rules), cut="above" if step(name) else None)
        nonlocal left
        opened.add(name)
        below: list[Jumps] = []
        for other, between in step(name).items():
            if left <= 0:
                return Jumps(name, tuple(rules), tuple(below), "more")
            left -= 1
            below.append(hang(other, between, path | {name}))
        return Jumps(name, tuple(rules), tuple(below))

    return hang(chain, (), frozenset())
