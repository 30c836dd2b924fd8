"""A trace for people, as firewalls print theirs: hook by hook, what matched, what changed, one line with the answer.

What outcomes share is told once; where they part, each way stands under a line of its own with its share.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence

from kptui.netfilter.path import Step
from kptui.netfilter.trace import Assumption, Trace
from kptui.report.branches import Stretch, Told, Way, branches, folded
from kptui.report.changes import changes_at
from kptui.report.misses import Run, runs
from kptui.report.outcome_text import outcome_lines, question_lines, questions
from kptui.report.paint import WIDTH, Paint, plain
from kptui.report.words import answer_words, assumed_words, effect_words, numbers_words, packet_words, share_text
from kptui.text import visible

__all__ = ["WIDTH", "Paint", "plain", "trace_text"]

WIDE = 104
"""From this width on, what a chain stands for has room on its line."""

_TIE = "\u00a0"
_TABLE, _WHERE, _EFFECT = 9, 29, 29
_FORK = 30
"""What a fork's line needs for its share and the numbers of its outcomes."""


def trace_text(
    trace: Trace, paint: Paint = plain, name: Callable[[str], str | None] = lambda chain: None, width: int = WIDTH
) -> str:
    """The whole trace; `name` says what a chain stands for, `width` is that of the terminal."""
    return "\n".join(_Text(trace, paint, name, width).lines())


class _Text:
    """One trace being written; `hook` and `table` are those of the line above."""

    def __init__(self, trace: Trace, paint: Paint, name: Callable[[str], str | None], width: int) -> None:
        self.trace = trace
        self.paint = paint
        self.name = name
        self.width = width
        self.hook = ""
        self.table = ""
        self.journey = branches(trace)
        self.asked = questions(trace, self.journey)

    def lines(self) -> Iterator[str]:
        """Line by line."""
        trace, paint = self.trace, self.paint
        yield paint(packet_words(trace), "strong")
        yield ""
        yield from self._stretch(self.journey, "", final=True)
        if self.hook:
            yield ""
        yield from outcome_lines(trace, self.asked, paint, self.width)
        if self.asked:
            yield ""
            yield from question_lines(self.asked, paint, self.width)
        yield ""
        yield from (paint(f"note: {visible(note)}", "dim") for note in trace.notes)
        answer = f"answer: {trace.answer}"
        kind = {"yes": "good", "no": "bad", "depends": "unsure"}[trace.answer]
        first, *more = textwrap.wrap(
            f"{answer} · {answer_words(trace)}", self.width, subsequent_indent="  ", break_on_hyphens=False
        )
        yield paint(answer, kind) + first[len(answer) :]
        yield from more

    def _stretch(self, stretch: Stretch, bar: str, final: bool) -> Iterator[str]:
        """A stretch and its ways; a `final` one leads to outcomes, others to what comes after the fork they are in."""
        yield from self._steps(stretch.steps, bar, stretch.outcomes)
        if stretch.ways:
            at = self.hook
            for way, count in folded(stretch.ways):
                # Each way begins where they part.
                self.hook, self.table = at, ""
                yield self._fork(way, count, bar + ("├ " if way is not stretch.ways[0] else "┌ "))
                yield from self._stretch(way.stretch, bar + "│ ", final and not stretch.rest)
            yield bar + ("└ then all alike" if stretch.rest else "└")
            self.table = ""
        yield from self._steps(stretch.rest, bar, stretch.outcomes)
        if final and (stretch.rest or not stretch.ways):
            yield from self._changes(stretch.outcomes, bar)

    def _fork(self, way: Way, count: int, bar: str) -> str:
        """The line above a way: its share, what it takes for granted, its outcomes."""
        numbers = way.stretch.outcomes
        share = [] if way.share is None or (way.share == 1 and way.assumptions) else [share_text(way.share)]
        if count > 1:
            said = [f"{count:,} ways", f"{share[0]} each" if share else "", "one of them:"]
        else:
            room = (self.width - len(bar) - _FORK) // max(1, len(way.assumptions))
            assumed = [self._assumed(each, room) for each in way.assumptions]
            said = [*share, *assumed, f"outcome{'s' if len(numbers) > 1 else ''} {numbers_words(numbers)}"]
        return self.paint(bar + " · ".join(filter(None, said)), "unsure" if way.assumptions else "strong")

    def _assumed(self, assumption: Assumption, room: int) -> str:
        """An assumption by its short name, and as much of the match as there is room for, to recognise it by."""
        name = assumed_words(assumption, self.asked)
        match = textwrap.shorten(visible(assumption.match), max(2, room - len(name) - 5), placeholder=" …").strip(" …")
        whole = match == visible(assumption.match)
        return f"{name}: {match}{'' if whole else ' …'}" if match else name

    def _steps(self, steps: Sequence[Told], bar: str, outcomes: tuple[int, ...]) -> Iterator[str]:
        for told in steps:
            for run in runs(told.misses):
                yield from self._heading(run.steps[0], bar, outcomes)
                yield from self._misses(run, bar)
            yield from self._heading(told.step, bar, outcomes)
            yield from self._step(told.step, bar)

    def _heading(self, step: Step, bar: str, outcomes: tuple[int, ...]) -> Iterator[str]:
        """The hook, where a new one begins, after what the last one changed."""
        if step.hook == self.hook:
            return
        yield from self._changes(outcomes, bar)
        self.hook, self.table = step.hook, ""
        yield bar + self.paint(step.hook, "strong") + self._routed(step.hook, outcomes)

    def _routed(self, hook: str, outcomes: tuple[int, ...]) -> str:
        """Where routing sends the packet before a hook."""
        if hook == "INPUT":
            return self.paint("  to this host", "dim")
        out = {self.trace.outcomes[number].packet.out for number in outcomes}
        device = out.pop() if len(out) == 1 else None
        if hook in ("FORWARD", "POSTROUTING") and isinstance(device, str) and device:
            return self.paint(f"  out by {visible(device)}", "dim")
        return ""

    def _changes(self, outcomes: tuple[int, ...], bar: str) -> Iterator[str]:
        """What the hook that ends here changed in the packet."""
        said = changes_at(self.hook, [self.trace.outcomes[number] for number in outcomes]) if self.hook else ()
        room = max(40, self.width - len(bar) - _TABLE - 2)
        joined = "; ".join(map(_tied, map(visible, said)))
        for number, line in enumerate(textwrap.wrap(joined, room, break_on_hyphens=False, break_long_words=False)):
            text = self.paint(line.replace(_TIE, " "), "strong")
            yield f"{bar}  {'' if number else '=':<{_TABLE}}{text}"

    def _step(self, step: Step, bar: str) -> Iterator[str]:
        effect = visible(effect_words(step))
        where = visible(step.chain) + (f" {step.rule}" if step.rule else "")
        named = self._named(step)
        wide = self.width >= WIDE
        aside = "  ".join(
            filter(
                None,
                [
                    f"line {step.line}" if step.line else "",
                    step.backend or "",
                    "(only some)" if step.maybe else "",
                    named * wide,
                ],
            )
        )
        yield self._row(step, where, effect, aside, bar)
        if named and not wide:
            yield f"{bar}{'':<{2 + _TABLE}}{self.paint(f'  {named}', 'dim')}"

    def _named(self, step: Step) -> str:
        """What the chain that a rule leads to stands for, unless the translation in it says the same."""
        kind, _, chain = step.effect.partition(" ")
        named = self.name(chain) if kind in ("jump", "goto") else None
        targets = {outcome.packet.dnat for outcome in self.trace.outcomes}
        return visible(named) if named and named not in targets else ""

    def _misses(self, run: Run, bar: str) -> Iterator[str]:
        for step, words in run.told():
            where, line = (f"{visible(step.chain)} {step.rule}", f"line {step.line}") if step else (run.where, "")
            yield self._row(run.steps[0], where, f"· {visible(words)}", line, bar, "dim")

    def _row(self, step: Step, where: str, effect: str, aside: str, bar: str, kind: str = "") -> str:
        """One line: table (where it is another than above), chain and rule, effect, line."""
        table = step.table if step.table != self.table else ""
        self.table = step.table
        room = _WHERE - len(bar)
        text = f"{bar}  {table:<{_TABLE}}{where:<{room}} {effect:<{_EFFECT}} "
        if kind:
            return self.paint(f"{text}{aside}".rstrip(), kind)
        return (text + self.paint(aside, "dim")).rstrip() if aside else text.rstrip()


def _tied(change: str) -> str:
    """A change in which a line may end between new values only."""
    old, arrow, new = change.partition(" → ")
    return f"{old}{arrow}".replace(" ", _TIE) + new
