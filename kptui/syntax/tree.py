"""From Lark's tree of one rule line to the AST's parts; which option belongs to which extension is settled here."""

from __future__ import annotations

from dataclasses import dataclass, field

from lark import Token, Tree

from kptui.syntax.grammar import Loaded
from kptui.syntax.vocabulary import Vocabulary

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
    """An option whose values are still tokens of the line."""

    name: str
    values: list[Token]
    negated: bool


@dataclass(slots=True)
class ExtensionParts:
    """A match (`kind` MATCH), an implicit protocol match (PROTOCOL) or a target (JUMP, GOTO)."""

    kind: str
    name: Token
    options: list[OptionParts] = field(default_factory=list)


@dataclass(slots=True)
class RuleParts:
    """A rule line taken apart, values still being tokens with their place in the line."""

    chain: Token
    counters: tuple[Token, ...] = ()
    generic: list[OptionParts] = field(default_factory=list)
    matches: list[ExtensionParts] = field(default_factory=list)
    target: ExtensionParts | None = None


def rule_parts(tree: Tree[Token], vocabulary: Vocabulary) -> RuleParts:
    """Group the flat list of options under the extensions that own them, as iptables does while it reads a line."""
    counters, _append, chain, *parts = tree.children
    rule = RuleParts(_token(chain), (_token(counters),) if counters is not None else ())
    loaded = Loaded(vocabulary)
    order: list[ExtensionParts] = []
    for part in parts:
        assert isinstance(part, Tree)
        kind = str(part.data)
        if kind in GENERIC:
            _generic(rule, loaded, kind, part)
        elif kind == "set_counters":
            rule.counters = (_token(part.children[1]), _token(part.children[2]))
        elif kind == "option":
            _option(rule, loaded, order, part)
        else:
            _extension(rule, loaded, order, kind.upper(), _token(part.children[1]))
    return rule


def _token(child: object) -> Token:
    assert isinstance(child, Token)
    return child


def _generic(rule: RuleParts, loaded: Loaded, kind: str, part: Tree[Token]) -> None:
    values = [_token(c) for c in part.children if c is not None and _token(c).type in ("WORD", "STRING")]
    rule.generic.append(OptionParts(GENERIC[kind], values, _negated(part)))
    if kind == "protocol":
        loaded.load("PROTOCOL", values[0])


def _extension(rule: RuleParts, loaded: Loaded, order: list[ExtensionParts], kind: str, name: Token) -> None:
    found = ExtensionParts(kind, name)
    loaded.load(kind, name)
    order.append(found)
    if kind == "MATCH":
        rule.matches.append(found)
    else:
        rule.target = found


def _option(rule: RuleParts, loaded: Loaded, order: list[ExtensionParts], part: Tree[Token]) -> None:
    tokens = [_token(child) for child in part.children if child is not None]
    flag = next(token for token in tokens if token.type == "OPTION")
    values = [token for token in tokens if token.type in ("WORD", "STRING")]
    option = OptionParts(flag.lstrip("-"), values, _negated(part))
    owner = loaded.owner(option.name)
    if owner is None:
        owner = len(order) - 1
    if owner >= 0:
        order[owner].options.append(option)
    else:
        _implicit(rule).options.append(option)


def _implicit(rule: RuleParts) -> ExtensionParts:
    """The match that `-p` loads by itself when one of its options is used without a -m."""
    for match in rule.matches:
        if match.kind == "PROTOCOL":
            return match
    protocol = next((option.values[0] for option in rule.generic if option.name == "protocol"), Token("WORD", ""))
    match = ExtensionParts("PROTOCOL", protocol)
    rule.matches.append(match)
    return match


def _negated(part: Tree[Token]) -> bool:
    return any(isinstance(child, Token) and child.type == "NOT" for child in part.children)
