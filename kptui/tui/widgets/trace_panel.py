"""The finished trace: its answer, the outcomes with their shares, and the hops of the chosen one."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from kptui.netfilter.trace import Outcome, Trace
from kptui.report.words import answer_words, assumption_words, effect_words, ending, packet_words, share_text
from kptui.text import visible
from kptui.tui.marks import Hop, Marks, circled
from kptui.tui.naming import shortened
from kptui.tui.widgets.row_view import RowView

WIDE = 60
ALL = 1
"""How many rows stand before the outcomes: the one for all of them together."""


class OutcomeList(RowView):
    """The ways the packet can end, all of them together first if there are several."""

    trace: Trace | None = None

    def show(self, trace: Trace) -> None:
        """Show a trace's outcomes."""
        self.trace = trace
        self.border_title = f"{len(trace.outcomes)} outcome{'s' if len(trace.outcomes) != 1 else ''}"
        self.refresh_rows()

    @property
    def lead(self) -> int:
        """How many rows stand before the first outcome."""
        return ALL if self.trace and len(self.trace.outcomes) > 1 else 0

    def row_count(self) -> int:
        """One row an outcome."""
        return len(self.trace.outcomes) + self.lead if self.trace else 0

    def row_text(self, row: int, width: int) -> Text:
        """Share, target and end of an outcome."""
        assert self.trace is not None
        if row < self.lead:
            return Text.assemble((" all of them", self.style_of("label")))
        outcome = self.trace.outcomes[row - self.lead]
        sign, style = (" ✓ ", "good") if outcome.through else (" ✗ ", "bad")
        text = Text.assemble((sign, self.style_of(style)))
        text.append(_share(outcome), style=self.style_of("strong"))
        text.append(f" {visible(_end(outcome))}")
        if outcome.assumptions:
            text.append(" ?", style=self.style_of("unsure"))
        return text


class HopList(RowView):
    """What the chosen outcome assumes, then its steps in the kernel's order."""

    hops: tuple[Hop, ...] = ()
    assumed: tuple[str, ...] = ()
    reason: str | None = None

    def show(self, outcome: Outcome | None, marks: Marks, title: str) -> None:
        """Show one outcome's hops, or those of all."""
        self.border_title = Text(title)
        self.hops = tuple(marks.hops)
        self.assumed = tuple(map(assumption_words, outcome.assumptions)) if outcome else ()
        self.reason = outcome.reason if outcome else None
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
        text = Text.assemble((f"{circled(hop.number):>3} ", self.style_of("hop")))
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

    def compose(self) -> Iterator[Widget]:
        """A line for the answer, the two lists below."""
        yield Static(id="trace-answer", markup=False)
        with Horizontal():
            yield OutcomeList(id="outcomes")
            yield HopList(id="hops")

    def show(self, trace: Trace) -> None:
        """Show a trace; the hops come with the choice of an outcome."""
        self.border_title = Text(f" Trace · {packet_words(trace)} ")
        line = Text.assemble((f" {trace.answer} ", "bold reverse"), f" {answer_words(trace)}")
        self.query_one("#trace-answer", Static).update(line)
        self.query_one(OutcomeList).show(trace)


def _share(outcome: Outcome) -> str:
    if outcome.probability is None:
        return "?"
    return "all" if outcome.probability == 1 else share_text(outcome.probability).partition(" (")[0]


def _end(outcome: Outcome) -> str:
    packet = outcome.packet
    # With a target, where it is forwarded to is plain.
    words = [
        f"⇒ {packet.dnat}" if packet.dnat else "",
        "" if packet.dnat and outcome.end == "forwarded" else ending(outcome),
    ]
    if packet.snat:
        words.append("masq" if packet.snat == "MASQUERADE" else f"from {packet.snat}")
    return " ".join(filter(None, words))


def _effect_style(effect: str) -> str:
    first = effect.partition(" ")[0]
    if first == "policy":
        return "bad" if effect.endswith("DROP") else "good"
    styles = {"jump": "jump", "goto": "jump", "ACCEPT": "good", "DROP": "bad", "REJECT": "bad"}
    return styles.get(first, "strong" if first in ("DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP") else "label")
