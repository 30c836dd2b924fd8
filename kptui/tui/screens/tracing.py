"""Tracing: the form, the trace in the background, and lighting up what it passed."""

from __future__ import annotations

from textual import on, work
from textual.message import Message

from kptui.ask.request import Request
from kptui.errors import KptuiError
from kptui.netfilter.trace import Trace
from kptui.tracing import Session
from kptui.tui.marks import marks
from kptui.tui.prefill import prefill
from kptui.tui.screens.searching import Searching
from kptui.tui.screens.trace_form import TraceForm
from kptui.tui.widgets.chain_tree import ChainTree
from kptui.tui.widgets.row_view import RowView
from kptui.tui.widgets.rule_list import RuleList
from kptui.tui.widgets.trace_panel import HopList, OutcomeList, TracePanel

HISTORY = 50
"""So many packets traced are remembered."""


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

    def __init__(self, session: Session, local: tuple[str, ...] = ()) -> None:
        """Nothing is traced yet; `local` are the node's addresses as far as they are known."""
        super().__init__(session)
        self.request = Request(local=local)
        self.trace: Trace | None = None
        self.chosen: int | None = None
        self.hop = -1
        self.asked_before: list[Request] = []
        self._traces = 0

    def action_trace(self) -> None:
        """Ask for a packet, filled in for what is selected, then trace it."""
        place = self.navigation.place
        table, chain = self._table_chain(place) if place else (None, None)
        filled = prefill(self.request, table, chain, self._rule(place) if place else None, self.naming)
        self.app.push_screen(TraceForm(filled, self.session, self.asked_before), self._asked)

    def _asked(self, request: Request | None) -> None:
        if request is not None:
            self.start_trace(request)

    def start_trace(self, request: Request, again: bool = False) -> None:
        """Trace a packet; the panes show it when it is done. `again` is for the same packet through newer rules."""
        self._traces += 1
        self.request = request
        if not again:
            # The newest first, each once.
            self.asked_before = [request, *(each for each in self.asked_before if each != request)][:HISTORY]
        self._trace(self._traces, request, again)

    @work(thread=True, exclusive=True, group="trace", exit_on_error=False)
    def _trace(self, number: int, request: Request, again: bool) -> None:
        try:
            result: Trace | str = self.session.trace(request, misses=True)
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
        self.trace = event.result
        panel = self.query_one(TracePanel)
        panel.add_class("-shown")
        panel.show(self.trace)
        count = len(self.trace.outcomes)
        if event.again:
            kept = self.chosen if self.chosen is not None and self.chosen < count else None
            self._light(0 if count == 1 else kept)
            self._show_detail()
        else:
            self.action_close_search()
            self.choose(0 if count == 1 else None)
            self.query_one(HopList).focus()

    def choose(self, outcome: int | None) -> None:
        """Light up one outcome (from 0), or all of them, and go to the first hop."""
        if self.trace is not None:
            self._light(outcome)
            self._step(1)

    def _light(self, outcome: int | None) -> None:
        """Light up one outcome or all, staying where one is."""
        assert self.trace is not None
        self.chosen = outcome
        self.marks = marks(self.trace, outcome)
        outcomes = self.query_one(OutcomeList)
        with outcomes.prevent(RowView.Moved):
            outcomes.go_to(0 if outcome is None else outcome + outcomes.lead)
        title = "Hops of all outcomes" if outcome is None else f"Hops of outcome {outcome + 1}"
        shown = None if outcome is None else self.trace.outcomes[outcome]
        self.query_one(HopList).show(shown, self.marks, title)
        self.query_one(ChainTree).set_marks(self.marks)
        self.query_one(RuleList).set_marks(self.marks)
        self.hop = -1

    @on(RowView.Moved, "#outcomes")
    def outcome_moved(self, event: RowView.Moved) -> None:
        """The list of outcomes chooses what is lit up."""
        lead = self.query_one(OutcomeList).lead
        self.choose(event.row - lead if event.row >= lead else None)

    @on(RowView.Moved, "#hops")
    def hop_moved(self, event: RowView.Moved) -> None:
        """The list of hops leads the other panes."""
        index = self.query_one(HopList).hop_at(event.row)
        if index is not None:
            self._go_to_hop(index)

    def action_outcome(self, step: int) -> None:
        """The next outcome, or the one before; all of them come after the last."""
        if self.trace is None:
            self.notify("There is no trace yet: t asks for a packet.", timeout=3)
            return
        count = len(self.trace.outcomes)
        lead = 1 if count > 1 else 0
        at = (lead + self.chosen if self.chosen is not None else 0) + step
        row = at % (count + lead)
        self.choose(row - lead if row >= lead else None)

    def _step(self, step: int) -> None:
        assert self.marks is not None
        if self.marks.hops:
            self._go_to_hop(max(0, min(self.hop + step, len(self.marks.hops) - 1)))

    def _go_to_hop(self, index: int) -> None:
        assert self.marks is not None
        self.hop = index
        self.query_one(HopList).show_hop(index)
        self.go(self.marks.hops[index].place)

    def _clear_trace(self) -> None:
        self.trace, self.marks, self.chosen, self.hop = None, None, None, -1
        self._traces += 1
        panel = self.query_one(TracePanel)
        if panel.has_focus_within:
            self.query_one(ChainTree).focus()
        panel.remove_class("-shown")
        self.query_one(ChainTree).set_marks(None)
        self.query_one(RuleList).set_marks(None)
        self._show_detail()
