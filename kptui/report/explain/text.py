"""Explanations for people: headings on the left, sentences beside them, broken where the terminal ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from kptui.report.explain.model import Explanation, Section
from kptui.report.trace_text import Paint, plain
from kptui.text import visible

WIDTH = 80
INDENT = 11


def explanations_text(found: Sequence[Explanation], width: int = WIDTH, paint: Paint = plain) -> str:
    """One after the other, an empty line between them."""
    return "\n\n".join("\n".join(_lines(each, max(40, width), paint)) for each in found)


def _lines(explained: Explanation, width: int, paint: Paint) -> Iterator[str]:
    yield paint(visible(explained.title), "strong")
    if explained.text:
        yield from (paint(f"  {line}", "dim") for line in _wrapped(explained.text, width - 2))
    for section in explained.sections:
        yield from _section(section, width, paint)


def _section(section: Section, width: int, paint: Paint) -> Iterator[str]:
    head = section.title
    for sentence in section.sentences:
        for number, line in enumerate(_wrapped(sentence, width - INDENT, "  ")):
            title = paint(head.ljust(INDENT), "strong") if head and number == 0 else " " * INDENT
            yield title + line
            head = ""


def _wrapped(text: str, width: int, hang: str = "") -> list[str]:
    """Lines of a text, those below the first indented by `hang`; only a word that fits on no line is broken."""
    return wrap(visible(text), width, subsequent_indent=hang, break_on_hyphens=False) or [""]
