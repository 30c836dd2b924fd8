"""From Lark's tree of one rule line to the AST's parts; which option belongs to which extension is settled here."""

from __future__ import annotations

from lark import Token, Tree

from kptui.records import dataclass, field
from kptui.syntax.grammar import VALUES, Loaded
from kptui.syntax.quoting import unquoted
from kptui.syntax.vocabulary import Options, Vocabulary, canonical

GENERIC = {
    "source": "source",
    "destination": "destination",
    "protocol": "protocol",
    "in_interface": "in",
    "out_interface": "out",
    "fragment": "fragment",
}


@dataclass(slots=True)
class OptionParts:
    """An option whose values are still tokens of the line; `flag` is the option's own token."""

    name: str
    values: list[Token]
    negated: bool
    flag: Token
    old: Token | None = None
    """The `!` that stands behind the option, as iptables up to 1.4 took it."""


@dataclass(slots=True)
class ExtensionParts:
    """A match (`kind` MATCH), an implicit protocol match (PROTOCOL) or a target (JUMP, GOTO).

    `known` is its declaration, None if nobody declared it.
    """

    kind: str
    name: Token
    known: Options | None = None
    options: list[OptionParts] = field(default_factory=list)


@dataclass(slots=True)
class RuleParts:
    """A rule line taken apart, values still being tokens with their place in the line."""

    chain: Token
    edit: Token
    place: Token | None = None
    """The number after -I, -R or -D."""
    counters: tuple[Token, ...] = ()
    generic: list[OptionParts] = field(default_factory=list)
    matches: list[ExtensionParts] = field(default_factory=list)
    target: ExtensionParts | None = None
    targets: int = 0
    table: Token | None = None
    homeless: list[OptionParts] = field(default_factory=list)
    """Options that no extension in the rule declares, nor could (they are kept with the last extension, if any)."""


def rule_parts(tree: Tree[Token], vocabulary: Vocabulary) -> RuleParts:
    """Group the flat list of options under the extensions that own them, as iptables does while it reads a line."""
    counters, *parts = tree.children
    edit = next(part for part in parts if isinstance(part, Tree) and part.data == "edit")
    command, chain, place = edit.children
    rule = RuleParts(_token(chain), _token(command), _token(place) if place is not None else None)
    rule.counters = (_token(counters),) if counters is not None else ()
    loaded = Loaded(vocabulary)
    order: list[ExtensionParts] = []
    for part in parts:
        assert isinstance(part, Tree)
        kind = str(part.data)
        if kind in GENERIC:
            _generic(rule, loaded, kind, part)
        elif kind == "set_counters":
            rule.counters = tuple(_values(part))
        elif kind == "option":
            _option(rule, loaded, order, part, vocabulary)
        elif kind in ("match", "jump", "goto"):
            _extension(rule, loaded, order, kind.upper(), _token(part.children[1]), vocabulary)
        elif kind == "in_table":
            rule.table = _token(part.children[1])
    return rule


def _token(child: object) -> Token:
    assert isinstance(child, Token)
    return child


def _values(part: Tree[Token]) -> list[Token]:
    return [_token(c) for c in part.children if c is not None and _token(c).type in VALUES]


def _option_parts(part: Tree[Token], name: str) -> OptionParts:
    tokens = [_token(child) for child in part.children if child is not None]
    at = next(index for index, token in enumerate(tokens) if token.type not in _NEGATIONS)
    old = next((token for token in tokens[at:] if token.type in _NEGATIONS), None)
    return OptionParts(name, _values(part), any(token.type in _NEGATIONS for token in tokens), tokens[at], old)


_NEGATIONS = ("NOT", "OLD_NOT")


def _generic(rule: RuleParts, loaded: Loaded, kind: str, part: Tree[Token]) -> None:
    option = _option_parts(part, GENERIC[kind])
    rule.generic.append(option)
    if kind == "protocol":
        loaded.load("PROTOCOL", unquoted(option.values[0]))


def _extension(
    rule: RuleParts, loaded: Loaded, order: list[ExtensionParts], kind: str, name: Token, vocabulary: Vocabulary
) -> None:
    plain = unquoted(name)
    match = kind == "MATCH"
    found = ExtensionParts(kind, name, vocabulary.match_options(plain) if match else vocabulary.target_options(plain))
    loaded.load(kind, plain)
    order.append(found)
    if match:
        rule.matches.append(found)
    else:
        rule.target = found
        rule.targets += 1


def _option(
    rule: RuleParts, loaded: Loaded, order: list[ExtensionParts], part: Tree[Token], vocabulary: Vocabulary
) -> None:
    option = _option_parts(part, "")
    given = option.flag.lstrip("-")
    option.name = canonical(loaded.options(given), given)
    owner = loaded.owner(given)
    if owner is None:
        rule.homeless.append(option)
        owner = len(order) - 1
    if owner >= 0:
        order[owner].options.append(option)
    else:
        _implicit(rule, vocabulary).options.append(option)


def _implicit(rule: RuleParts, vocabulary: Vocabulary) -> ExtensionParts:
    """The match that `-p` loads by itself when one of its options is used without a -m."""
    for match in rule.matches:
        if match.kind == "PROTOCOL":
            return match
    given = next((option.values[0] for option in rule.generic if option.name == "protocol"), None)
    name = vocabulary.protocol_match(unquoted(given)) if given is not None else ""
    match = ExtensionParts("PROTOCOL", Token("WORD", name), vocabulary.match_options(name))
    rule.matches.append(match)
    return match
