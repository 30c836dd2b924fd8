"""Results for people: a line a case, and of those that differ what the packet's outcomes are."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from kptui.expectations.case import Result
from kptui.netfilter.trace import Trace
from kptui.report.branches import branches
from kptui.report.outcome_text import outcome_lines, question_lines, questions
from kptui.report.paint import Paint
from kptui.report.words import packet_words
from kptui.text import visible

_SIGNS = {"passed": ("✓", "good"), "failed": ("✗", "bad"), "error": ("!", "unsure")}


def results_text(results: Sequence[Result], file: str, paint: Paint, width: int) -> str:
    """All results and how many there are of each kind; `file` is where the cases stand."""
    lines = [line for result in results for line in _lines(result, file, paint, width)]
    return "\n".join([*lines, "", tally(results)])


def tally(results: Sequence[Result]) -> str:
    """How many are as expected, and how many not, in one sentence."""
    count = {status: sum(result.status == status for result in results) for status in _SIGNS}
    said = [f"{count['passed']} of {len(results)} as expected"]
    said += [f"{count['failed']} not"] * bool(count["failed"])
    said += [f"{count['error']} that make{'s' if count['error'] == 1 else ''} no sense"] * bool(count["error"])
    return f"{', '.join(said)}."


def _lines(result: Result, file: str, paint: Paint, width: int) -> Iterator[str]:
    sign, kind = _SIGNS[result.status]
    case = result.case
    yield f"{paint(sign, kind)} {visible(case.name)}" + (f"  {result.seconds:.1f} s" if result.seconds > 1 else "")
    if result.wrong is None:
        return
    yield paint(f"  {visible(file)}:{case.line}: ", "dim") + visible(result.wrong)
    if result.trace is not None:
        yield from textwrap.indent("\n".join(_told(result.trace, paint, width - 4)), "    ").splitlines()


def _told(trace: Trace, paint: Paint, width: int) -> Iterator[str]:
    asked = questions(trace.one_way, branches(trace.one_way))
    yield packet_words(trace)
    yield from outcome_lines(trace.one_way, asked, paint, width)
    yield from question_lines(asked, paint, width)
