"""One rule line through the grammar by itself: its rule, what is wrong with it, and the template of its shape."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from lark import UnexpectedInput

from kptui.syntax.ast import Family, Match, Option, Rule, Target
from kptui.syntax.check import Findings, Problem, given, inspect, wrong_value
from kptui.syntax.diagnostics import Diagnostic, Severity
from kptui.syntax.explain import refused
from kptui.syntax.grammar import parser_for
from kptui.syntax.hints import cause, value_hint
from kptui.syntax.making import template
from kptui.syntax.quoting import unquoted
from kptui.syntax.shapes import VALUE
from kptui.syntax.templates import Template, UnfitError, bytes_, packets
from kptui.syntax.tree import ExtensionParts, OptionParts, RuleParts, rule_parts
from kptui.syntax.vocabulary import Vocabulary

_APPEND = ("-A", "--append")


class PlainReader:
    """Reads rule lines of one table with Lark."""

    def __init__(
        self, vocabulary: Vocabulary, family: Family, table: str, chains: Container[str] | None = None
    ) -> None:
        """`chains` are the table's user-defined chains where they are all known."""
        self._parser = parser_for(vocabulary)
        self._vocabulary = vocabulary
        self._family = family
        self._table = table
        self._chains = chains

    def rule(self, text: str, start: int, counters: tuple[str, str], line: int, number: int, chain: str) -> Rule:
        """The rule of a line that proper begins at `start`; opaque where the grammar refuses it."""
        body = text[start:]
        try:
            parts = self._parts(body)
        except UnexpectedInput as error:
            return Rule(chain, number, line, text, error=refused(error, line, text, start))
        problem = self._diagnose(parts, body, start, text, line, chain)
        given = counters if counters[0] else [unquoted(token) for token in parts.counters]
        return Rule(
            chain,
            number,
            line,
            text,
            _options(parts.generic),
            tuple([Match(unquoted(m.name), _options(m.options), m.kind == "PROTOCOL") for m in parts.matches]),
            _target(parts.target),
            packets(given),
            bytes_(given),
            None,
            problem,
        )

    def learn(self, body: str, words: Sequence[str], target: str) -> Template | None:
        """The template of a new shape, or None if lines of this shape have to be read one by one.

        What -j names is part of the shape (then it is `target`) only where it is a target with rules of its own.
        """
        try:
            parts = self._parts(body)
        except UnexpectedInput:
            return None
        slots = {value.start(): index for index, value in enumerate(VALUE.finditer(body))}
        if parts.target is not None and parts.target.name.start_pos in slots:
            if target:
                slots.pop(parts.target.name.start_pos)
            elif not parts.target.options:
                parts.target.known = None
        found = inspect(parts, self._vocabulary, self._table)
        if found.problems or parts.edit not in _APPEND or parts.table is not None:
            return None
        if _names_vary(parts, slots) or not _aligned(parts, body) or _no_chain(parts.target):
            return None
        fixed = [asked for asked in found.values if asked.token.start_pos not in slots]
        if any(wrong_value(unquoted(asked.token), asked.kind, self._family) for asked in fixed):
            return None
        try:
            return template(parts, slots, found, words, self._family)
        except UnfitError:
            return None

    def _parts(self, body: str) -> RuleParts:
        return rule_parts(self._parser.rule(body), self._vocabulary)

    def _diagnose(self, parts: RuleParts, body: str, start: int, text: str, line: int, chain: str) -> Diagnostic | None:
        """What is wrong with a rule that the grammar took: the first error in it, else the first warning."""
        found = inspect(parts, self._vocabulary, self._table)
        problems = [*found.problems, *self._values(found, text), *self._place(parts, chain, found)]

        def place(problem: Problem) -> int:
            at = problem.token.start_pos if problem.token is not None else None
            return len(body) if at is None else at

        first = min(problems, key=lambda each: (each.warning, place(each)), default=None)
        if first is None:
            return None
        severity: Severity = "warning" if first.warning else "error"
        return Diagnostic(line, start + place(first) + 1, severity, first.message, text, first.hint or cause(text))

    def _values(self, found: Findings, text: str) -> list[Problem]:
        problems = []
        for asked in found.values:
            value = unquoted(asked.token)
            words = wrong_value(value, asked.kind, self._family)
            if words is not None:
                problems.append(Problem(asked.token, words, value_hint(value, text)))
        if problems or any(not problem.warning for problem in found.problems):
            return problems
        for check, extension in found.checks:
            words = check(given(extension.options))
            if words is not None:
                first = next((option.flag for option in extension.options), extension.name)
                problems.append(Problem(first, words))
        return problems

    def _place(self, parts: RuleParts, chain: str, found: Findings) -> list[Problem]:
        """What is wrong with the chain the rule stands in, or with the one it leads to."""
        problems = [problem for chains, problem in found.hooks if chain in chains]
        target = parts.target
        if target is None:
            return problems
        name = unquoted(target.name)
        if _no_chain(target):
            problems.append(Problem(target.name, f"-g wants a chain, {name} is a target"))
        elif target.known is None and not target.options and self._chains is not None and name not in self._chains:
            hint = "iptables-restore refuses the rule, unless run with --noflush where the chain exists already"
            problems.append(Problem(target.name, f"chain {name} is not declared in the table", hint, warning=True))
        return problems


def _options(parts: Iterable[OptionParts]) -> tuple[Option, ...]:
    return tuple([Option(part.name, tuple(map(unquoted, part.values)), part.negated) for part in parts])


def _target(part: ExtensionParts | None) -> Target | None:
    return None if part is None else Target(unquoted(part.name), _options(part.options), part.kind == "GOTO")


def _no_chain(target: ExtensionParts | None) -> bool:
    """Whether a -g names a target, where it can only lead to a chain."""
    return target is not None and target.kind == "GOTO" and target.known is not None


def _names_vary(parts: RuleParts, slots: Mapping[int, int]) -> bool:
    """Whether a value of the shape decides how the rest of the line is read."""
    naming = [match.name for match in parts.matches]
    naming += [value for option in parts.generic if option.name == "protocol" for value in option.values]
    if parts.target is not None and parts.target.options:
        naming.append(parts.target.name)
    return any(name.start_pos in slots for name in naming)


def _aligned(parts: RuleParts, body: str) -> bool:
    """Whether the values of a line are just the words that its shape leaves out."""
    slots = {found.span() for found in VALUE.finditer(body)}
    tokens = [parts.chain, *parts.counters, *(value for option in parts.generic for value in option.values)]
    for extension in [*parts.matches, *([parts.target] if parts.target else [])]:
        tokens += [extension.name, *(value for option in extension.options for value in option.values)]
    return slots <= {(token.start_pos, token.start_pos + len(token)) for token in tokens if token.start_pos is not None}
