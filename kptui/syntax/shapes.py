"""Rules by shape: Lark parses the first rule of each shape, the others only bind their values.

Two lines have the same shape when they differ only in values. A kube-proxy dump of 160,000 rules has about forty
shapes, so this is what makes the grammar fast enough; `Parser.dump` gives the same AST a thousand times slower.
A line whose values don't stand where the shape's do, or that iptables would refuse, goes through Lark by itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container

from lark import UnexpectedInput

from kptui.syntax.ast import Family, Rule
from kptui.syntax.check import Findings, Problem, given, inspect, wrong_value
from kptui.syntax.diagnostics import Diagnostic, Severity
from kptui.syntax.explain import refused
from kptui.syntax.grammar import Parser, unquoted
from kptui.syntax.hints import cause, value_hint
from kptui.syntax.templates import Template, template
from kptui.syntax.tree import RuleParts, rule_parts
from kptui.syntax.vocabulary import Kind, Vocabulary

# What may differ between rules of one shape. Not so: what -m and -p name, and what -j names unless the line ends
# there, since those decide how the rest is read; and nothing that begins like an option or a negation.
_VALUE = re.compile(
    r"""((?<=[ ])(?<!-[mp][ ])(?:
        (?<!-[jg][ ])(?:"[^"\\]*(?:\\.[^"\\]*)*"|[^\ \t"!-][^\ \t"]*)(?=[ ]|\Z)
        |[^\ \t"!-][^\ \t"]*\Z
    ))""",
    re.VERBOSE,
)
_COUNTERS = re.compile(r"\[(\d+):(\d+)\][ \t]+")
# What pasting puts before a line: quoting, grep's line numbers, and the program's name in scripts.
LEAD = re.compile(
    r"(?:>[ \t]*)*(?:(?:[\w./-]+:)?\d+[:-](?=[-:*#\[]))?"
    r"(?:(?:sudo[ \t]+)?(?:/[\w/.-]*/)?(ip6?tables)(?:-nft|-legacy)?[ \t]+(?=-))?"
)
_APPEND = ("-A", "--append")
_VERDICTS = frozenset({"ACCEPT", "DROP", "RETURN"})


class RuleReader:
    """Turns rule lines of one table into AST rules, remembering a template per shape."""

    def __init__(
        self,
        parser: Callable[[], Parser],
        vocabulary: Vocabulary,
        family: Family = 4,
        table: str = "",
        chains: Container[str] | None = None,
    ) -> None:
        """The parser is asked for when the first line of a new shape comes.

        `chains` are the table's user-defined chains where they are all known, so that a jump elsewhere is noticed.
        """
        self._parser = parser
        self._vocabulary = vocabulary
        self._family = family
        self._table = table
        self._chains = chains
        self._own_rules = frozenset(vocabulary.target_names()) - _VERDICTS
        self._templates: dict[tuple[str, ...], Template | None] = {}
        self._fitting: defaultdict[Kind, set[str]] = defaultdict(set)

    def read(self, text: str, line: int, number: int, chain: str) -> Rule:
        """The rule of one line; with its error if iptables would refuse it, opaque if the grammar does."""
        start = _begin(text)
        body = text[start:] if start else text
        pieces = _VALUE.split(body)
        found = self._template(tuple(pieces[::2]), body)
        if found is not None:
            values = [unquoted(value) if value[0] == '"' else value for value in pieces[1::2]]
            if found.target_slot is not None:
                found = self._of_target(found, values[found.target_slot], pieces, body)
            if found is not None and self._fits(found, values, chain):
                return found.rule(values, line, number, chain, text)
        return self.read_plainly(text, line, number, chain)

    def _of_target(self, found: Template, name: str, pieces: list[str], body: str) -> Template | None:
        """The template for what -j names, where that isn't part of the shape; None where something is wrong with it."""
        if name in self._own_rules:
            return self._template((*pieces[::2], name), body, name)
        if name in _VERDICTS:
            return None if found.goto else found
        return found if self._chains is None or name in self._chains else None

    def _template(self, shape: tuple[str, ...], body: str, target: str = "") -> Template | None:
        try:
            return self._templates[shape]
        except KeyError:
            learnt = self._templates[shape] = self._learn(body, target)
            return learnt

    def read_plainly(self, text: str, line: int, number: int, chain: str) -> Rule:
        """The same rule without any shape: what Lark's tree of the line says."""
        start = _begin(text)
        body = text[start:]
        try:
            parts = self._parts(body)
        except UnexpectedInput as error:
            return Rule(chain, number, line, text, error=refused(error, line, text, start))
        problem = self._diagnose(parts, body, start, text, line, chain)
        return template(parts, {}).rule((), line, number, chain, text, problem)

    @property
    def shapes(self) -> int:
        """How many shapes have been met."""
        return len(self._templates)

    def _parts(self, body: str) -> RuleParts:
        return rule_parts(self._parser().rule(body), self._vocabulary)

    def _fits(self, found: Template, values: list[str], chain: str) -> bool:
        """Whether a rule of a sound shape has sound values; reading it plainly finds what exactly is wrong."""
        for slot, kind in found.tests:
            fitting = self._fitting[kind]
            if values[slot] not in fitting:
                if not kind.fits(values[slot], self._family):
                    return False
                fitting.add(values[slot])
        if chain in found.never_in:
            return False
        return not any(check([make(values) for make in options]) for check, options in found.checks)

    def _learn(self, body: str, target: str) -> Template | None:
        """The template of a new shape, or None if lines of this shape have to be read one by one.

        What -j names is part of the shape only where it is a target with rules of its own.
        """
        try:
            parts = self._parts(body)
        except UnexpectedInput:
            return None
        slots = {value.start(): index for index, value in enumerate(_VALUE.finditer(body))}
        naming = [match.name for match in parts.matches]
        naming += [value for option in parts.generic if option.name == "protocol" for value in option.values]
        if parts.target and parts.target.name.start_pos in slots:
            if target:
                slots.pop(parts.target.name.start_pos)
            elif parts.target.options:
                naming.append(parts.target.name)
            else:
                parts.target.known = None
        found = inspect(parts, self._vocabulary, self._table)
        if found.problems or parts.edit not in _APPEND or parts.table is not None:
            return None
        if any(name.start_pos in slots for name in naming) or not _aligned(parts, body):
            return None
        constant = [asked for asked in found.values if asked.token.start_pos not in slots]
        if any(wrong_value(unquoted(asked.token), asked.kind, self._family) for asked in constant):
            return None
        return template(parts, slots, found)

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
        if target.kind == "GOTO" and target.known is not None:
            problems.append(Problem(target.name, f"-g wants a chain, {name} is a target"))
        elif target.known is None and not target.options and self._chains is not None and name not in self._chains:
            hint = "iptables-restore refuses the rule, unless run with --noflush where the chain exists already"
            problems.append(Problem(target.name, f"chain {name} is not declared in the table", hint, warning=True))
        return problems


def _begin(text: str) -> int:
    """Where the rule proper begins: after what pasting put before it, and after its counters."""
    if text.startswith("-"):
        return 0
    lead = LEAD.match(text)
    start = lead.end() if lead else 0
    counters = _COUNTERS.match(text, start)
    return counters.end() if counters else start


def _aligned(parts: RuleParts, body: str) -> bool:
    """Whether the values of a line are just the words that its shape leaves out."""
    slots = {found.span() for found in _VALUE.finditer(body)}
    tokens = [parts.chain, *parts.counters, *(value for option in parts.generic for value in option.values)]
    for extension in [*parts.matches, *([parts.target] if parts.target else [])]:
        tokens += [extension.name, *(value for option in extension.options for value in option.values)]
    return slots <= {(token.start_pos, token.start_pos + len(token)) for token in tokens if token.start_pos is not None}
