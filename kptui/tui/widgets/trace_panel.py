"""The finished trace: its answer, the outcomes with their shares, and the hops of the chosen one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial

from rich.text import Text
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from kptui.netfilter.trace import Assumption, Outcome, Trace
from kptui.report.services_text import bar
from kptui.report.words import answer_words, assumption_words, effect_words, packet_words, share_text, short_end
from kptui.text import number_of, visible
from kptui.tui.marks import Hop, Marks, circled
from kptui.tui.naming import shortened
from kptui.tui.outcome_tree import Question, Row, assumed_text, outcome_rows
from kptui.tui.settings.fields import settings_of
from kptui.tui.telling import with_keys
from kptui.tui.widgets.row_view import RowView

WIDE = 60
BARRED = 44
"""From this width on, shares have bars."""
BAR = 6
A_WORD = 9
SIGNS = 3
"""So many assumptions are told where there is no room for words."""


class OutcomeList(RowView):
    """The ways the packet can end, as a tree where they part; below, the questions that they hang on."""

    trace: Trace | None = None
    ways: tuple[Row, ...] = ()
    questions: tuple[Question, ...] = ()
    _fitting = (-1, True)
    """For which width it is known whether assumptions have room as words."""

    def show(self, trace: Trace, questions: Sequence[Question]) -> None:
        """Show a trace's outcomes, and what is open or was settled by hand."""
        asked = self.question
        self.trace = trace
        self._fitting = (-1, True)
        self.ways = tuple(outcome_rows(trace))
        self.questions = tuple(questions)
        count = number_of(len(trace.outcomes), "outcome")
        self.border_title = f"{count} · {len(questions)} not told" if questions else count
        settles = with_keys("{assume} settles what is not told", settings_of(self.app))
        self.border_subtitle = Text(settles if questions else "")
        with self.prevent(RowView.Moved):
            self.refresh_rows()
            row = self.row_of_question(asked.text) if asked is not None else None
            if row is not None:
                self.go_to(row)

    @property
    def outcomes(self) -> tuple[int, ...] | None:
        """The outcomes the cursor is on, None on a question."""
        return self.ways[self.cursor].outcomes if self.cursor < len(self.ways) else None

    @property
    def question(self) -> Question | None:
        """The question the cursor is on."""
        at = self.cursor - len(self.ways)
        return self.questions[at] if 0 <= at < len(self.questions) else None

    def first_of(self, outcomes: Sequence[int]) -> int:
        """Of some outcomes the one that stands first in the tree: the likeliest."""
        rows = (way.outcomes[0] for way in self.ways if len(way.outcomes) == 1)
        return next((each for each in rows if each in outcomes), outcomes[0])

    def single(self) -> list[int]:
        """The rows of single outcomes, in the order of the tree."""
        return [row for row, way in enumerate(self.ways) if len(way.outcomes) == 1]

    def row_of(self, outcomes: tuple[int, ...]) -> int:
        """The row that stands for some outcomes, the last of those that do; the first row of all if none does."""
        return next((row for row in reversed(range(len(self.ways))) if self.ways[row].outcomes == outcomes), 0)

    def row_of_question(self, text: str | None = None) -> int | None:
        """The row of a question, or of the first one."""
        for number, each in enumerate(self.questions, len(self.ways)):
            if text in (None, each.text):
                return number
        return None

    def row_count(self) -> int:
        """The ways, then the questions."""
        return len(self.ways) + len(self.questions)

    def row_text(self, row: int, width: int) -> Text:
        """Share, target and end of an outcome; what several have in common; or a question."""
        assert self.trace is not None
        if row >= len(self.ways):
            return self._question(row - len(self.ways))
        way = self.ways[row]
        if len(way.outcomes) > 1 and not way.lines:
            return Text.assemble(" ", ("all of them", self.style_of("label")))
        if len(way.outcomes) > 1:
            return self._several(way, width)
        in_words = self._in_words(width)
        text = self._before_end(way, width, "" if in_words else self._given_shortly(way))
        given = self._given(way) if in_words else ""
        end = Text(visible(short_end(self.trace.outcomes[way.outcomes[0]])))
        if given:
            end.truncate(max(1, width - text.cell_len - len(given)), overflow="ellipsis")
        return text.append_text(end).append(given, style=self.style_of("unsure"))

    def _in_words(self, width: int) -> bool:
        """Whether what outcomes hang on has room as words behind each; else it is short, and stands behind the sign.

        Without it an end would read as certain, so it is never what is cut.
        """
        if self._fitting[0] != width:
            singles = (way for way in self.ways if len(way.outcomes) == 1 and way.assumptions)
            self._fitting = (width, all(map(partial(self._fits, width), singles)))
        return self._fitting[1]

    def _fits(self, width: int, way: Row) -> bool:
        """Whether beside the words so much of the end is seen as has to be: where the packet goes to, or a word."""
        assert self.trace is not None
        outcome = self.trace.outcomes[way.outcomes[0]]
        least = len(f"⇒ {outcome.packet.dnat}") + 1 if outcome.packet.dnat else A_WORD
        room = width - self._before_end(way, width).cell_len - len(self._given(way))
        return room >= min(least, len(visible(short_end(outcome))))

    def _before_end(self, way: Row, width: int, given: str = "") -> Text:
        """The tree's lines, sign and share; `given` is what the words after the end have no room for."""
        text = Text.assemble((f" {way.lines}", self.style_of("counter")))
        if len(way.outcomes) == 1 and self.trace is not None:
            sign, style = ("✓ ", "good") if self.trace.outcomes[way.outcomes[0]].through else ("✗ ", "bad")
            text.append(sign, style=self.style_of(style))
        text.append(given, style=self.style_of("unsure"))
        if way.share is not None or (len(way.outcomes) == 1 and not given):
            text.append(f"{_share(way.share)} ", style=self.style_of("strong"))
        if width >= BARRED and way.share is not None and self.row_count() > 1:
            text.append(f"{bar(way.share, BAR)} ", style=self.style_of("label"))
        return text

    def _several(self, way: Row, width: int) -> Text:
        """What several outcomes have in common, and how many they are."""
        text = self._before_end(way, width)
        count = number_of(len(way.outcomes), "outcome")
        given = self._given(way).lstrip()
        if text.cell_len + len(f"{given} {count}") > width:
            given = self._given_shortly(way).rstrip()
        text.append(f"{given} " if given else "", style=self.style_of("unsure"))
        return text.append(count, style=self.style_of("counter"))

    def _given(self, way: Row) -> str:
        """What is taken for granted, behind an end."""
        given = ", ".join(f"{self._short(each)} {'yes' if each.assumed else 'no'}" for each in way.assumptions)
        return f" if {given}" if given else ""

    def _given_shortly(self, way: Row) -> str:
        """The same in as few letters as tell it, before an end: "?1y " for "if ?1 yes"."""
        signs = [f"{self._short(each)}{'y' if each.assumed else 'n'}" for each in way.assumptions[:SIGNS]]
        return f"{''.join(signs)}{'…' if len(way.assumptions) > SIGNS else ''} " if signs else ""

    def _short(self, assumption: Assumption) -> str:
        wanted = assumed_text(assumption)
        return next((f"?{number}" for number, each in enumerate(self.questions, 1) if each.text == wanted), "?")

    def _question(self, number: int) -> Text:
        asked = self.questions[number]
        signs = {"both": ("both", "unsure"), "yes": ("✓ yes", "good"), "no": ("✗ no", "bad")}
        state, style = signs[asked.state]
        text = Text.assemble((f" ?{number + 1} ", self.style_of("unsure")), (f"{state:<6}", self.style_of(style)))
        return text.append(visible(asked.text))


class HopList(RowView):
    """What the chosen outcome assumes, then its steps in the kernel's order."""

    hops: tuple[Hop, ...] = ()
    assumed: tuple[str, ...] = ()
    reason: str | None = None
    _number = 3
    """How wide the column of hop numbers is."""

    def show(self, outcomes: Sequence[Outcome], marks: Marks, title: str) -> None:
        """Show the hops of one or several outcomes, and what all of these take for granted."""
        self.border_title = Text(title)
        self.hops = tuple(marks.hops)
        self._number = max([3, *(len(circled(hop.number)) for hop in self.hops)])
        first, *others = outcomes
        shared = [each for each in first.assumptions if all(each in other.assumptions for other in others)]
        self.assumed = tuple(map(assumption_words, shared))
        self.reason = first.reason if not others else None
        with self.prevent(RowView.Moved):
            self.cursor = 0
        self.scroll_to(0, 0, animate=False, force=True, immediate=True)
        self.refresh_rows()

    def hop_at(self, row: int) -> int | None:
        """The index of the hop a row shows, None for an assumption or the reason."""
        index = row - len(self.assumed)
        return index if 0 <= index < len(self.hops) else None

    def show_hop(self, index: int) -> None:
        """Put the cursor on a hop."""
        with self.prevent(RowView.Moved):
            self.go_to(index + len(self.assumed))

    def row_count(self) -> int:
        """Assumptions, hops, and why it ended if it did not get through."""
        return len(self.assumed) + len(self.hops) + (1 if self.reason else 0)

    def row_text(self, row: int, width: int) -> Text:
        """An assumption, a hop or the reason."""
        if row < len(self.assumed):
            return Text.assemble((f" ? {self.assumed[row]}", self.style_of("unsure")))
        index = self.hop_at(row)
        if index is None:
            return Text.assemble((f" because: {visible(self.reason or '')}", self.style_of("bad")))
        return self._hop(index, width)

    def _hop(self, index: int, width: int) -> Text:
        hop = self.hops[index]
        step = hop.step
        before = self.hops[index - 1].step.hook if index else None
        text = Text.assemble((f"{circled(hop.number):>{self._number}} ", self.style_of("hop")))
        hook = step.hook if step.hook != before else ""
        # Where there is little room, the base chains' names have to tell the hooks.
        where = f"{hook:<12}{step.table:<9}" if width >= WIDE else f"{step.table:<7}"
        text.append(where, style=self.style_of("counter"))
        number = f" {step.rule}" if step.rule else ""
        effect = visible(effect_words(step))
        room = max(12, width - text.cell_len - len(number) - len(effect) - 2)
        text.append(f"{shortened(visible(step.chain), min(room, 28))}{number} ")
        text.append(effect, style=self.style_of(_effect_style(step.effect)))
        if step.maybe:
            text.append("  only some", style=self.style_of("unsure"))
        return text


class TracePanel(Vertical):
    """Answer, outcomes and hops, side by side; hidden until there is a trace."""

    _answer = Text()

    def compose(self) -> Iterator[Widget]:
        """A line for the answer, the two lists below."""
        yield Static(id="trace-answer", markup=False)
        with Horizontal():
            yield OutcomeList(id="outcomes")
            yield HopList(id="hops")

    def show(self, trace: Trace, questions: Sequence[Question], name: str = "Trace", both: str = "") -> None:
        """Show a trace; the hops come with the choice of an outcome. `both` says what of the way there and back."""
        self.border_title = Text(f" {name} · {packet_words(trace)} ")
        self._answer = Text.assemble((f" {trace.forward} ", "bold reverse"), f" {answer_words(trace.one_way)}")
        if both:
            self._answer.append(f" · {visible(both)}", style="bold")
        self.query_one(OutcomeList).show(trace, questions)
        self.tell()

    def tell(self) -> None:
        """Say the answer, or the question that the cursor is on in full."""
        asked = self.query_one(OutcomeList).question
        line = self._answer if asked is None else Text(f" not told · {visible(asked.words)}")
        self.query_one("#trace-answer", Static).update(line)


def _share(share: Fraction | None) -> str:
    if share is None:
        return "?"
    return "all" if share == 1 else share_text(share).partition(" (")[0]


def _effect_style(effect: str) -> str:
    first = effect.partition(" ")[0]
    if first == "policy":
        return "bad" if effect.endswith("DROP") else "good"
    styles = {"jump": "jump", "goto": "jump", "ACCEPT": "good", "DROP": "bad", "REJECT": "bad"}
    return styles.get(first, "strong" if first in ("DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP") else "label")
