"""The one grammar, found wherever kptui is installed, and the LALR parser of it.

Building the tables takes longer than reading a small dump, so those for rule lines are kept beside the grammar. They
are a product of it and of Lark's version: where either has changed they are built anew (`make tables` writes them).
"""

from __future__ import annotations

import json
from hashlib import sha256
from os.path import dirname, isfile, join
from typing import Any

import lark
from lark import Lark
from lark.grammar import Rule
from lark.lark import PostLex
from lark.lexer import TerminalDef

NAME = "iptables_save.lark"
TABLES = "iptables_save.tables.json"
_PACKAGE = dirname(dirname(__file__))
_CHECKOUT = join(dirname(_PACKAGE), "grammar")
LINE = "rule"
"""The grammar's start for a rule line."""


def built(start: str, postlex: PostLex | None = None) -> Lark:
    """The parser of a start symbol, built from the grammar."""
    return Lark(
        _text(NAME),
        parser="lalr",
        lexer="contextual",
        start=start,
        maybe_placeholders=True,
        keep_all_tokens=False,
        postlex=postlex,
    )


def line_parser(postlex: PostLex) -> Lark:
    """The parser of rule lines, from the tables that are kept if they are of this grammar and this Lark."""
    try:
        kept = json.loads(_text(TABLES), object_hook=_numbered)
    except (FileNotFoundError, ValueError):
        return built(LINE, postlex)
    if kept.get("of") != _origin():
        return built(LINE, postlex)
    # As the parsers are loaded that `python -m lark.tools.standalone` writes.
    found: Lark = Lark._load_from_dict(kept["data"], kept["memo"], postlex=postlex)  # type: ignore[no-untyped-call]
    return found


def tables() -> str:
    """The tables for rule lines as they are kept."""
    data, memo = built(LINE).memo_serialize([TerminalDef, Rule])
    return json.dumps({"of": _origin(), "data": data, "memo": memo}, separators=(",", ":"), sort_keys=True) + "\n"


def _origin() -> list[str]:
    return [sha256(_text(NAME).encode()).hexdigest(), lark.__version__]


def _numbered(found: dict[str, Any]) -> dict[Any, Any]:
    """JSON's keys are texts; in the tables they are numbers of states, terminals and rules, besides names."""
    return {int(key) if key.isdecimal() else key: value for key, value in found.items()}


def _text(name: str) -> str:
    """A file of grammar/: packaged as kptui/grammar in a wheel, else at the top of a checkout or sdist."""
    # Not by importlib.resources, which takes longer to be imported than this file.
    packaged = join(_PACKAGE, "grammar", name)
    with open(packaged if isfile(packaged) else join(_CHECKOUT, name), encoding="utf-8") as file:
        return file.read()


if __name__ == "__main__":
    with open(join(_CHECKOUT, TABLES), "w", encoding="utf-8") as kept:
        kept.write(tables())
