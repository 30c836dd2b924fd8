"""Rule lines parsed by the grammar, the lexer being told how many values each option takes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from lark import Token, Tree
from lark.lark import PostLex

from kptui.records import dataclass
from kptui.syntax.lalr import built, line_parser
from kptui.syntax.quoting import unquoted
from kptui.syntax.vocabulary import Options, Vocabulary, arity, full_name

_SHORT = {
    "s": "SOURCE", "d": "DESTINATION", "p": "PROTOCOL", "i": "IN", "o": "OUT", "m": "MATCH", "j": "JUMP", "g": "GOTO",
    "c": "SET_COUNTERS", "t": "IN_TABLE", "A": "APPEND", "I": "INSERT", "R": "REPLACE", "D": "DELETE",
}  # fmt: skip
_LONG = {
    "source": "SOURCE", "src": "SOURCE", "destination": "DESTINATION", "dst": "DESTINATION", "protocol": "PROTOCOL",
    "proto": "PROTOCOL", "in-interface": "IN", "out-interface": "OUT", "match": "MATCH", "jump": "JUMP",
    "goto": "GOTO", "set-counters": "SET_COUNTERS", "table": "IN_TABLE", "append": "APPEND", "insert": "INSERT",
    "replace": "REPLACE", "delete": "DELETE",
}  # fmt: skip
_COMMANDS = {"NEW_CHAIN", "SET_POLICY", "RENAME", "FLUSH", "DELETE_CHAIN", "ZERO"}
_GENERIC = {*_SHORT.values(), *_COMMANDS, "FRAGMENT", "FAMILY"}
VALUES = ("WORD", "STRING", "UNCLOSED")


class Parser:
    """Parses rule lines (or, for comparison, whole dumps) with the grammar, given the extensions' declarations."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Load the LALR tables for lines."""
        self._values = _Values(vocabulary)
        self._lines = line_parser(self._values)

    def rule(self, line: str) -> Tree[Token]:
        """The tree of one rule line; raises lark.UnexpectedInput."""
        return self._lines.parse(line)

    def dump(self, text: str) -> Tree[Token]:
        """The tree of a whole dump, a thousand times slower than by shapes; raises lark.UnexpectedInput."""
        return built("dump", self._values).parse(text)


@lru_cache(4)
def parser_for(vocabulary: Vocabulary) -> Parser:
    """The parser for those declarations, made once."""
    return Parser(vocabulary)


class _Values(PostLex):
    """Turns what looks like an option into a value where the option before it still wants one, and parts `--a=b`."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Yield each token at once: the contextual lexer looks at what the parser made of the one before."""
        state = _State(Loaded(self._vocabulary))
        for found in stream:
            if found.type == "NOT" and state.takes_values:
                yield Token.new_borrow_pos("OLD_NOT", str(found), found)
                continue
            like_an_option = found.type == "OPTION" or found.type in _GENERIC
            if state.wanted and like_an_option:
                tokens = [Token.new_borrow_pos("WORD", str(found), found)]
            else:
                tokens = _parted(found) if found.type == "OPTION" else [found]
            for token in tokens:
                self._met(state, token)
                yield token

    def _met(self, state: _State, token: Token) -> None:
        """What is to come after a token."""
        state.undeclared = False
        if token.type in VALUES:
            state.wanted = max(0, state.wanted - 1)
            if state.naming:
                state.loaded.load(state.naming, unquoted(token))
                state.naming = ""
        elif token.type in ("MATCH", "JUMP", "GOTO", "PROTOCOL"):
            state.naming, state.wanted = token.type, 0
        elif token.type == "OPTION":
            arity = state.loaded.arity(token.lstrip("-"))
            state.wanted, state.undeclared = arity or 0, arity is None
        elif token.type == "_NL":
            state.loaded, state.wanted, state.naming = Loaded(self._vocabulary), 0, ""
        elif token.type != "NOT":
            state.wanted = 0


@dataclass(slots=True)
class _State:
    """Where the lexer is: extensions loaded, values still wanted, what the next value names."""

    loaded: Loaded
    wanted: int = 0
    naming: str = ""
    undeclared: bool = False

    @property
    def takes_values(self) -> bool:
        """Whether the option before takes values, or nobody knows."""
        return self.wanted > 0 or self.undeclared


def _parted(token: Token) -> list[Token]:
    """`--dport=80` and `-ptcp` as two tokens, an option and its value; any other option as it is."""
    if token.startswith("--"):
        name, equals, _ = token.partition("=")
        if not equals:
            # A generic option at the very end of the line, which wants a value that isn't there.
            return [Token.new_borrow_pos(_LONG.get(name[2:], "OPTION"), str(token), token)]
        kind, width = _LONG.get(name[2:], "OPTION"), len(name) + 1
    elif len(token) == 2 and token[1] in _SHORT:
        return [Token.new_borrow_pos(_SHORT[token[1]], str(token), token)]
    elif token[1] in _SHORT:
        name, kind, width = token[:2], _SHORT[token[1]], 2
    else:
        return [token]
    value = Token("STRING" if token.endswith('"') else "WORD", token[width:], _moved(token, width))
    return [Token.new_borrow_pos(kind, name, token), value]


def _moved(token: Token, width: int) -> int | None:
    return None if token.start_pos is None else token.start_pos + width


class Loaded:
    """The extensions a rule has loaded so far, in order; answers which of them an option belongs to."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Nothing is loaded yet."""
        self._vocabulary = vocabulary
        self._count = 0
        # Each extension once, the last loaded at the end: a rule may name one a hundred thousand times.
        self._options: dict[str, tuple[int, Options]] = {}
        self._protocol: Options | None = None

    def load(self, kind: str, name: str) -> None:
        """Load what `-m name`, `-j name` or `-p name` brings (kind is the grammar's terminal)."""
        if kind == "PROTOCOL":
            self._protocol = self._vocabulary.match_options(self._vocabulary.protocol_match(name))
            return
        match = kind == "MATCH"
        options = self._vocabulary.match_options(name) if match else self._vocabulary.target_options(name)
        if options is not None:
            key = name if match else f"-j {name}"
            self._options.pop(key, None)
            self._options[key] = self._count, options
        self._count += 1

    def owner(self, option: str) -> int | None:
        """Index of the last extension loaded that declares the option; -1 for the protocol's own; None for nobody's."""
        for index, options in reversed(self._options.values()):
            if full_name(options, option) is not None:
                return index
        return -1 if full_name(self._protocol, option) is not None else None

    def options(self, option: str) -> Options | None:
        """The declaration that the option is found in, None if nobody declares it."""
        for _, options in reversed(self._options.values()):
            if full_name(options, option) is not None:
                return options
        return self._protocol if full_name(self._protocol, option) is not None else None

    def arity(self, option: str) -> int | None:
        """How many values the option takes, None if nobody declares it."""
        return arity(self.options(option), option)
