"""How a template is made of the first line of its shape, parsed.

The function that makes a rule of a shape's values is written as Python source and compiled, as the standard library
makes named tuples: a rule of a large dump then costs one call instead of one for each of its parts. Nothing of a dump
gets into that source: it holds names of constants and of values only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lark import Token

from kptui.patterns import pattern
from kptui.syntax.ast import Family, Match, Option, Rule, Target
from kptui.syntax.check import Findings
from kptui.syntax.quoting import unquoted
from kptui.syntax.templates import COUNTERS, VERDICTS, Make, Read, Template, UnfitError, Wrong, bytes_, packets
from kptui.syntax.tree import ExtensionParts, OptionParts, RuleParts
from kptui.syntax.vocabulary import Check, Kind

_WORD = r'[^ \t\r\n"!-][^ \t\r\n"]*'
_TOKEN = rf'"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"|{_WORD}'
_REMEMBERED = 1024
_TESTED = 65_536
_SLOT = pattern(r"given\[[0-9]+\](?!\[)")
_COUNTED = r"(?:\[([0-9]{1,20}):([0-9]{1,20})\] )?"


def template(
    parts: RuleParts, slots: Mapping[int, int], found: Findings, words: Sequence[str], family: Family
) -> Template:
    """The template of a parsed line whose values at `slots` (place in the line -> index) vary.

    `words` is the line taken apart: what all lines of its shape have in common, and values, in turn. Raises UnfitError
    if what doesn't vary is wrong.
    """
    places = {at: COUNTERS + index for at, index in slots.items()}
    checks = {id(part): check for check, part in found.checks}
    made = Template(_Source(places, checks).make(parts))
    made.checked = bool(found.checks)
    target = parts.target
    made.goto = target is not None and target.kind == "GOTO"
    made.target_slot = _place(target.name, places) if target is not None else None
    asked = [(_place(each.token, places), each.kind) for each in found.values]
    made.tests = tuple((place, kind) for place, kind in asked if place is not None)
    made.never_in = frozenset().union(*(chains for chains, _ in found.hooks))
    _write_pattern(made, words, frozenset(places.values()), family)
    made.write = lambda: _Source(places, checks, frozenset(made.quotable)).usual(parts, made, family)
    return made


def _place(token: Token, places: Mapping[int, int]) -> int | None:
    return places.get(token.start_pos) if token.start_pos is not None else None


def _write_pattern(made: Template, words: Sequence[str], slots: frozenset[int], family: Family) -> None:
    """Write the pattern of a template's usual lines."""
    usual: dict[int, str] = {}
    unusual: list[tuple[int, Kind, set[str]]] = []
    for slot, kind in made.tests:
        if family in kind.usual and slot not in usual:
            usual[slot] = kind.usual[family]
        else:
            unusual.append((slot, kind, set()))
    # The chain's name comes first.
    plain = {slot for slot, _ in made.tests} | {made.target_slot, COUNTERS}
    pattern = [_COUNTED]
    for index, word in enumerate(words):
        slot = COUNTERS + index // 2
        if index % 2 and slot in slots:
            pattern.append(f"({usual.get(slot) or (_WORD if slot in plain else _TOKEN)})")
        else:
            # The groups are counted, so that a value that doesn't vary is one too.
            pattern.append(f"({re.escape(word)})" if index % 2 else re.escape(word))
    made.pattern = "".join([*pattern, r"(?=\n|\Z)"])
    made.unusual = tuple(unusual)
    made.quotable = tuple(slot for slot in slots if '"' in usual.get(slot, "") or slot not in plain)


class _Source:
    """Writes the function that makes rules of one shape, as one expression.

    Values are `given[3]`, everything else is a name for a constant; what has no value in it is made at once.
    """

    def __init__(
        self, places: Mapping[int, int], checks: Mapping[int, Check], quotable: frozenset[int] = frozenset()
    ) -> None:
        """`quotable` are the values that are given with the quotes they may stand in."""
        self._places = places
        self._checks = checks
        self._quotable = quotable
        self._names: dict[str, Any] = {
            "new": tuple.__new__, "Rule": Rule, "Option": Option, "Match": Match, "Target": Target,
            "packets": packets, "bytes": bytes_, "checked": _checked, "remember": _remember, "unquoted": unquoted,
            "unusual": _unusual, "VERDICTS": VERDICTS,
        }  # fmt: skip

    def make(self, parts: RuleParts) -> Make:
        """The function for a line that was taken apart; raises UnfitError if what doesn't vary is wrong."""
        made: Make = self._value(f"lambda given, line, number, chain, text, problem=None: {self._rule(parts)}")
        return made

    def usual(self, parts: RuleParts, made: Template, family: Family) -> tuple[Read, Wrong]:
        """The functions for lines that the template's pattern matched: one call makes the rule of such a line."""
        wrong = " or ".join(self._wrong(made, family)) or "False"
        source = f"""
def read(found, line, number, chain, targets, problem=None):
    given = found.groups("")
    if {wrong}:
        return None
    text = found[0]
    return {self._rule(parts)}
"""
        exec(source, self._names)  # noqa: S102 - written here, of names and numbers
        return self._names["read"], self._value(f"lambda given, chain, targets: {wrong}")

    def _wrong(self, made: Template, family: Family) -> Iterator[str]:
        """What iptables would mind, a condition each."""
        for slot, kind, fit in made.unusual:
            value, known = self._given(slot), self._constant(fit)
            yield f"({value} not in {known} and unusual({self._constant(kind)}, {value}, {family}, {known}))"
        if made.target_slot is not None:
            name = f"given[{made.target_slot}]"
            yield f"({name} not in targets{'' if made.goto else f' and {name} not in VERDICTS'})"
        if made.never_in:
            yield f"chain in {self._constant(made.never_in)}"

    def _rule(self, parts: RuleParts) -> str:
        generic = self._all(map(self._option, parts.generic))
        matches = self._remembered(self._all(map(self._match, parts.matches)))
        target = self._target(parts.target) if parts.target is not None else "None"
        given = "given"
        if parts.counters:
            given = f"(given if given[0] else ({self._values(parts.counters)}))"
        counters = f"packets({given}) if {given}[0] else None, bytes({given}) if {given}[0] else None"
        return f"new(Rule, (chain, number, line, text, {generic}, {matches}, {target}, {counters}, None, problem))"

    def _value(self, source: str) -> Any:
        return eval(source, self._names)  # noqa: S307 - written here, of names and numbers

    def _constant(self, value: object) -> str:
        name = f"constant_{len(self._names)}"
        self._names[name] = value
        return name

    def _settled(self, source: str) -> str:
        """The same, or the constant that it comes to."""
        return source if _SLOT.search(source) else self._constant(self._value(source))

    def _all(self, sources: Iterable[str]) -> str:
        return self._settled("(" + "".join(f"{source}, " for source in sources) + ")")

    def _remembered(self, source: str) -> str:
        """The same, but where one value varies, what was made of one of its first is not made again."""
        slots = set(_SLOT.findall(source))
        if len(slots) != 1:
            return source
        [slot] = slots
        known = self._constant({})
        return f"({known}.get({slot}) or remember({known}, {slot}, {source}))"

    def _values(self, tokens: Iterable[Token]) -> str:
        """Values of a line, each followed by a comma."""
        return "".join(f"{self._text(token)}, " for token in tokens)

    def _text(self, token: Token) -> str:
        at = _place(token, self._places)
        return self._given(at) if at is not None else self._constant(unquoted(token))

    def _given(self, slot: int) -> str:
        value = f"given[{slot}]"
        return f"({value} if {value}[0] != '\"' else unquoted({value}))" if slot in self._quotable else value

    def _option(self, part: OptionParts) -> str:
        parts = f"{self._constant(part.name)}, ({self._values(part.values)}), {part.negated}"
        return self._settled(f"new(Option, ({parts}))")

    def _options(self, part: ExtensionParts) -> str:
        options = self._all(map(self._option, part.options))
        check = self._checks.get(id(part))
        return options if check is None else self._settled(f"checked({self._constant(check)}, {options})")

    def _match(self, part: ExtensionParts) -> str:
        parts = f"{self._constant(unquoted(part.name))}, {self._options(part)}, {part.kind == 'PROTOCOL'}"
        return self._settled(f"new(Match, ({parts}))")

    def _target(self, part: ExtensionParts) -> str:
        parts = f"{self._text(part.name)}, {self._options(part)}, {part.kind == 'GOTO'}"
        return self._settled(f"new(Target, ({parts}))")


def _checked(check: Check, options: tuple[Option, ...]) -> tuple[Option, ...]:
    if check(options):
        raise UnfitError
    return options


def _unusual(kind: Kind, value: str, family: Family, fit: set[str]) -> bool:
    """Whether a value is none of its kind; it is added to those that fit, if it does."""
    if not kind.fits(value, family):
        return True
    if len(fit) < _TESTED:
        fit.add(value)
    return False


def _remember(known: dict[str, tuple[Match, ...]], value: str, made: tuple[Match, ...]) -> tuple[Match, ...]:
    if len(known) < _REMEMBERED:
        known[value] = made
    return made
