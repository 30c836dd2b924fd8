"""Tracing: the form, the trace in the background, and lighting up what it passed."""

from __future__ import annotations

from dataclasses import replace

from textual import on, work
from textual.message import Message
from textual.worker import get_current_worker

from kptui.ask.request import Request
from kptui.ask.written import packet_expression
from kptui.errors import KptuiError
from kptui.netfilter.trace import Trace
from kptui.report.words import numbers_words
from kptui.tracing import Session
from kptui.tui.copying import Item, trace_items
from kptui.tui.marks import Marks, marks, missed_by
from kptui.tui.outcome_tree import Question, questions_of
from kptui.tui.prefill import prefill
from kptui.tui.screens.searching import Searching
from kptui.tui.screens.trace_form import TraceForm
from kptui.tui.telling import tell
from kptui.tui.tree_model import Place
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.row_view import RowView
from kptui.tui.widgets.rule_list import RuleList
from kptui.tui.widgets.trace_panel import HopList, OutcomeList, TracePanel

HISTORY = 50
"""So many packets traced are remembered."""
NO_TRACE = "There is no trace yet: {trace} asks for a packet."


class Tracing(Searching):
    """The part of the main screen that traces."""

    class Traced(Message):
        """A trace is finished, or went wrong."""

        def __init__(self, number: int, result: Trace | str, again: bool) -> None:
            """Only the newest number counts; `again` keeps the place and the chosen outcome."""
            self.number = number
            self.result = result
            self.again = again
            super().__init__()

    class Explained(Message):
        """It is known why the rules off the path did nothing."""

        def __init__(self, number: int, full: Trace, lighted: Marks, missed: dict[Place, str]) -> None:
            """The trace with every rule that did not match, and what of it belongs to these marks."""
            self.number = number
            self.full = full
            self.marks = lighted
            self.missed = missed
            super().__init__()

    def __init__(self, session: Session, local: tuple[str, ...] = ()) -> None:
        """Nothing is traced yet; `local` are the node's addresses as far as they are known."""
        super().__init__(session)
        self.request = Request(local=local)
        self.trace: Trace | None = None
        self.forth: Trace | None = None
        """The trace of the way there, while the reply to one of its outcomes is shown."""
        self.answered = 0
        """The outcome (from 0) whose reply is shown."""
        self.lit: tuple[int, ...] = ()
        """The outcomes (from 0) that are lit up."""
        self.questions: list[Question] = []
        self.hop = -1
        self._full: Trace | None = None
        self.asked_before: list[Request] = []
        self._traces = 0

    def action_trace(self) -> None:
        """Ask for a packet, filled in for what is selected, then trace it."""
        self.app.push_screen(self.form(self.navigation.place), self._asked)

    def form(self, place: Place | None) -> TraceForm:
        """The form for a packet, filled in for a place."""
        table, chain = self._table_chain(place) if place else (None, None)
        filled = prefill(self.request, table, chain, self._rule(place) if place else None, self.naming)
        return TraceForm(filled, self.session, self.asked_before)

    def copy_items(self) -> list[Item]:
        """As before, and the trace; while a reply is shown, that of the way there with its replies."""
        return [*super().copy_items(), *trace_items(self.session, self.request, self.forth or self.trace)]

    def _asked(self, request: Request | None) -> None:
        if request is not None:
            self.ask(request)

    def ask(self, request: Request) -> None:
        """Trace the packet that was asked for."""
        if packet_expression(request) != packet_expression(self.request):
            # What was assumed of one packet says nothing of another.
            request = replace(request, assume=())
            self.questions = []
        self.start_trace(request)

    def start_trace(self, request: Request, again: bool = False, reply: bool = False) -> None:
        """Trace a packet; the panes show it when it is done. `again` is for the same packet, told more or new rules."""
        self._traces += 1
        self.request = request
        if not again:
            # The newest first, each once.
            self.asked_before = [request, *(each for each in self.asked_before if each != request)][:HISTORY]
        self._trace(self._traces, request, again, reply)

    @work(thread=True, exclusive=True, group="trace", exit_on_error=False)
    def _trace(self, number: int, request: Request, again: bool, reply: bool) -> None:
        try:
            result: Trace | str = self.session.trace(request, reply=reply)
        except KptuiError as error:
            result = str(error)
        self.post_message(self.Traced(number, result, again))

    @on(Traced)
    def traced(self, event: Traced) -> None:
        """Show a finished trace; one that was overtaken by another is nothing any more."""
        if event.number != self._traces:
            return
        if isinstance(event.result, str):
            self.notify(event.result, severity="error", markup=False)
            return
        self.forth = None
        self._full = None
        self.questions = questions_of(event.result, self.request.assume, self.questions if event.again else [])
        self.show_trace(event.result, again=event.again)

    def show_trace(self, trace: Trace, name: str = "Trace", again: bool = False) -> None:
        """Show a trace (or that of a reply) in the panel; `again` keeps the place and the chosen outcome."""
        self.trace = trace
        panel = self.query_one(TracePanel)
        panel.add_class("-shown")
        both = f"there and back: {trace.answer}" if trace.replied else ""
        panel.show(trace, self.questions if self.forth is None else [], name, both)
        count = len(trace.outcomes)
        if again:
            kept = [each for each in self.lit if each < count]
            self._light(tuple(kept) if len(kept) == 1 else tuple(range(count)))
            self._show_detail()
        else:
            self.action_close_search()
            self.choose(tuple(range(count)))
            self.query_one(HopList).focus()

    @property
    def chosen(self) -> int | None:
        """The outcome that is lit up (from 0), None for several."""
        return self.lit[0] if len(self.lit) == 1 else None

    def choose(self, outcomes: tuple[int, ...]) -> None:
        """Light up some outcomes (from 0), and go to the first hop."""
        if self.trace is not None:
            self._light(outcomes)
            if self.marks is not None and self.marks.hops:
                self._go_to_hop(0)

    def _light(self, lit: tuple[int, ...]) -> None:
        """Light up some outcomes, staying where one is."""
        assert self.trace is not None
        self.lit = lit
        self.marks = marks(self.trace, lit)
        outcomes = self.query_one(OutcomeList)
        if outcomes.outcomes != lit and outcomes.question is None:
            with outcomes.prevent(RowView.Moved):
                outcomes.go_to(outcomes.row_of(lit))
        self.query_one(HopList).show([self.trace.outcomes[each] for each in lit], self.marks, self._lit_title())
        self.query_one(ChainTree).set_marks(self.marks)
        self.query_one(RuleList).set_marks(self.marks)
        self.hop = -1
        self._look_why(self._traces, lit, self.marks)

    def _lit_title(self) -> str:
        assert self.trace is not None
        if len(self.lit) == len(self.trace.outcomes) > 1:
            return "Hops of all outcomes"
        return f"Hops of outcome{'s' if len(self.lit) > 1 else ''} {numbers_words(sorted(self.lit))}"

    @work(thread=True, exclusive=True, group="why", exit_on_error=False)
    def _look_why(self, number: int, lit: tuple[int, ...], lighted: Marks) -> None:
        """Trace once more, now with every rule that did not match: that takes longer, so it comes after the answer."""
        worker = get_current_worker()
        try:
            full = self._full or self.session.trace(self.request, misses=True, reply=self.forth is not None)
        except KptuiError:
            return
        shown = self._shown_part(full)
        missed: dict[Place, str] = {}
        for each in lit:
            if worker.is_cancelled or shown is None or each >= len(shown.outcomes):
                return
            for place, why in missed_by(shown.outcomes[each]):
                missed.setdefault(place, why)
        self.post_message(self.Explained(number, full, lighted, missed))

    def _shown_part(self, full: Trace) -> Trace | None:
        """What of a trace is shown: the way there, or one outcome's reply."""
        return full if self.forth is None else full.outcomes[self.answered].reply

    @on(Explained)
    def explained(self, event: Explained) -> None:
        """Now it is known why the rules off the path did nothing."""
        if event.number == self._traces:
            self._full = event.full
            event.marks.missed = event.missed
            if event.marks is self.marks:
                self._show_detail()

    @on(RowView.Moved, "#outcomes")
    def outcome_moved(self) -> None:
        """The list of outcomes chooses what is lit up."""
        found = self.query_one(OutcomeList).outcomes
        self.query_one(TracePanel).tell()
        if found is not None:
            self.choose(found)

    @on(RowView.Moved, "#hops")
    def hop_moved(self, event: RowView.Moved) -> None:
        """The list of hops leads the other panes."""
        index = self.query_one(HopList).hop_at(event.row)
        if index is not None:
            self._go_to_hop(index)

    def action_outcome(self, step: int) -> None:
        """The next outcome of the tree, or the one before; all of them come after the last."""
        if self.trace is None:
            tell(self, NO_TRACE)
            return
        if len(self.trace.outcomes) == 1 and self.query_one(OutcomeList).question is None:
            tell(self, "There is one outcome only; its hops: {next}.")
            return
        outcomes = self.query_one(OutcomeList)
        rows = [*([0] if len(self.trace.outcomes) > 1 else []), *outcomes.single()]
        at = outcomes.row_of(self.lit)
        found = rows[(rows.index(at) + step) % len(rows)] if at in rows else rows[0]
        with outcomes.prevent(RowView.Moved):
            outcomes.go_to(found)
        self.choose(outcomes.ways[found].outcomes)

    def _step(self, step: int) -> None:
        assert self.marks is not None
        if not 0 <= self.hop + step < len(self.marks.hops):
            tell(self, "No further hop that way: {outcome} lights up the next outcome.")
        else:
            self._go_to_hop(self.hop + step)

    def _go_to_hop(self, index: int) -> None:
        assert self.marks is not None
        self.hop = index
        self.query_one(HopList).show_hop(index)
        self.go(self.marks.hops[index].place)

    def _clear_trace(self) -> None:
        self.trace, self.forth, self.marks, self.lit, self.hop = None, None, None, (), -1
        self._traces += 1
        panel = self.query_one(TracePanel)
        if panel.has_focus_within:
            self.query_one(ChainTree).focus()
        panel.remove_class("-shown")
        self.query_one(ChainTree).set_marks(None)
        self.query_one(RuleList).set_marks(None)
        self._show_detail()
