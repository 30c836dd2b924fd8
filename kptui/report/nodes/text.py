"""What differs between nodes, for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

from kptui.nodes.compare import Comparison, ServiceSplit, Split
from kptui.report.nodes.words import (
    Label,
    field_words,
    listed,
    notes,
    of_all,
    service_notes,
    summary,
    title,
    value_words,
)
from kptui.report.paint import Paint, plain
from kptui.text import visible

_SEVERITIES = {"error": "bad", "warning": "unsure", "info": "dim"}


def comparison_text(found: Comparison, label: Label = str, width: int = 80, paint: Paint = plain) -> str:
    """The whole comparison: what differs in the nodes' settings, then Service port by Service port."""
    return "\n".join(comparison_lines(found, label, width, paint))


def comparison_lines(found: Comparison, label: Label, width: int, paint: Paint) -> Iterator[str]:
    """The same, line by line."""
    yield paint(f"What differs between {len(found.nodes)} nodes", "strong")
    yield from _wrapped(visible(summary(found, label)), "", "", width)
    for note in notes(found):
        yield from _wrapped(note, "", "", width, lambda text: paint(text, "dim"))
    for split in found.settings:
        yield ""
        yield from split_lines(split, label, width, paint, 0)
    for each in found.services:
        yield ""
        yield from service_lines(each, label, width, paint)


def service_lines(each: ServiceSplit, label: Label, width: int, paint: Paint) -> Iterator[str]:
    """One Service port: who has it how."""
    yield paint(visible(title(each)), "strong")
    for split in each.splits:
        yield from split_lines(split, label, width, paint)
    for note in service_notes(each):
        yield from _wrapped(note, "  ", "  ", width, lambda text: paint(text, "dim"))


def split_lines(split: Split, label: Label, width: int, paint: Paint, depth: int = 1) -> Iterator[str]:
    """One thing: a line a group of nodes."""
    indent = "  " * depth
    yield f"{indent}{field_words(split)}"
    for number, group in enumerate(split.groups):
        kind = "good" if not number and split.majority is not None else "unsure"
        names = listed([label(node) for node in group.nodes])
        text = f"{visible(value_words(split, group))}: {visible(names)}"
        yield from _wrapped(text, f"{indent}  {of_all(split, group)}  ", f"{indent}          ", width, _as(paint, kind))


def _as(paint: Paint, kind: str) -> Callable[[str], str]:
    return lambda text: paint(text, kind)


def _wrapped(
    text: str, first: str, rest: str, width: int, paint: Callable[[str], str] = lambda text: text
) -> Iterator[str]:
    lines = wrap(
        text,
        max(40, width),
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words=False,
    )
    yield from map(paint, lines)


def findings_differences_text(
    found: Sequence[Mapping[str, Any]], count: int, label: Label = str, width: int = 80, paint: Paint = plain
) -> str:
    """What checks find in some sources only, or not equally often."""
    lines = [paint(f"What differs between {count} nodes", "strong")]
    if not found:
        return "\n".join([*lines, "No difference: the checks find equally much in each."])
    for each in found:
        lines.append(f"{paint(each['severity'], _SEVERITIES[each['severity']])} {each['name']}")
        for group in each["groups"]:
            names = listed([visible(label(name)) for name in group["sources"]])
            text = f"{group['value'] or 'none'}: {names}"
            lines += _wrapped(text, f"  {len(group['sources'])} of {count}  ", " " * 10, width)
    return "\n".join(lines)
