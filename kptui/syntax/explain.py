"""Why the grammar refused a line, in the words of the field."""

from __future__ import annotations

import re

from lark import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from kptui.syntax.diagnostics import Diagnostic
from kptui.syntax.hints import line_hint

_NAMES = {
    "WORD": "a value",
    "STRING": "a value",
    "UNCLOSED": "a value",
    "OPTION": "an option",
    "NOT": "!",
    "OLD_NOT": "!",
    "SOURCE": "-s",
    "DESTINATION": "-d",
    "PROTOCOL": "-p",
    "IN": "-i",
    "OUT": "-o",
    "FRAGMENT": "-f",
    "MATCH": "-m",
    "JUMP": "-j",
    "GOTO": "-g",
    "APPEND": "-A",
    "COUNTERS": "[packets:bytes]",
    "$END": "the end of the line",
    "_NL": "the end of the line",
    "POLICY": "a policy or -",
}


def refused(error: UnexpectedInput, line: int, text: str, offset: int = 0) -> Diagnostic:
    """The diagnostic of a line that Lark could not parse; `offset` is what was cut off before Lark saw it."""
    position = getattr(error, "pos_in_stream", None)
    at_end = isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END")
    column = len(text) + 1 if at_end or position is None else offset + position + 1
    found = "the line ends" if at_end else f"found {_word(text, column)}"
    return Diagnostic(line, column, "error", f"{found}, expected {_expected(error)}", text, line_hint(text, column))


def _word(text: str, column: int) -> str:
    shown = re.split(r"[ \t]", text[column - 1 : column + 63], maxsplit=1)[0]
    return f"“{shown[:40]}{'…' if len(shown) > 40 else ''}”"


def _expected(error: UnexpectedInput) -> str:
    if isinstance(error, UnexpectedCharacters):
        names = error.allowed or set()
    elif isinstance(error, UnexpectedToken):
        names = error.accepts or error.expected
    else:
        names = getattr(error, "expected", None) or set()
    words = [word for name, word in _NAMES.items() if name in names]
    words = list(dict.fromkeys(words))
    if {"-s", "-d", "-p"} <= set(words):
        kept = [word for word in words if word in ("a value", "the end of the line")]
        words = [*kept, "an option (-s, -d, -m, -j, …)"]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words) or "something else"
