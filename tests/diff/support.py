"""Two dumps as text, compared."""

from __future__ import annotations

from textwrap import dedent

from kptui.diff.compare import Difference, compare
from kptui.loading import without_counters
from kptui.report.diff.text import all_lines, texts
from tests.support import SAMPLES, ruleset_of


def text_of(name: str) -> str:
    """A sample's text."""
    return (SAMPLES / f"{name}.txt").read_text()


def difference(before: str, after: str) -> Difference:
    """Compare two (indented) dumps."""
    old, new = (ruleset_of(without_counters(dedent(text))) for text in (before, after))
    return compare(old, new)


def told(before: str, after: str) -> list[str]:
    """The differences as lines: sign, head, text."""
    found = []
    for line in all_lines(difference(before, after)):
        first, now = texts(line)
        found.append(" ".join(filter(None, (line.sign, line.head, first, f"now: {now}" if now else ""))))
    return found


def filter_table(*rules: str, policy: str = "ACCEPT") -> str:
    """A filter table with these rules in FORWARD."""
    lines = "".join(f"-A FORWARD {rule}\n" for rule in rules)
    return f"*filter\n:FORWARD {policy} [0:0]\n:LOGGED - [0:0]\n{lines}-A LOGGED -j LOG\nCOMMIT\n"
