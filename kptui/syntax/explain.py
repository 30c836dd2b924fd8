"""Why the grammar refused a line, in the words of the field."""

from __future__ import annotations

from lark import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from kptui.syntax.diagnostics import Diagnostic

_NAMES = {
    "WORD": "a value",
    "STRING": "a quoted value",
    "OPTION": "an option",
    "NOT": "!",
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
    return Diagnostic(line, column, "error", f"{found}, expected {_expected(error)}", text, _hint(text, column))


def _word(text: str, column: int) -> str:
    word = text[column - 1 :].split(maxsplit=1)
    shown = word[0] if word else ""
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


def _hint(text: str, column: int) -> str:
    if text[:column].count('"') % 2 and text.count('"') % 2:
        return "a quote is opened and never closed"
    if '"' in text[column - 1 :].split(" ", 1)[0]:
        return "a quote may only stand around a whole value"
    return ""
