"""The outcomes of a trace as a list, and the questions that they hang on."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from kptui.netfilter.facts import Unknown
from kptui.netfilter.trace import Outcome, Trace
from kptui.report.branches import ALIKE, Stretch, parted
from kptui.report.paint import Paint
from kptui.report.words import assumed_words, ending, numbers_words, question, share_text
from kptui.text import visible

_TARGETS = 100

Questions = Mapping[str, str]
"""Each open question, as `words.question` says it, and the short name that stands for it."""


def questions(trace: Trace, journey: Stretch) -> Questions:
    """The open questions of a trace, named in the order in which its ways part."""
    asked = dict.fromkeys(question(each) for each in parted(journey))
    asked |= dict.fromkeys(question(each) for outcome in trace.outcomes for each in outcome.assumptions)
    return {each: f"?{number}" for number, each in enumerate(asked, 1)}


def given_words(outcome: Outcome, asked: Questions) -> str:
    """What an outcome takes for granted, by the short names of the questions; empty if nothing."""
    order = list(asked)
    given = sorted(outcome.assumptions, key=lambda each: order.index(question(each)))
    return f"if {', '.join(assumed_words(each, asked) for each in given)}" if given else ""


def question_lines(asked: Questions, paint: Paint, width: int) -> Iterator[str]:
    """Each question with its short name, and how to settle them."""
    for words, name in asked.items():
        indent = " " * (len(name) + 2)
        lines = textwrap.wrap(
            f"{name}  {visible(words)}", width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
        )
        yield from (paint(line, "unsure") for line in lines)


def outcome_lines(trace: Trace, asked: Questions, paint: Paint, width: int) -> Iterator[str]:
    """A line an outcome: number, share, end, translations; many that differ in their target only share one."""
    groups = list(alike(trace, range(len(trace.outcomes))))
    cells = [outcome_cells(trace, numbers) for numbers in groups]
    widths = [max(len(row[column]) for row in cells) for column in range(3)] if cells else []
    for numbers, row in zip(groups, cells, strict=True):
        first = trace.outcomes[numbers[0]]
        mark = "✓" if first.through else "✗"
        columns = (f"{text:<{size}}" for text, size in zip(row, widths, strict=False))
        line = f"{mark} " + "  ".join([*columns, row[3]]).rstrip()
        yield paint(line, "good" if first.through else "bad")
        indent = " " * (widths[0] + 4)
        if len(numbers) > 1:
            yield from _targets([trace.outcomes[number] for number in numbers], indent, width)
        if first.assumptions:
            lines = textwrap.wrap(
                given_words(first, asked), width, initial_indent=indent, subsequent_indent=f"{indent}   "
            )
            yield from (paint(each, "unsure") for each in lines)


def alike(trace: Trace, numbers: Iterable[int]) -> Iterator[list[int]]:
    """Numbers of outcomes that are told together, among those."""
    groups: dict[object, list[int]] = {}
    for number in numbers:
        each = trace.outcomes[number]
        out = None if isinstance(each.packet.out, Unknown) else each.packet.out
        key = (each.verdict, each.end, each.reason, each.probability, each.facts, each.packet.snat, out)
        groups.setdefault(key, []).append(number)
    for group in groups.values():
        if len(group) > ALIKE:
            yield group
        else:
            yield from ([number] for number in group)


def outcome_cells(trace: Trace, numbers: list[int]) -> tuple[str, str, str, str]:
    """Numbers, share, end and translations of an outcome, or of those that are told together."""
    outcome = trace.outcomes[numbers[0]]
    packet = outcome.packet
    many = len(numbers) > 1
    share = share_text(outcome.probability) + (" each" if many else "")
    end = ending(outcome) + (f": {visible(outcome.reason)}" if outcome.reason else "")
    dnat = f"⇒ one of {len(numbers):,} targets" if many else f"⇒ {visible(packet.dnat)}" if packet.dnat else ""
    snat = packet.snat or ""
    source = snat if snat in ("", "MASQUERADE") else f"from {visible(snat)}"
    return numbers_words(numbers), share, end, "  ".join(filter(None, [dnat, source]))


def _targets(outcomes: list[Outcome], indent: str, width: int) -> Iterator[str]:
    """The targets of alike outcomes, in columns."""
    names = [visible(outcome.packet.dnat or "?") for outcome in outcomes]
    size = max(map(len, names[:_TARGETS])) + 2
    across = max(1, (width - len(indent)) // size)
    shown = names[:_TARGETS]
    for start in range(0, len(shown), across):
        yield (indent + "".join(f"{name:<{size}}" for name in shown[start : start + across])).rstrip()
    if len(names) > len(shown):
        yield f"{indent}… and {len(names) - len(shown):,} more (--json has all)"
