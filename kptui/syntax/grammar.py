"""The one grammar, found wherever kptui is installed, and the Lark parser built from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from lark import Lark, Token, Tree
from lark.lark import PostLex

from kptui.syntax.vocabulary import Options, Vocabulary, arity

NAME = "iptables_save.lark"
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_GENERIC = {"SOURCE", "DESTINATION", "PROTOCOL", "IN", "OUT", "FRAGMENT", "SET_COUNTERS", "MATCH", "JUMP", "GOTO"}


def grammar_text() -> str:
    """The grammar's text: packaged as kptui/grammar in a wheel, else grammar/ at the top of a checkout or sdist."""
    packaged = resources.files("kptui") / "grammar" / NAME
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "grammar" / NAME).read_text(encoding="utf-8")


class Parser:
    """Parses lines (or, for comparison, whole dumps) with the grammar, given the extensions' declarations."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Build the LALR tables; takes some milliseconds."""
        self._lark = Lark(
            grammar_text(),
            parser="lalr",
            lexer="contextual",
            start=["rule", "chain", "dump"],
            maybe_placeholders=True,
            keep_all_tokens=False,
            postlex=_Values(vocabulary),
        )

    def rule(self, line: str) -> Tree[Token]:
        """The tree of one rule line; raises lark.UnexpectedInput."""
        return self._lark.parse(line, start="rule")

    def chain(self, line: str) -> Tree[Token]:
        """The tree of one chain declaration; raises lark.UnexpectedInput."""
        return self._lark.parse(line, start="chain")

    def dump(self, text: str) -> Tree[Token]:
        """The tree of a whole dump, a thousand times slower than by shapes; raises lark.UnexpectedInput."""
        return self._lark.parse(text, start="dump")


class _Values(PostLex):
    """Turns what looks like an option into a value where the option before it still wants one."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Yield each token at once: the contextual lexer looks at what the parser made of the one before."""
        loaded = Loaded(self._vocabulary)
        wanted = 0
        naming = ""
        for found in stream:
            like_an_option = found.type == "OPTION" or found.type in _GENERIC
            token = Token.new_borrow_pos("WORD", str(found), found) if wanted and like_an_option else found
            if token.type in ("WORD", "STRING"):
                wanted = max(0, wanted - 1)
                if naming:
                    loaded.load(naming, unquoted(token))
                    naming = ""
            elif token.type in ("MATCH", "JUMP", "GOTO", "PROTOCOL"):
                naming, wanted = token.type, 0
            elif token.type == "OPTION":
                wanted = loaded.arity(token.lstrip("-")) or 0
            elif token.type == "_NL":
                loaded, wanted, naming = Loaded(self._vocabulary), 0, ""
            elif token.type != "NOT":
                wanted = 0
            yield token


class Loaded:
    """The extensions a rule has loaded so far, in order; answers which of them an option belongs to."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Nothing is loaded yet."""
        self._vocabulary = vocabulary
        self._options: list[Options | None] = []
        self._protocol: Options | None = None

    def load(self, kind: str, name: str) -> None:
        """Load what `-m name`, `-j name` or `-p name` brings (kind is the grammar's terminal)."""
        if kind == "PROTOCOL":
            self._protocol = self._vocabulary.match_options(name.lower())
        elif kind == "MATCH":
            self._options.append(self._vocabulary.match_options(name))
        else:
            self._options.append(self._vocabulary.target_options(name))

    def owner(self, option: str) -> int | None:
        """Index of the last extension loaded that declares the option; -1 for the protocol's own; None for nobody's."""
        for index in range(len(self._options) - 1, -1, -1):
            if arity(self._options[index], option) is not None:
                return index
        return -1 if arity(self._protocol, option) is not None else None

    def arity(self, option: str) -> int | None:
        """How many values the option takes, None if nobody declares it."""
        owner = self.owner(option)
        if owner is None:
            return None
        return arity(self._protocol if owner == -1 else self._options[owner], option)


def unquoted(text: str) -> str:
    """A value without its quotes and escapes, as iptables-restore reads it (xshared.c, add_param_to_argv)."""
    if not text.startswith('"'):
        return str(text)
    body = text[1:-1]
    return _ESCAPE.sub(r"\1", body) if "\\" in body else body
