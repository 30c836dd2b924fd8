"""Templates of a shape: for each part of a rule a function that makes it from the shape's values.

What has no value of the shape in it is made once and shared by all its rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lark import Token

from kptui.syntax.ast import Match, Option, Rule, Target
from kptui.syntax.check import Findings
from kptui.syntax.diagnostics import Diagnostic
from kptui.syntax.grammar import unquoted
from kptui.syntax.tree import ExtensionParts, OptionParts, RuleParts
from kptui.syntax.vocabulary import Check, Kind

_COUNTED = re.compile(r"[^-\[]*\[(\d+):(\d+)\][ \t]+(?=-)")

Values = Sequence[str]
Value = int | str
"""A slot's index, or the constant text itself."""
Part = TypeVar("Part")
Make = Callable[[Values], Part]


@dataclass(frozen=True, slots=True)
class Template:
    """How to make a rule of a shape, and what to test in it first (see check.py)."""

    generic: tuple[Make[Option], ...]
    matches: tuple[Make[Match], ...]
    target: Make[Target] | None
    target_slot: int | None
    goto: bool
    counters: tuple[Value, ...]
    tests: tuple[tuple[int, Kind], ...] = ()
    checks: tuple[tuple[Check, tuple[Make[Option], ...]], ...] = ()
    never_in: frozenset[str] = frozenset()

    def rule(
        self, values: Values, line: int, number: int, chain: str, text: str, problem: Diagnostic | None = None
    ) -> Rule:
        """The rule with those values."""
        packets, count = (None, None) if text[0] == "-" and not self.counters else self._counts(values, text)
        return Rule(
            chain,
            number,
            line,
            text,
            tuple([make(values) for make in self.generic]),
            tuple([make(values) for make in self.matches]),
            self.target(values) if self.target is not None else None,
            packets,
            count,
            None,
            problem,
        )

    def _counts(self, values: Values, text: str) -> tuple[int | None, int | None]:
        """Packets and bytes: of -c, else from before the rule."""
        found = _COUNTED.match(text)
        texts = found.groups() if found else tuple(v if isinstance(v, str) else values[v] for v in self.counters)
        if len(texts) != 2 or not all(text.isdecimal() and len(text) < 4000 for text in texts):
            return None, None
        return int(texts[0]), int(texts[1])


def template(parts: RuleParts, slots: dict[int, int], found: Findings | None = None) -> Template:
    """The template of a parsed line whose values at `slots` (place in the line -> index) vary."""

    def value(token: Token) -> Value:
        slot = slots.get(token.start_pos) if token.start_pos is not None else None
        return unquoted(token) if slot is None else slot

    def option(part: OptionParts) -> Make[Option]:
        return _option(part.name, tuple(map(value, part.values)), part.negated)

    def constant(part: ExtensionParts) -> bool:
        tokens = [part.name, *(token for each in part.options for token in each.values)]
        return all(isinstance(value(token), str) for token in tokens)

    def match(part: ExtensionParts) -> Make[Match]:
        made = _match(unquoted(part.name), tuple(map(option, part.options)), part.kind == "PROTOCOL")
        return _always(made(())) if constant(part) else made

    def target(part: ExtensionParts) -> Make[Target]:
        made = _target(value(part.name), tuple(map(option, part.options)), part.kind == "GOTO")
        return _always(made(())) if constant(part) else made

    counters = parts.counters
    to = value(parts.target.name) if parts.target else None
    return Template(
        tuple(map(option, parts.generic)),
        tuple(map(match, parts.matches)),
        target(parts.target) if parts.target else None,
        to if isinstance(to, int) else None,
        parts.target is not None and parts.target.kind == "GOTO",
        tuple(re.findall(r"\d+", counters[0])) if len(counters) == 1 else tuple(map(value, counters)),
        _tests(found, slots) if found else (),
        tuple((check, tuple(map(option, part.options))) for check, part in found.checks) if found else (),
        frozenset().union(*(chains for chains, _ in found.hooks)) if found else frozenset(),
    )


def _tests(found: Findings, slots: dict[int, int]) -> tuple[tuple[int, Kind], ...]:
    return tuple((slots[asked.token.start_pos], asked.kind) for asked in found.values if asked.token.start_pos in slots)


def _always(part: Part) -> Make[Part]:
    return lambda given: part


def _option(name: str, values: tuple[Value, ...], negated: bool) -> Make[Option]:
    texts = tuple(value for value in values if isinstance(value, str))
    if len(texts) == len(values):
        return _always(Option(name, texts, negated))
    if len(values) == 1:
        [slot] = [value for value in values if isinstance(value, int)]
        return lambda given: Option(name, (given[slot],), negated)
    return lambda given: Option(
        name, tuple([value if isinstance(value, str) else given[value] for value in values]), negated
    )


def _match(name: str, options: tuple[Make[Option], ...], implicit: bool) -> Make[Match]:
    if len(options) == 1:
        [only] = options
        return lambda given: Match(name, (only(given),), implicit)
    return lambda given: Match(name, tuple([make(given) for make in options]), implicit)


def _target(name: Value, options: tuple[Make[Option], ...], goto: bool) -> Make[Target]:
    if isinstance(name, int):
        return lambda given: Target(given[name], (), goto)
    return lambda given: Target(name, tuple([make(given) for make in options]), goto)
