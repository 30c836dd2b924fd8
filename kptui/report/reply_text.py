"""The replies to a trace's outcomes for people: each as a trace of its own, alike ones told once."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Hashable, Iterator

from kptui.netfilter.trace import Outcome, Trace
from kptui.report.paint import Paint
from kptui.report.words import numbers_words
from kptui.text import visible

Write = Callable[[Trace, int], str]
"""Writes a trace for a terminal of that width."""


def replies_text(trace: Trace, write: Write, paint: Paint, width: int) -> str:
    """The replies, each written as a trace is, and the answer for both ways."""
    lines: list[str] = []
    for numbers, outcome in _alike(trace):
        lines += ["", *_reply(_named(numbers), outcome, write, paint, width)]
    kind = {"yes": "good", "no": "bad", "depends": "unsure"}[trace.answer]
    answer = f"there and back: {trace.answer}"
    first, *more = textwrap.wrap(
        f"{answer} · {both_words(trace)}", width, subsequent_indent="  ", break_on_hyphens=False
    )
    return "\n".join([*lines, "", paint(answer, kind) + first[len(answer) :], *more])


def both_words(trace: Trace) -> str:
    """Why the answer for both ways is what it is."""
    replies = [outcome.reply for outcome in trace.outcomes if outcome.reply is not None]
    if trace.forward == "no":
        return "it does not get through, so nothing answers it"
    if trace.answer == "yes":
        nothing = "" if replies else ", and no reply is to be expected"
        came = ", and the reply comes back" if replies else nothing
        return f"it gets through{came}; {'certain' if trace.certain else 'whatever is assumed'}"
    ended = [each for reply in replies for each in reply.outcomes if not each.through]
    reasons = dict.fromkeys(visible(each.reason or each.verdict) for each in ended)
    asked = dict.fromkeys(visible(each.match) for reply in replies for o in reply.outcomes for each in o.assumptions)
    if trace.answer == "no":
        return f"the reply does not come back: {_some(list(reasons))}"
    if asked:
        return f"on what the dump does not say: {_some(list(asked))}"
    return f"some come back, others do not: {_some(list(reasons))}" if reasons else "on the way there"


def _some(texts: list[str]) -> str:
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return "; ".join(texts[:3]) + more


def _alike(trace: Trace) -> list[tuple[list[int], Outcome]]:
    """The outcomes that get through, those together whose replies take the same way."""
    found: dict[Hashable, tuple[list[int], Outcome]] = {}
    for number, outcome in enumerate(trace.outcomes):
        if outcome.through:
            found.setdefault(_way(outcome), ([], outcome))[0].append(number)
    return list(found.values())


def _way(outcome: Outcome) -> Hashable:
    """What makes a reply another than the next: its rules and its end, not the addresses."""
    if outcome.reply is None:
        return outcome.unanswered
    return tuple(
        (
            each.verdict,
            each.end,
            each.probability,
            tuple((assumption.line, assumption.assumed) for assumption in each.assumptions),
            tuple((step.hook, step.table, step.chain, step.rule, step.matched, step.maybe) for step in each.steps),
        )
        for each in outcome.reply.outcomes
    )


def _named(numbers: list[int]) -> str:
    """Which outcomes."""
    return f"outcome {numbers[0] + 1}" if len(numbers) == 1 else f"outcomes {numbers_words(numbers)}, the first of them"


def _reply(which: str, outcome: Outcome, write: Write, paint: Paint, width: int) -> Iterator[str]:
    if outcome.reply is None:
        yield paint(f"reply to {which}", "strong") + f" · none: {visible(outcome.unanswered or '')}"
        return
    yield paint(f"reply to {which}", "strong")
    yield from (f"  {line}" if line else "" for line in write(outcome.reply, width - 2).split("\n"))
