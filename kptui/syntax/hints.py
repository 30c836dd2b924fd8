"""What lies behind a line that can't be read, where the cause is known: one table, a pattern and a sentence a row."""

from __future__ import annotations

import re

from kptui.patterns import pattern

_CAUSES = (
    (r"# Warning: ip6?tables-legacy tables present",
     "a warning from stderr (2>&1) got into this line; run the command again with 2>/dev/null"),
    (r"\[unsupported revision\]",
     "iptables printed this because it is older than what wrote the rule; what the rule does is lost: use the "
     "iptables that wrote it"),
    (r"--to-(?:destination|source) +--|--to-(?:destination|source) :0 ",
     "iptables misprints NAT rules so when it is older than what wrote them; the real target is lost: use the "
     "iptables that wrote it"),
    (r"(?i)\b(?:XX:){2}|\b[x*]{1,3}\.[x*]{1,3}\.|\.[x*]{1,3}\.[x*]{1,3}\b|\.[x*]{1,3}/|\.[xX*]{1,3} ",
     "the address looks anonymised: put any address in its place"),
    (r"<[A-Za-z][\w .-]*>|\$\{?\w+\}?|\{\{",
     "this looks like a placeholder that was never filled in"),
)  # fmt: skip
_NAME = pattern(r"(?!\d+\Z)(?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9-]*\.?\Z")


def cause(text: str) -> str:
    """What is known to damage lines so, empty if nothing."""
    # Long lines are damaged in ways that need no sentence.
    return next((words for pattern, words in _CAUSES if re.search(pattern, text[:4096])), "")


def line_hint(text: str, column: int) -> str:
    """Why the grammar may have refused a line at that column."""
    known = cause(text)
    if known:
        return known
    if text[:column].count('"') % 2 and text.count('"') % 2:
        return "a quote is opened and never closed"
    if '"' in text[column - 1 :].split(" ", 1)[0]:
        return "a quote may only stand around a whole value"
    return ""


def value_hint(value: str, text: str) -> str:
    """Why a value may be none of its kind."""
    if _NAME.match(value[:256]):
        return "iptables looks names up when it loads a rule; the kernel has the address: put that here"
    return "“!” stands before the option" if value == "!" else cause(text)
