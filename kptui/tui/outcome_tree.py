"""The outcomes of a trace as the rows of a tree: where its ways part, with their shares, then what they hang on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Literal

from kptui.netfilter.trace import Assumption, Trace
from kptui.netfilter.walk import FIRST
from kptui.report.branches import Stretch, Way, branches
from kptui.report.words import question

State = Literal["both", "yes", "no"]
OWN = " is an address of this host"
RARE = "likelier no, as it is an endpoint's: "
_NEXT: dict[State, State] = {"both": "yes", "yes": "no", "no": "both"}


@dataclass(frozen=True, slots=True)
class Question:
    """What a dump does not tell: its text as --assume takes it, in full words, and how it is settled for now."""

    text: str
    words: str
    state: State = "both"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: outcomes (numbers from 0) with what leads to them, or a question.

    `lines` draws the tree. `assumptions` are those taken for granted from here on, `share` is None where none can be
    told.
    """

    outcomes: tuple[int, ...] = ()
    lines: str = ""
    share: Fraction | None = None
    assumptions: tuple[Assumption, ...] = ()
    question: Question | None = None


def outcome_rows(trace: Trace) -> list[Row]:
    """All outcomes together, if there are several, then each way that parts from the others, down to single ones."""
    journey = branches(trace)
    if len(trace.outcomes) == 1:
        return [Row((0,), "", trace.outcomes[0].probability, trace.outcomes[0].assumptions)]
    return [Row(tuple(range(len(trace.outcomes)))), *_below(trace, journey, "")]


def _below(trace: Trace, stretch: Stretch, lines: str) -> Iterator[Row]:
    if not stretch.ways:
        # They took the same steps, and differ in what became of the packet.
        for at, number in enumerate(stretch.outcomes, 1):
            outcome = trace.outcomes[number]
            yield Row((number,), lines + _joint(at == len(stretch.outcomes)), outcome.probability, outcome.assumptions)
        return
    for at, way in enumerate(sorted(stretch.ways, key=partial(_unlikely, trace)), 1):
        last = at == len(stretch.ways)
        yield from _way(trace, way, lines, last)


def _unlikely(trace: Trace, way: Way) -> bool:
    """Whether a way takes for granted what is so on few hosts; such ways come last."""
    return any(each.assumed and _own_endpoint(trace, each) for each in way.assumptions)


def _own_endpoint(trace: Trace, asked: Assumption) -> bool:
    """Whether it is asked of an address that the packet is translated to, if it is this host's own."""
    address = assumed_text(asked).removesuffix(OWN)
    return any((dnat := outcome.packet.dnat) and host_of(dnat) == address for outcome in trace.outcomes)


def host_of(target: str) -> str:
    """The address of `10.42.0.7:80` or `[fd00::7]:80`."""
    return target[1:].partition("]")[0] if target.startswith("[") else target.partition(":")[0]


def _way(trace: Trace, way: Way, lines: str, last: bool) -> Iterator[Row]:
    outcomes = way.stretch.outcomes
    share = trace.outcomes[outcomes[0]].probability if len(outcomes) == 1 else way.share
    yield Row(outcomes, lines + _joint(last), share, way.assumptions)
    if len(outcomes) > 1:
        yield from _below(trace, way.stretch, lines + ("  " if last else "│ "))


def _joint(last: bool) -> str:
    return "└ " if last else "├ "


def questions_of(trace: Trace, assume: tuple[str, ...], before: list[Question]) -> list[Question]:
    """The open questions and those that were settled by hand; what was listed before keeps its order."""
    asked = {assumed_text(each): each for outcome in trace.outcomes for each in outcome.assumptions}
    found = {text: (RARE if _own_endpoint(trace, each) else "") + question(each) for text, each in asked.items()}
    listed = {each.text: each.words for each in before if each.text in found or _settled(each.text, assume) != "both"}
    return [Question(text, words, _settled(text, assume)) for text, words in (listed | found).items()]


def toggled(question: Question, assume: tuple[str, ...]) -> tuple[str, ...]:
    """The answers given beforehand, with the next one for a question: follow both, yes, no, both again."""
    others = tuple(each for each in assume if each.rpartition("=")[0] != question.text)
    state = _NEXT[question.state]
    return others if state == "both" else (*others, f"{question.text}={state}")


def assumed_text(assumption: Assumption) -> str:
    """The text that --assume takes to settle an assumption."""
    return assumption.match.removeprefix(f"{FIRST}: ")


def _settled(text: str, assume: tuple[str, ...]) -> State:
    for each in assume:
        given, _, answer = each.rpartition("=")
        if given == text:
            return "yes" if answer == "yes" else "no"
    return "both"
