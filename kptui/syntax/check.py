"""What iptables would refuse in a rule that the grammar takes: values, combinations, where an extension may stand.

All that two rules of one shape share is looked at once (`inspect`); what is left for each rule are its values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lark import Token

from kptui.records import dataclass
from kptui.syntax.ast import Family
from kptui.syntax.quoting import unquoted
from kptui.syntax.tree import ExtensionParts, OptionParts, RuleParts
from kptui.syntax.vocabulary import Check, Declared, Given, Kind, OptionSyntax, Vocabulary, anything

_WITH_PORTS = frozenset({"tcp", "udp", "udplite", "sctp", "dccp"})
_HOOKS = frozenset({"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"})
_NOT_THERE = {"in": frozenset({"OUTPUT", "POSTROUTING"}), "out": frozenset({"PREROUTING", "INPUT"})}


# Names in /etc/protocols of Fedora and Red Hat that Debian's iptables-restore refuses.
_ELSEWHERE = {"ipv4": 4}
_COUNT = Kind("a number of packets or bytes", lambda text, family: text.isascii() and text.isdecimal())
_COUNTS = Kind("PACKETS,BYTES", lambda text, family: re.fullmatch("[0-9]+,[0-9]+", text) is not None)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, at which token (None: the end of the line); only a warning where the rule still works."""

    token: Token | None
    message: str
    hint: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A value to be tested: the token that it is, or the one it stands for in the other rules of its shape."""

    token: Token
    kind: Kind


@dataclass(frozen=True, slots=True)
class Findings:
    """Of a shape: what is wrong with all its rules, the values to test in each, the checks over several options."""

    problems: tuple[Problem, ...]
    values: tuple[Asked, ...]
    checks: tuple[tuple[Check, ExtensionParts], ...]
    hooks: tuple[tuple[frozenset[str], Problem], ...]
    """Chains that a rule of this shape may not stand in, with what to say then."""


def inspect(parts: RuleParts, vocabulary: Vocabulary, table: str) -> Findings:
    """Look at a rule's structure: its options, not their values."""
    protocol = _protocol(parts, vocabulary)
    extensions = [*parts.matches, *([parts.target] if parts.target else [])]
    problems = [*_generic(parts, vocabulary), *_unknown(parts, extensions)]
    values = [*_counters(parts), *_values(parts.generic, vocabulary.generic_options(), protocol)]
    checks = []
    for extension in extensions:
        if isinstance(extension.known, Declared):
            problems += _structure(extension, extension.known, protocol, table)
            values += _values(extension.options, extension.known, protocol)
            if extension.known.check is not None:
                checks.append((extension.known.check, extension))
    return Findings(tuple(problems), tuple(values), tuple(checks), tuple(_hooks(parts, extensions)))


def given(options: Sequence[OptionParts]) -> list[Given]:
    """Options as a check over several of them wants them."""
    return [Given(option.name, tuple(map(unquoted, option.values)), option.negated) for option in options]


def _protocol(parts: RuleParts, vocabulary: Vocabulary) -> str:
    """The match name of the rule's protocol, empty if it has none or a negated one."""
    found = next((option for option in parts.generic if option.name == "protocol"), None)
    return "" if found is None or found.negated else vocabulary.protocol_match(unquoted(found.values[0]))


def _generic(parts: RuleParts, vocabulary: Vocabulary) -> Iterator[Problem]:
    seen: set[str] = set()
    for option in parts.generic:
        if option.name in seen:
            yield Problem(option.flag, f"{option.flag} is given twice")
        seen.add(option.name)
        yield from _old(option)
        if option.negated and option.name == "protocol" and unquoted(option.values[0]).lower() in ("all", "0"):
            yield Problem(option.values[0], "no packet is of no protocol at all")
        if option.name == "protocol" and unquoted(option.values[0]).lower() in _ELSEWHERE:
            elsewhere = _ELSEWHERE[unquoted(option.values[0]).lower()]
            message = f"protocol {option.values[0]} has that name on some distributions only"
            yield Problem(option.values[0], message, f"“-p {elsewhere}” is understood on all", warning=True)
    if parts.targets > 1 and parts.target is not None:
        yield Problem(parts.target.name, "there is a target already")
    yield from (Problem(token, f"found “{_short(token)}”, expected an option") for token in _surplus(parts))
    for token in _tokens(parts):
        if token.type == "UNCLOSED":
            hint = "close it, or the rest of the line and the line's end are part of the value, as for iptables"
            yield Problem(token, "a quote is opened here and never closed", hint, warning=True)


def _surplus(parts: RuleParts) -> Iterator[Token]:
    """What can't stand where it stands: a place for -A, counters twice (those before the rule are cut off already)."""
    if parts.place is not None and parts.edit in ("-A", "--append"):
        yield parts.place
    if len(parts.counters) > 2:
        yield parts.counters[2]
    yield from (token for token in parts.counters if token.type == "COUNTERS")


def _tokens(parts: RuleParts) -> Iterator[Token]:
    """Every name and value of a rule."""
    yield parts.chain
    for option in parts.generic:
        yield from option.values
    for extension in [*parts.matches, *([parts.target] if parts.target else [])]:
        yield extension.name
        for option in extension.options:
            yield from option.values


def _counters(parts: RuleParts) -> Iterator[Asked]:
    """`-c PACKETS BYTES`, or `-c PACKETS,BYTES`; what stands before a rule in brackets is checked by the grammar."""
    if len(parts.counters) == 2:
        yield from (Asked(token, _COUNT) for token in parts.counters)
    elif parts.counters and parts.counters[0].type != "COUNTERS":
        yield Asked(parts.counters[0], _COUNTS)


def _old(option: OptionParts) -> Iterator[Problem]:
    if option.old is not None:
        hint = f"today's iptables wants “! {option.flag}”, and refuses this; it is read as its forerunners did"
        yield Problem(option.old, "! stands behind the option, as up to iptables 1.4", hint, warning=True)


def _unknown(parts: RuleParts, extensions: Sequence[ExtensionParts]) -> Iterator[Problem]:
    """Options that nobody declares are errors only where everything in the rule is known."""
    all_known = True
    for extension in extensions:
        chain = extension.kind in ("JUMP", "GOTO") and not extension.options
        if extension.known is None and not chain and extension.kind != "PROTOCOL":
            all_known = False
            what = "match" if extension.kind == "MATCH" else "target"
            where = extension.name if extension.name.start_pos is not None else None
            yield Problem(where, f"kptui does not know the {what} {_short(extension.name)}", warning=True)
    if all_known:
        for option in parts.homeless:
            yield Problem(option.flag, f"unknown option {_short(option.flag)}")


def _structure(extension: ExtensionParts, known: Declared, protocol: str, table: str) -> Iterator[Problem]:
    name = str(extension.name)
    where = extension.name if extension.name.start_pos is not None else None
    seen: set[str] = set()
    for option in extension.options:
        syntax = known.syntax.get(option.name)
        if syntax is None:
            continue
        yield from _option(option, syntax, option.name in seen)
        if option.name in known.also and known.also[option.name] not in {other.name for other in extension.options}:
            yield Problem(option.flag, f"{option.flag} needs --{known.also[option.name]} too")
        seen.add(option.name)
    for wanted in known.needed:
        if not wanted & seen:
            yield Problem(where, f"{name} needs {_either(wanted, known)}")
    for excluded in known.alone:
        if len(excluded & seen) > 1:
            second = next(o for o in reversed(extension.options) if o.name in excluded)
            yield Problem(second.flag, f"{_either(excluded & seen, known, ' and ')} can't be used together")
    if known.protocols and protocol not in known.protocols:
        yield Problem(where, f"{name} needs -p {' or '.join(sorted(known.protocols))}")
    if known.tables and table and table not in known.tables:
        yield Problem(where, f"{name} may be used in table {' or '.join(sorted(known.tables))} only, not in {table}")


def _option(option: OptionParts, syntax: OptionSyntax, again: bool) -> Iterator[Problem]:
    yield from _old(option)
    if again and not syntax.repeatable:
        yield Problem(option.flag, f"{option.flag} can be used once only")
    if option.negated and not syntax.negatable:
        yield Problem(option.flag, f"{option.flag} can't be negated")
    wanted = len(syntax.kinds)
    if len(option.values) < wanted and not syntax.optional:
        kind = syntax.kinds[len(option.values)]
        more = "another value" if option.values else "a value"
        yield Problem(option.flag, f"{option.flag} wants {more}: expected {kind.expected}")
    elif len(option.values) > wanted:
        extra = option.values[wanted]
        yield Problem(extra, f"found “{_short(extra)}”, expected an option or the end of the line")


def _either(names: frozenset[str], known: Declared, word: str = " or ") -> str:
    """The options in the order of the declaration."""
    return word.join(f"--{name}" for name in dict.fromkeys(o.name for o in known.syntax.values()) if name in names)


def _values(options: Sequence[OptionParts], known: Declared, protocol: str) -> Iterator[Asked]:
    for option in options:
        syntax = known.syntax.get(option.name)
        if syntax is None:
            continue
        for token, kind in zip(option.values, syntax.kinds, strict=False):
            wanted = kind.portless if kind.portless is not None and protocol not in _WITH_PORTS else kind
            wanted = kind.negated if kind.negated is not None and option.negated else wanted
            if wanted.fits is not anything:
                yield Asked(token, wanted)


def _hooks(parts: RuleParts, extensions: Sequence[ExtensionParts]) -> Iterator[tuple[frozenset[str], Problem]]:
    for option in parts.generic:
        if option.name in _NOT_THERE:
            yield _NOT_THERE[option.name], Problem(option.flag, f"{option.flag} is never set in this chain")
    for extension in extensions:
        if isinstance(extension.known, Declared) and extension.known.hooks:
            where = extension.name if extension.name.start_pos is not None else None
            words = " and ".join(sorted(extension.known.hooks))
            yield _HOOKS - extension.known.hooks, Problem(where, f"{extension.name} may be used in {words} only")


def wrong_value(text: str, kind: Kind, family: Family) -> str | None:
    """What to say of a value that is not of its kind, None if it is."""
    return None if kind.fits(text, family) else f"found “{_short(text)}”, expected {kind.expected}"


def _short(text: str) -> str:
    return f"{text[:40]}…" if len(text) > 40 else str(text)
