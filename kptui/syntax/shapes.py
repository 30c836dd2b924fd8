"""Rules by shape: Lark parses the first rule of each shape, the others only bind their values.

Two lines have the same shape when they differ only in values. A kube-proxy dump of 160,000 rules has about forty
shapes, so this is what makes the grammar fast enough; `Parser.dump` gives the same AST a thousand times slower.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lark import Token, UnexpectedInput

from kptui.syntax.ast import Match, Option, Rule, Target
from kptui.syntax.explain import refused
from kptui.syntax.grammar import Parser, unquoted
from kptui.syntax.tree import ExtensionParts, OptionParts, RuleParts, rule_parts
from kptui.syntax.vocabulary import Vocabulary

# What may differ between rules of one shape. Not so: what -m and -p name, and what -j names unless the line ends
# there, since those decide how the rest is read; and nothing that begins like an option or a negation.
_VALUE = re.compile(
    r"""((?<=[ ])(?<!-[mp][ ])(?:
        (?<!-[jg][ ])(?:"(?:[^"\\]|\\.)*"|[^\ \t"!-][^\ \t"]*)(?=[ ]|\Z)
        |[^\ \t"!-][^\ \t"]*\Z
    ))""",
    re.VERBOSE,
)
_COUNTERS = re.compile(r"\[(\d+):(\d+)\] ")

Value = int | str
"""In a template: a slot's index, or the constant text itself."""


@dataclass(frozen=True, slots=True)
class _OptionTemplate:
    name: str
    negated: bool
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class _ExtensionTemplate:
    name: Value
    options: tuple[_OptionTemplate, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class _Template:
    chain: Value
    generic: tuple[_OptionTemplate, ...]
    matches: tuple[_ExtensionTemplate, ...]
    target: _ExtensionTemplate | None
    counters: tuple[Value, ...]


class RuleReader:
    """Turns rule lines into AST rules, remembering a template per shape."""

    def __init__(self, parser: Callable[[], Parser], vocabulary: Vocabulary) -> None:
        """The parser is asked for when the first line of a new shape comes."""
        self._parser = parser
        self._vocabulary = vocabulary
        self._templates: dict[tuple[str, ...], _Template | None] = {}

    def read(self, text: str, line: int, number: int, chain: str) -> Rule:
        """The rule of one line; an opaque rule with its error if the grammar refuses the line."""
        counters = _COUNTERS.match(text) if text.startswith("[") else None
        body = text[counters.end() :] if counters else text
        pieces = _VALUE.split(body)
        shape = tuple(pieces[::2])
        try:
            template = self._templates[shape]
        except KeyError:
            try:
                template = self._templates[shape] = self._learn(body)
            except UnexpectedInput as error:
                return Rule(chain, number, line, text, error=refused(error, line, text, len(text) - len(body)))
        if template is None:
            parts = self._parts(body)
            return _bind(_template(parts, {}), [], line, number, chain, text, counters)
        return _bind(template, pieces[1::2], line, number, chain, text, counters)

    def read_plainly(self, text: str, line: int, number: int, chain: str) -> Rule:
        """The same rule without any shape, for comparison; raises lark.UnexpectedInput."""
        counters = _COUNTERS.match(text)
        body = text[counters.end() :] if counters else text
        return _bind(_template(self._parts(body), {}), [], line, number, chain, text, counters)

    @property
    def shapes(self) -> int:
        """How many shapes have been met."""
        return len(self._templates)

    def _parts(self, body: str) -> RuleParts:
        return rule_parts(self._parser().rule(body), self._vocabulary)

    def _learn(self, body: str) -> _Template | None:
        """The template of a new shape, or None if this line's shape doesn't fix how such lines are read."""
        parts = self._parts(body)
        slots = {found.start(): index for index, found in enumerate(_VALUE.finditer(body))}
        naming = [match.name for match in parts.matches]
        naming += [value for option in parts.generic if option.name == "protocol" for value in option.values]
        if parts.target and parts.target.options:
            naming.append(parts.target.name)
        return None if any(name.start_pos in slots for name in naming) else _template(parts, slots)


def _template(parts: RuleParts, slots: dict[int, int]) -> _Template:
    def value(token: Token) -> Value:
        slot = slots.get(token.start_pos) if token.start_pos is not None else None
        return unquoted(token) if slot is None else slot

    def option(given: OptionParts) -> _OptionTemplate:
        return _OptionTemplate(given.name, given.negated, tuple(map(value, given.values)))

    def extension(given: ExtensionParts) -> _ExtensionTemplate:
        return _ExtensionTemplate(value(given.name), tuple(map(option, given.options)), given.kind)

    return _Template(
        value(parts.chain),
        tuple(map(option, parts.generic)),
        tuple(map(extension, parts.matches)),
        extension(parts.target) if parts.target else None,
        tuple(map(value, parts.counters)),
    )


def _bind(
    template: _Template,
    raw: list[str],
    line: int,
    number: int,
    chain: str,
    text: str,
    counters: re.Match[str] | None,
) -> Rule:
    values = [unquoted(value) if value[0] == '"' else value for value in raw]

    def options(given: tuple[_OptionTemplate, ...]) -> tuple[Option, ...]:
        return tuple([Option(o.name, tuple([_fill(v, values) for v in o.values]), o.negated) for o in given])

    target = template.target
    packets, count = counters.groups() if counters else [_fill(v, values) for v in template.counters] or (None, None)
    return Rule(
        chain,
        number,
        line,
        text,
        options(template.generic),
        tuple([Match(_fill(m.name, values), options(m.options), m.kind == "PROTOCOL") for m in template.matches]),
        Target(_fill(target.name, values), options(target.options), target.kind == "GOTO") if target else None,
        int(packets) if packets and packets.isdecimal() else None,
        int(count) if count and count.isdecimal() else None,
    )


def _fill(value: Value, values: list[str]) -> str:
    return value if isinstance(value, str) else values[value]
